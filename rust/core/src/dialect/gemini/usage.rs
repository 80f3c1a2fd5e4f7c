//! Token counts. `promptTokenCount` includes what came from a cache; `candidatesTokenCount` excludes thinking; the
//! total is prompt, candidates, thoughts and `toolUsePromptTokenCount` (so in all 153 recorded bodies).

use super::spelling::whole;
use crate::ir::Usage;
use crate::json::Node;
use crate::json::write::Object;

/// Read `usageMetadata`.
pub(super) fn read(usage: Node<'_>) -> Usage {
    let count = |key: &str| usage.get(key).and_then(whole);
    let cached = count("cachedContentTokenCount");
    let prompt = count("promptTokenCount");
    Usage {
        input: prompt.map(|total| total.checked_sub(cached.unwrap_or(0)).unwrap_or(total)),
        cache_read: cached,
        tool_prompt: count("toolUsePromptTokenCount"),
        // Vertex says `responseTokenCount` in some of its answers.
        output: count("candidatesTokenCount").or_else(|| count("responseTokenCount")),
        reasoning: count("thoughtsTokenCount"),
        audio_input: audio(usage, "promptTokensDetails"),
        audio_output: audio(usage, "candidatesTokensDetails"),
        ..Usage::default()
    }
}

fn audio(usage: Node<'_>, key: &str) -> Option<u64> {
    let is_audio = |entry: &Node<'_>| entry.get("modality").is_some_and(|kind| kind.is("AUDIO"));
    let entry = usage.get(key)?.items().find(is_audio)?;
    entry.get("tokenCount").and_then(whole)
}

/// Write the members of `usageMetadata`. Unknown is absent, not 0.
pub(super) fn write(o: &mut Object<'_>, usage: &Usage) {
    let tool_prompt = usage.tool_prompt.unwrap_or(0);
    let prompt = usage.total_input().saturating_sub(tool_prompt);
    o.u64("promptTokenCount", prompt);
    o.opt_u64("candidatesTokenCount", usage.output);
    o.u64("totalTokenCount", usage.total());
    o.opt_u64("cachedContentTokenCount", usage.cache_read);
    o.opt_u64("toolUsePromptTokenCount", usage.tool_prompt);
    o.opt_u64("thoughtsTokenCount", usage.reasoning);
    details(o, "promptTokensDetails", prompt, usage.audio_input);
    let output = usage.output.unwrap_or(0);
    details(o, "candidatesTokensDetails", output, usage.audio_output);
}

/// The share of sound, where there is one; the rest is called text.
fn details(o: &mut Object<'_>, key: &str, total: u64, audio: Option<u64>) {
    let Some(audio) = audio.filter(|audio| *audio > 0) else {
        return;
    };
    o.array(key, |list| {
        for (modality, tokens) in [("TEXT", total.saturating_sub(audio)), ("AUDIO", audio)] {
            list.object(|o| {
                o.str("modality", modality);
                o.u64("tokenCount", tokens);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;
    use crate::json::write;

    #[test]
    fn the_total_is_the_sum_and_comes_back_the_same() {
        let sent = r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":9,
            "thoughtsTokenCount":30,"toolUsePromptTokenCount":11,"totalTokenCount":150,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":80},{"modality":"AUDIO","tokenCount":20}]}"#;
        let usage = read(Tape::new().parse(sent).unwrap());
        assert_eq!((usage.input, usage.cache_read), (Some(40), Some(60)));
        assert_eq!((usage.output, usage.reasoning), (Some(9), Some(30)));
        assert_eq!(usage.total(), 150);
        let mut out = Vec::new();
        write::object(&mut out, |o| super::write(o, &usage));
        let text = String::from_utf8(out).unwrap();
        let mut tape = Tape::new();
        let again = tape.parse(&text).unwrap();
        assert_eq!(again.get("totalTokenCount").unwrap().as_u64(), Some(150));
        assert_eq!(read(again), usage);
    }

    #[test]
    fn a_cache_larger_than_its_prompt_is_not_subtracted() {
        let sent = r#"{"promptTokenCount":5,"cachedContentTokenCount":60}"#;
        let usage = read(Tape::new().parse(sent).unwrap());
        assert_eq!(usage.input, Some(5));
        assert_eq!(usage.output, None);
    }
}
