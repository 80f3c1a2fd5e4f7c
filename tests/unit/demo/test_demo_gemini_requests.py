"""What the simulated Gemini service refuses, and what it takes: each line a request as a careless encoder would send it."""

import base64
from typing import Any

import pytest

USER = {"role": "user", "parts": [{"text": "hi"}]}
CALL = {"functionCall": {"name": "f", "args": {}}}
RESULT = {"functionResponse": {"name": "f", "response": {"output": "done"}}}
CALLED, ANSWERED = {"role": "model", "parts": [CALL]}, {"role": "user", "parts": [RESULT]}
GENERATE = "/v1beta/models/{}:generateContent"


def said(*contents: Any) -> dict[str, Any]:
    return {"contents": list(contents)}


def part(**fields: Any) -> dict[str, Any]:
    return said({"role": "user", "parts": [fields]})


def config(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def declared(**fields: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f"} | fields]}]}


def schema(**fields: Any) -> dict[str, Any]:
    return declared(parameters={"type": "OBJECT", "properties": {"a": fields}})


def calling(**fields: Any) -> dict[str, Any]:
    return declared() | {"toolConfig": {"functionCallingConfig": fields}}


CONFIG, DECLARED = "generation_config", "tools[0].function_declarations[0]"
PARAMETER = f"{DECLARED}.parameters.properties.a"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"contents": "hi"}, "contents"),
    (said(), "contents"),
    (said({"role": "assistant", "parts": [{"text": "x"}]}, USER), ""),
    (said({"role": "user"}), "contents[0].parts"),
    (said({"role": "user", "parts": []}), "contents[0].parts"),
    (part(), "contents[0].parts[0].data"),
    (part(thought=True), "contents[0].parts[0].data"),
    (part(text="x", inlineData={}), "contents[0].parts[0].inline_data"),
    (part(text="x", cacheControl={}), "contents[0].parts[0].cache_control"),
    (part(inlineData={"mimeType": "image/png", "data": "*"}), "contents[0].parts[0].inline_data.data"),
    (part(inlineData={"data": "AAAA"}), "contents[0].parts[0].inline_data.mime_type"),
    (part(text="x", thoughtSignature="*"), "contents[0].parts[0].thought_signature"),
    (part(text="x", thoughtSignature="Zm9yZWlnbg=="), ""),
    (said(USER, CALLED), ""),
    (said(CALLED, ANSWERED), ""),
    (said(USER, ANSWERED), ""),
    (said(USER, CALLED, USER), ""),
    (said(USER, {"role": "model", "parts": [CALL, CALL]}, ANSWERED), ""),
    (said(USER, CALLED, {"role": "user", "parts": [RESULT, RESULT]}), ""),
    (
        said(USER, CALLED, {"role": "user", "parts": [{"functionResponse": {"name": "g", "response": {}}}]}),
        "",
    ),
    (
        said(USER, {"role": "model", "parts": [{"functionCall": {"name": "f", "args": "{}"}}]}, ANSWERED),
        "contents[1].parts[0].function_call.args",
    ),
    (
        said(USER, CALLED, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": "x"}}]}),
        "contents[2].parts[0].function_response.response",
    ),
    ({"systemInstruction": "be brief"}, "system_instruction"),
    ({"systemInstruction": {"parts": [{"inlineData": {}}]}}, "system_instruction.parts[0].inline_data"),
    (config(temperature=2.1), f"{CONFIG}.temperature"),
    (config(topP=-1), f"{CONFIG}.top_p"),
    (config(maxOutputTokens=0), f"{CONFIG}.max_output_tokens"),
    (config(maxTokens=5), f"{CONFIG}.max_tokens"),
    (config(stopSequences=list("abcdef")), f"{CONFIG}.stop_sequences"),
    (config(candidateCount=9), f"{CONFIG}.candidate_count"),
    (config(seed=2**31), f"{CONFIG}.seed"),
    (config(logprobs=3), f"{CONFIG}.logprobs"),
    (config(responseMimeType="text/html"), f"{CONFIG}.response_mime_type"),
    (config(responseSchema={"type": "OBJECT"}), f"{CONFIG}.response_schema"),
    (config(thinkingConfig={"thinkingBudget": 99_999}), f"{CONFIG}.thinking_config.thinking_budget"),
    (config(thinkingConfig={"thinkingBudget": 1, "thinkingLevel": "LOW"}), f"{CONFIG}.thinking_config"),
    (config(thinkingConfig={"thinkingLevel": "low"}), f"{CONFIG}.thinking_config.thinking_level"),
    (config(thinkingConfig={"thinkingBudget": 0, "includeThoughts": True}), f"{CONFIG}.thinking_config"),
    (declared() | config(responseMimeType="application/json"), CONFIG),
    (declared(name="2fast"), f"{DECLARED}.name"),
    (declared(name="a b"), f"{DECLARED}.name"),
    (declared(name="x" * 129), f"{DECLARED}.name"),
    (declared(input_schema={}), f"{DECLARED}.input_schema"),
    (declared(parameters={"type": "STRING"}), f"{DECLARED}.parameters"),
    (declared(parameters={"type": "OBJECT"}, parametersJsonSchema={}), f"{DECLARED}.parameters_json_schema"),
    (declared(parametersJsonSchema={"type": "object", "properties": []}), f"{DECLARED}.parameters_json_schema"),
    (declared(parameters={"type": "OBJECT", "required": ["a"]}), f"{DECLARED}.parameters.required[0]"),
    (declared(parameters={"type": "OBJECT", "$schema": "x"}), f"{DECLARED}.parameters.$schema"),
    (
        declared(parameters={"type": "OBJECT", "additionalProperties": False}),
        f"{DECLARED}.parameters.additional_properties",
    ),
    (schema(type="text"), f"{PARAMETER}.type"),
    (schema(type=["STRING", "NULL"]), f"{PARAMETER}.type"),
    (schema(type="ARRAY"), f"{PARAMETER}.items"),
    (schema(const="x"), f"{PARAMETER}.const"),
    (schema(type="INTEGER", enum=["1"]), f"{PARAMETER}.enum"),
    (schema(type="STRING", format="uri"), f"{PARAMETER}.format"),
    (schema(type="NUMBER", exclusiveMinimum=0), f"{PARAMETER}.exclusive_minimum"),
    ({"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}, "tools[0].function_declarations[1].name"),
    ({"tools": [{"type": "function"}]}, "tools[0].type"),
    (calling(mode="REQUIRED"), "tool_config.function_calling_config.mode"),
    (
        calling(mode="AUTO", allowedFunctionNames=["f"]),
        "tool_config.function_calling_config.allowed_function_names",
    ),
    (calling(mode="ANY", allowedFunctionNames=["g"]), "tool_config.function_calling_config.allowed_function_names"),
    ({"safetySettings": [{"category": "HARM_CATEGORY_RUDENESS", "threshold": "OFF"}]}, "safety_settings[0].category"),
]
TAKEN: list[dict[str, Any]] = [
    {"contents": [{"parts": {"text": "hi"}}]} | {"contents": [{"parts": [{"text": "hi"}]}]},
    said(USER, CALLED, {"role": "function", "parts": [RESULT]}),
    said(USER, {"role": "model", "parts": [{"text": "x", "thought": True}, {"text": "y"}]}, USER),
    said(USER, {"role": "model", "parts": [CALL | {"thoughtSignature": "skip_thought_signature_validator"}]}, ANSWERED),
    {
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "generation_config": {"max_output_tokens": 5, "top_k": 3},
    },
    {"systemInstruction": {"role": "system", "parts": [{"text": "x"}]}, "labels": {"my_label": "x"}},
    schema(type="string", nullable=True, description="x", minLength="1"),
    declared(parametersJsonSchema={"type": "object", "properties": {"a": {"type": ["string", "null"]}}}),
    {"tools": [{"googleSearch": {}}, {"functionDeclarations": []}]},
    {
        "tools": [{"function_declarations": [{"name": "f.g:h-i" + "x" * 100}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY"}},
    },
    {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    config(thinkingConfig={"thinkingBudget": -1, "includeThoughts": True}, seed=5, presencePenalty=1),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED)
async def test_refused_with_the_field_at_fault(raw: Any, fields: dict[str, Any], field: str) -> None:
    answer = await raw.gemini_body(said(USER) | fields, GENERATE.format("echo"))
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    violations = [violation for detail in error.get("details", ()) for violation in detail["fieldViolations"]]
    # About a conversation as a whole the service says no field.
    assert violations == ([{"field": field, "description": error["message"]}] if field else [])


@pytest.mark.parametrize("fields", TAKEN)
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"])
async def test_taken(raw: Any, fields: dict[str, Any], method: str) -> None:
    answer = await raw.gemini_body(said(USER) | fields, f"/v1beta/models/echo:{method}")
    assert answer.status == 200, answer.body
    kind = "text/event-stream" if "sse" in method else "application/json"
    assert answer.headers["content-type"].startswith(kind)


async def test_unknown_names_in_the_words_of_the_service(raw: Any) -> None:
    answer = await raw.gemini_body(said(USER) | config(fooBar=1), GENERATE.format("echo"))
    assert answer.json()["error"]["message"] == (
        "Invalid JSON payload received. Unknown name \"foo_bar\" at 'generation_config': Cannot find field."
    )
    lenient = await raw.gemini_body(said(USER) | config(fooBar=1), GENERATE.format("echo+lenient"))
    assert lenient.status == 200


async def test_signatures_come_back_unaltered_and_are_demanded_by_newer_models(raw: Any) -> None:
    tools = [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]
    first = (await raw.gemini("gemini-3-pro+tools", tools=tools)).json()
    turn = first["candidates"][0]["content"]
    signed, unsigned = turn["parts"]
    assert ("thoughtSignature" in signed, "thoughtSignature" in unsigned) == (True, False)
    results = {
        "role": "user",
        "parts": [
            {"functionResponse": {**{k: part["functionCall"][k] for k in ("id", "name")}, "response": {"x": "y"}}}
            for part in turn["parts"]
        ],
    }

    async def status(model: str, *parts: Any) -> int:
        body = said(USER, {"role": "model", "parts": list(parts)}, results) | {"tools": tools}
        answer = await raw.gemini_body(body, GENERATE.format(model))
        return int(answer.status)

    bare = {"functionCall": signed["functionCall"]}
    state = base64.b64decode(signed["thoughtSignature"])
    altered = base64.b64encode(state[:-1] + bytes([state[-1] ^ 1])).decode()
    assert await status("gemini-3-pro+tools", signed, unsigned) == 200
    assert await status("gemini-3-pro+tools", bare, unsigned) == 400
    assert await status("gemini-2.5-pro+tools", bare, unsigned) == 200
    assert await status("gemini-2.5-pro+tools", bare | {"thoughtSignature": altered}, unsigned) == 400
    other = {"functionCall": signed["functionCall"] | {"id": "other"}, "thoughtSignature": signed["thoughtSignature"]}
    assert await status("gemini-3-pro+tools", other, unsigned) == 400


async def test_unknown_models_paths_and_bodies(raw: Any) -> None:
    missing = await raw.gemini_body(said(USER), GENERATE.format("nobody"))
    assert (missing.status, missing.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert "models/nobody is not found" in missing.json()["error"]["message"]
    assert (await raw.gemini_body(said(USER), "/v1beta/models/echo:explainContent")).status == 404
    assert (await raw.gemini_body({}, "/v1beta/models/echo:generateContent", method="GET")).status == 404
    assert (await raw.gemini_body({}, "/v1beta/models", method="POST")).status == 404
    none = await raw.gemini_body({}, GENERATE.format("echo"))
    assert none.json()["error"]["message"] == "* GenerateContentRequest.contents: contents is not specified\n"
    for body in (b"", b"[]", b'{"contents": NaN}'):
        assert (await raw.gemini_body(body, GENERATE.format("echo"))).status == 400


@pytest.mark.parametrize("prefix", ["/v1", "/v1beta", "/v1beta1/projects/p/locations/global/publishers/google"])
async def test_paths_of_every_version(raw: Any, prefix: str) -> None:
    answer = await raw.gemini_body(said(USER), f"{prefix}/models/echo:generateContent")
    assert answer.json()["candidates"][0]["content"]["parts"] == [{"text": "hi"}]
    listed = await raw.gemini_body({}, f"{prefix}/models?pageSize=2", method="GET")
    assert [model["name"] for model in listed.json()["models"]] == ["models/echo", "models/long-20"]
