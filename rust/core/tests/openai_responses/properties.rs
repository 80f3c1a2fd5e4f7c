//! Whatever an answer says, its stream keeps the grammar, and reads back as what was said.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::ir::{
    Answer, AnswerPart, Delta, FinishReason, Opaque, OpaqueKind, ToolKind, Usage,
};
use fastproxy_core::loss::LossReport;
use proptest::prelude::*;

use super::grammar::read;
use super::kit::{encode_cx, heard, told};

fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z \"\\\\\n\u{2028}é😀]{1,12}"]
}

fn state() -> impl Strategy<Value = Vec<Opaque<'static>>> {
    let one = Opaque {
        origin: "a".into(),
        kind: OpaqueKind::ThoughtSignature,
        data: "d".into(),
    };
    prop_oneof![3 => Just(Vec::new()), 1 => Just(vec![one])]
}

fn part() -> impl Strategy<Value = AnswerPart> {
    prop_oneof![
        (words(), state()).prop_map(|(text, opaque)| AnswerPart::Text {
            text,
            citations: Vec::new(),
            logprobs: None,
            opaque,
        }),
        (words(), prop::collection::vec(words(), 0..3), state()).prop_map(
            |(text, summary, opaque)| AnswerPart::Reasoning {
                text,
                summary,
                opaque,
            }
        ),
        words().prop_map(|text| AnswerPart::Refusal { text }),
        (words(), any::<bool>(), state()).prop_map(|(arguments, is_custom, opaque)| {
            AnswerPart::ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                namespace: None,
                kind: if is_custom {
                    ToolKind::Custom
                } else {
                    ToolKind::Function
                },
                arguments,
                opaque,
            }
        }),
        Just(AnswerPart::Media {
            mime: "image/png".into(),
            data: "QUJD".into(),
        }),
    ]
}

/// What a person or a tool makes of an answer.
fn meaning(answer: &Answer) -> (String, String, Vec<(String, String)>, usize) {
    let (mut said, mut refused, mut calls, mut pictures) =
        (String::new(), String::new(), Vec::new(), 0);
    for part in &answer.parts {
        match part {
            AnswerPart::Text { text, .. } => said.push_str(text),
            AnswerPart::Refusal { text } => refused.push_str(text),
            AnswerPart::ToolCall {
                name,
                arguments,
                kind,
                ..
            } => {
                let none = arguments.is_empty() && *kind == ToolKind::Function;
                let arguments = if none { "{}" } else { arguments };
                calls.push((name.clone(), arguments.to_owned()));
            }
            AnswerPart::Media { .. } => pictures += 1,
            _ => {}
        }
    }
    (said, refused, calls, pictures)
}

proptest! {
    #[test]
    fn every_answer_keeps_the_grammar_and_its_meaning(
        parts in prop::collection::vec(part(), 0..7),
        is_cut in any::<bool>(),
    ) {
        let answer = Answer {
            parts,
            finish: Some(if is_cut { FinishReason::MaxOutput } else { FinishReason::End }),
            usage: Usage { input: Some(1), output: Some(2), ..Usage::default() },
            ..Answer::default()
        };
        let mut encoder = Responses.stream_encoder(&encode_cx());
        let (mut out, mut loss) = (Vec::new(), LossReport::new());
        answer.replay(&mut |delta: Delta<'_>| encoder.delta(&delta, &mut loss, &mut out));
        let stream = std::str::from_utf8(&out).unwrap();
        let last = read(stream).last.unwrap();
        prop_assert_eq!(&last, &told(&answer, &encode_cx()).0);
        let again = heard(&out).unwrap();
        prop_assert_eq!(meaning(&again), meaning(&answer));
        prop_assert_eq!(again.usage.total(), 3);
    }
}
