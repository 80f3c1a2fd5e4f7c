//! The raw lane: bytes that pass, what is edited, what is not vouched for.

use fastproxy_core::dialect::{ClientContext, Dialect};
use fastproxy_core::error::Kind;
use fastproxy_core::transcode::Routing;
use serde_json::{Value, json};

use super::kit::{client, fixture, lines, operation, run, setup, target};

fn relayed(stream: &[u8]) -> (String, Result<(), fastproxy_core::error::Error>) {
    let (out, end, _) = run(
        setup(Dialect::Ollama, Dialect::Ollama, true, "chat"),
        stream,
    );
    (out, end)
}

#[test]
fn only_the_model_is_edited() {
    let stream = fixture("stream", "thinking_then_calls.ndjson");
    let (out, end, transcoder) = run(
        setup(Dialect::Ollama, Dialect::Ollama, true, "chat"),
        &stream,
    );
    assert_eq!(end, Ok(()));
    let expected = String::from_utf8(stream)
        .unwrap()
        .replace("\"qwen3:8b\"", "\"asked-model\"");
    assert_eq!(out, expected, "durations and all");
    let report = transcoder.report();
    assert_eq!(
        (report.usage.input, report.usage.output),
        (Some(26), Some(30))
    );
    assert_eq!(report.finish.as_deref(), Some("stop"));
    assert_eq!(report.upstream_model.as_deref(), Some("qwen3:8b"));
    assert!(report.output_bytes > 0);
}

#[test]
fn a_whole_answer_keeps_its_bytes() {
    for name in ["full.json", "generate.json", "load.json"] {
        let body = fixture("response", name);
        let (out, end, transcoder) = run(
            setup(Dialect::Ollama, Dialect::Ollama, false, "chat"),
            &body,
        );
        assert_eq!(end, Ok(()), "{name}");
        let text = String::from_utf8(body).unwrap();
        let served = if name == "full.json" {
            "qwen3:8b"
        } else {
            "llama3.2"
        };
        assert_eq!(
            out,
            text.replace(&format!("\"{served}\""), "\"asked-model\""),
            "{name}"
        );
        assert!(transcoder.is_complete());
    }
}

#[test]
fn blank_lines_progress_and_what_follows_the_end_are_left_out() {
    let (out, end) = relayed(&fixture(
        "stream",
        "repaired_blank_lines_and_progress.ndjson",
    ));
    assert_eq!(end, Ok(()));
    let lines = lines(&out);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["done"], true);
}

#[test]
fn a_missing_line_end_is_added() {
    let (out, end) = relayed(&fixture("stream", "no_last_line_end.ndjson"));
    assert_eq!(end, Ok(()));
    assert_eq!(lines(&out).len(), 2);
}

#[test]
fn a_cut_stream_ends_with_an_error_line() {
    for name in ["truncated.ndjson", "truncated_inside_a_line.ndjson"] {
        let (out, end) = relayed(&fixture("stream", name));
        assert_eq!(end.unwrap_err().kind, Kind::Truncated, "{name}");
        assert!(lines(&out).last().unwrap()["error"].is_string(), "{name}");
    }
}

#[test]
fn an_error_line_is_an_error() {
    let (out, end) = relayed(&fixture("stream", "error_mid_stream.ndjson"));
    assert!(end.unwrap_err().message.contains("CUDA"));
    assert!(
        lines(&out).last().unwrap()["error"]
            .as_str()
            .unwrap()
            .contains("CUDA")
    );
    let (out, end) = relayed(&fixture("stream", "error_first.ndjson"));
    assert_eq!(end.unwrap_err().kind, Kind::Upstream);
    assert!(out.is_empty(), "nothing was begun");
}

#[test]
fn what_is_no_line_of_an_answer_is_not_relayed() {
    for stream in [
        &b"{\"message\":{\"content\":\"a\"}}\nnot json\n"[..],
        b"[1]\n",
        b"data: {}\n\n",
        b"\xff\n",
    ] {
        let (_, end) = relayed(stream);
        assert_eq!(end.unwrap_err().kind, Kind::Upstream);
    }
    let (_, end, _) = run(
        setup(Dialect::Ollama, Dialect::Ollama, false, "chat"),
        br#"{"models":[]}"#,
    );
    assert!(end.is_err());
}

#[test]
fn a_request_is_relayed_with_another_model_and_nothing_else() {
    for (name, body) in [
        (
            "chat",
            json!({"keep_alive": "5m", "model": "a", "messages": [{"role": "user", "content": "x"}], "options": {"num_ctx": 1}}),
        ),
        (
            "generate",
            json!({"prompt": "x", "raw": true, "suffix": "y", "context": [1], "model": "a"}),
        ),
    ] {
        let request = client(Dialect::Ollama, &body, operation(name));
        let prepared = request
            .prepare(Dialect::Ollama, &target(), &Routing::default())
            .unwrap();
        assert!(prepared.is_raw && !prepared.hide_usage && prepared.loss.is_empty());
        let text = body
            .to_string()
            .replace("\"model\":\"a\"", "\"model\":\"up-model\"");
        assert_eq!(prepared.body, text.as_bytes());
    }
    let same = json!({"model": "up-model", "messages": [{"role": "user", "content": "x"}]});
    let request = client(Dialect::Ollama, &same, ClientContext::default());
    let prepared = request
        .prepare(Dialect::Ollama, &target(), &Routing::default())
        .unwrap();
    let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
    assert_eq!(sent, same);
}
