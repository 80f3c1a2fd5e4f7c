//! Deltas → what clients read: each kind of part.

use fastproxy_core::ir::{Citation, FinishReason, OpaqueKind, PartKind, Piece, ToolKind};
use serde_json::{Value, json};

use super::answers::{answered, both, part, state, tool};
use super::losses;
use super::sdk_reader::{events, message};

/// Rows 2, 5, 7, 8, 11, 54: every kind of part gets its own block.
#[test]
fn every_kind_of_part() {
    let parts = vec![
        part(
            PartKind::Reasoning,
            vec![Piece::Text("hm"), state(OpaqueKind::Encrypted)],
        ),
        part(
            PartKind::Text,
            vec![
                Piece::Text(""),
                Piece::Text("a\u{2028}"),
                Piece::Text("😀\"\n"),
            ],
        ),
        part(
            tool("t1"),
            vec![Piece::Arguments("{\"a\""), Piece::Arguments(":1}")],
        ),
        part(tool("t2"), vec![]),
        part(tool("functions.f:0"), vec![Piece::Arguments("{}")]),
        part(PartKind::Text, vec![]),
        part(
            PartKind::Media { mime: "image/png" },
            vec![Piece::Data("AAAA")],
        ),
        part(
            PartKind::Native { kind: "hologram" },
            vec![Piece::Native("{}")],
        ),
    ];
    let (stream, whole, loss) = both(&answered(parts, FinishReason::ToolUse));
    let streamed = message(&stream);
    assert_eq!(streamed, whole);
    let kinds: Vec<_> = whole["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "thinking", "text", "tool_use", "tool_use", "tool_use", "text"
        ]
    );
    assert_eq!(whole["content"][1]["text"], "a\u{2028}😀\"\n");
    assert_eq!(whole["content"][2]["input"], json!({"a": 1}));
    assert_eq!(whole["content"][3]["input"], json!({}));
    let id = whole["content"][4]["id"].as_str().unwrap();
    assert!(
        id.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
        "{id}"
    );
    assert_eq!(whole["stop_reason"], "tool_use");
    assert_eq!(
        losses(&loss),
        [("media_dropped", "content"), ("field_dropped", "content")]
    );
    let names: Vec<_> = events(&stream)
        .into_iter()
        .map(|(name, _)| name)
        .take(3)
        .collect();
    assert_eq!(names, ["message_start", "content_block_start", "ping"]);
    let first = stream.find("\"partial_json\":\"\"").unwrap();
    assert!(
        first < stream.find("partial_json\":\"{").unwrap(),
        "the first piece is empty"
    );
}

/// Row 87, and what clients return later.
#[test]
fn thinking_in_every_form() {
    let kinds = [
        (vec![Piece::Text("t")], "thinking"),
        (
            vec![Piece::Text("t"), state(OpaqueKind::Replay)],
            "thinking",
        ),
        (vec![state(OpaqueKind::Encrypted)], "thinking"),
        (vec![state(OpaqueKind::Redacted)], "redacted_thinking"),
        (
            vec![
                Piece::Summary {
                    index: 0,
                    text: "one",
                },
                Piece::Summary {
                    index: 0,
                    text: " more",
                },
                Piece::Summary {
                    index: 1,
                    text: "two",
                },
            ],
            "thinking",
        ),
    ];
    for (pieces, kind) in kinds {
        let is_signed = pieces.iter().any(|piece| matches!(piece, Piece::Opaque(_)));
        let is_summary = matches!(pieces[0], Piece::Summary { .. });
        let (stream, whole, _) = both(&answered(
            vec![part(PartKind::Reasoning, pieces)],
            FinishReason::End,
        ));
        assert_eq!(message(&stream), whole);
        let block = &whole["content"][0];
        assert_eq!(block["type"], kind);
        let field = if kind == "thinking" {
            "signature"
        } else {
            "data"
        };
        assert_eq!(
            block[field].as_str().unwrap().starts_with("fp1."),
            is_signed
        );
        if is_summary {
            assert_eq!(block["thinking"], "one more\n\ntwo");
        }
        let last = stream.find("signature_delta").unwrap_or(0);
        assert!(
            last == 0 || !stream[last..].contains("thinking_delta"),
            "the signature is last"
        );
    }
    let nothing = answered(vec![part(PartKind::Reasoning, vec![])], FinishReason::End);
    assert_eq!(both(&nothing).1["content"], json!([]));
}

#[test]
fn sources_are_cited() {
    let cited = Citation {
        url: Some("https://a.example"),
        title: None,
        quote: Some("q"),
        ..Citation::default()
    };
    let nowhere = Citation {
        title: Some("t"),
        ..Citation::default()
    };
    let pieces = vec![
        Piece::Text("see"),
        Piece::Citation(cited),
        Piece::Citation(nowhere),
    ];
    let (stream, whole, loss) = both(&answered(
        vec![part(PartKind::Text, pieces)],
        FinishReason::End,
    ));
    assert_eq!(message(&stream), whole);
    let citation = &whole["content"][0]["citations"][0];
    assert_eq!(
        (&citation["url"], &citation["title"]),
        (&json!("https://a.example"), &Value::Null)
    );
    assert_eq!(losses(&loss), [("field_dropped", "citations")]);
}

#[test]
fn free_text_of_a_tool_becomes_its_only_argument() {
    let kind = PartKind::ToolCall {
        id: "t",
        name: "patch",
        namespace: None,
        kind: ToolKind::Custom,
    };
    let pieces = vec![Piece::Arguments("a \"b\"\n"), Piece::Arguments("ü")];
    let (stream, whole, loss) = both(&answered(vec![part(kind, pieces)], FinishReason::ToolUse));
    assert_eq!(message(&stream), whole);
    assert_eq!(whole["content"][0]["input"], json!({"input": "a \"b\"\nü"}));
    assert!(loss.is_empty());
}

/// State of a call (Gemini's thought signature) has no field of its own: it rides behind the call.
#[test]
fn state_of_a_call_rides_in_a_block_behind_it() {
    let pieces = vec![Piece::Arguments("{}"), state(OpaqueKind::ThoughtSignature)];
    let parts = vec![
        part(tool("t"), pieces),
        part(PartKind::Text, vec![Piece::Text("x")]),
    ];
    let (stream, whole, _) = both(&answered(parts, FinishReason::ToolUse));
    assert_eq!(message(&stream), whole);
    let kinds: Vec<_> = whole["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| &b["type"])
        .collect();
    assert_eq!(kinds, ["tool_use", "redacted_thinking", "text"]);
}
