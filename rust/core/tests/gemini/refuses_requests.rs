//! What no version of the API takes is a 400 that names the place.

use fastproxy_core::error::{Kind, Source};
use serde_json::{Value, json};

use crate::kit::refusal;

fn with(key: &str, value: Value) -> Value {
    let mut body = json!({"contents": [{"parts": [{"text": "x"}]}]});
    body[key] = value;
    body
}

#[test]
fn mistakes_are_named() {
    let config = |key: &str, value: Value| with("generationConfig", json!({ key: value }));
    for (body, pointer) in [
        (json!([]), ""),
        (json!({}), "/contents"),
        (json!({"contents": []}), "/contents"),
        (json!({"contents": "hello"}), "/contents"),
        (json!({"contents": ["hello"]}), "/contents/0"),
        (json!({"contents": [{"role": "user"}]}), "/contents/0/parts"),
        (
            json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}),
            "/contents/0/role",
        ),
        (
            json!({"contents": [{"parts": [{}]}]}),
            "/contents/0/parts/0",
        ),
        (
            json!({"contents": [{"parts": [{"text": 5}]}]}),
            "/contents/0/parts/0/text",
        ),
        (
            json!({"contents": [{"parts": [{"inlineData": {"data": "AA=="}}]}]}),
            "/contents/0/parts/0/inlineData/mimeType",
        ),
        (
            json!({"contents": [{"parts": [{"functionCall": {"name": "f"}}]}]}),
            "/contents/0/parts/0/functionCall",
        ),
        (
            json!({"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": "{}"}}]}]}),
            "/contents/0/parts/0/functionCall/args",
        ),
        (
            json!({"contents": [{"parts": [{"functionResponse": {"name": "f", "response": {}}}]}]}),
            "/contents/0/parts/0/functionResponse",
        ),
        (
            with("systemInstruction", json!("be kind")),
            "/systemInstruction",
        ),
        (
            with(
                "tools",
                json!([{"functionDeclarations": [{"description": "no name"}]}]),
            ),
            "/tools/0/functionDeclarations/0/name",
        ),
        (
            with(
                "toolConfig",
                json!({"functionCallingConfig": {"mode": "SOMETIMES"}}),
            ),
            "/toolConfig/functionCallingConfig/mode",
        ),
        (
            with(
                "toolConfig",
                json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["g"]}}),
            ),
            "/toolConfig/functionCallingConfig/allowedFunctionNames",
        ),
        (
            config("temperature", json!(2.5)),
            "/generationConfig/temperature",
        ),
        (config("topP", json!("high")), "/generationConfig/topP"),
        (
            config("maxOutputTokens", json!(0)),
            "/generationConfig/maxOutputTokens",
        ),
        (
            config("candidateCount", json!(-1)),
            "/generationConfig/candidateCount",
        ),
        (config("seed", json!(1.5)), "/generationConfig/seed"),
        (
            config("stopSequences", json!([1])),
            "/generationConfig/stopSequences/0",
        ),
        (
            config("responseSchema", json!("x")),
            "/generationConfig/responseSchema",
        ),
        (
            config("thinkingConfig", json!({"thinkingBudget": -2})),
            "/generationConfig/thinkingConfig/thinkingBudget",
        ),
        (
            config("thinkingConfig", json!({"thinkingLevel": "EXTREME"})),
            "/generationConfig/thinkingConfig/thinkingLevel",
        ),
    ] {
        let error = refusal(&body);
        assert_eq!(
            (error.kind, error.source),
            (Kind::BadRequest, Source::Client),
            "{body}"
        );
        assert_eq!(error.pointer.as_deref(), Some(pointer), "{body}: {error}");
    }
}

#[test]
fn a_second_result_of_one_call_is_an_orphan() {
    let result = json!({"functionResponse": {"id": "1", "name": "f", "response": {"result": 1}}});
    let body = json!({"contents": [
        {"role": "model", "parts": [{"functionCall": {"id": "1", "name": "f"}}]},
        {"role": "user", "parts": [result, result]}]});
    assert_eq!(
        refusal(&body).pointer.as_deref(),
        Some("/contents/1/parts/1/functionResponse")
    );
}
