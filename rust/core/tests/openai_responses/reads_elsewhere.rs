//! Requests whose question stands elsewhere in part, and fields that say nothing.

use fastproxy_core::ir::Content;
use serde_json::{Value, json};

use super::kit::{fixture, read};

fn body(name: &str) -> Value {
    serde_json::from_slice(&fixture("request", name)).unwrap()
}

/// What the vendor keeps elsewhere is no mistake, but only the vendor can serve it.
#[test]
fn what_stands_elsewhere_is_for_the_vendor_only() {
    for (name, pointer, code) in [
        (
            "previous_response.json",
            "/previous_response_id",
            "previous_response_not_found",
        ),
        (
            "conversation.json",
            "/conversation",
            "unsupported_parameter",
        ),
        ("stored_prompt.json", "/prompt", "unsupported_parameter"),
        ("background.json", "/background", "unsupported_parameter"),
        ("compaction.json", "/input/0", "unsupported_parameter"),
        ("item_reference.json", "/input/1", "item_not_found"),
    ] {
        read(&body(name), |request| {
            let refusal = request.native_only.as_ref().expect(name);
            assert_eq!(refusal.pointer.as_deref(), Some(pointer), "{name}");
            assert_eq!(refusal.code.as_deref(), Some(code), "{name}");
            assert_eq!(refusal.kind.status(), 400);
        });
    }
    // The calls that are answered may stand elsewhere too.
    let body = json!({"model": "m", "previous_response_id": "resp_1",
        "input": [{"type": "function_call_output", "call_id": "call_there", "output": "r"}]});
    read(&body, |request| {
        let Content::ToolResult(result) = &request.turns[0].parts[0].content else {
            panic!()
        };
        assert_eq!(result.id, "call_there");
    });
}

#[test]
fn nothing_is_made_of_null() {
    read(&body("nulls_are_absent.json"), |request| {
        assert!(request.ext.is_empty(), "{:?}", request.ext);
        assert!(request.reasoning.is_none() && request.output_format.is_none());
        assert!(request.native_only.is_none());
    });
}
