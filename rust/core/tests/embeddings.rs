//! Embeddings between the three forms: what is asked for, and that no vector changes on its way.

#![allow(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers test functions only, not the helpers they share"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastproxy_core::dialect::embed::{Form, Reply, Request};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::json::Tape;
use fastproxy_core::loss::{Code, LossReport};
use proptest::prelude::*;
use serde_json::{Value, json};

const FORMS: [Form; 3] = [Form::Openai, Form::Gemini, Form::Ollama];

/// The upstream's body, what was lost, and how its answer is told.
fn ask(body: &Value, client: Form, upstream: Form) -> Result<(Value, LossReport, Reply), Error> {
    let text = body.to_string();
    let mut tape = Tape::new();
    let request = Request::read(tape.parse(&text).unwrap(), client)?;
    let mut loss = LossReport::new();
    let sent = request.write(upstream, "up", &mut loss)?;
    let reply = request.reply(client, upstream, "asked");
    Ok((serde_json::from_slice(&sent).unwrap(), loss, reply))
}

fn tell(reply: &Reply, answer: &str) -> Result<String, Error> {
    let mut tape = Tape::new();
    let mut out = Vec::new();
    let body = tape.parse(answer).unwrap();
    reply.write(answer, body, &mut LossReport::new(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// A request for these texts in each form.
fn request(form: Form, texts: &[&str]) -> Value {
    match form {
        Form::Openai | Form::Ollama => json!({"model": "m", "input": texts, "dimensions": 3}),
        Form::Gemini => json!({"requests": texts.iter().map(|text| json!({
            "model": "models/m", "content": {"parts": [{"text": text}]}, "outputDimensionality": 3,
        })).collect::<Vec<_>>()}),
    }
}

/// An upstream's answer in each form; `vectors` are raw JSON.
fn answer(form: Form, vectors: &[&str]) -> String {
    let join = |one: &dyn Fn(usize, &str) -> String| {
        let each: Vec<_> = vectors
            .iter()
            .enumerate()
            .map(|(at, v)| one(at, v))
            .collect();
        each.join(", ")
    };
    match form {
        Form::Openai => {
            // Out of order, as hosts that split batches send them.
            let mut each: Vec<_> = vectors
                .iter()
                .enumerate()
                .map(|(at, v)| format!(r#"{{"index":{at},"object":"embedding","embedding":{v}}}"#))
                .collect();
            each.reverse();
            format!(
                r#"{{"object":"list","model":"up","data":[{}],"usage":{{"prompt_tokens":7,"total_tokens":7}}}}"#,
                each.join(",")
            )
        }
        Form::Gemini => format!(
            r#"{{"embeddings":[{}],"usageMetadata":{{"promptTokenCount":7}}}}"#,
            join(&|_, v| format!(r#"{{"values":{v}}}"#))
        ),
        Form::Ollama => format!(
            r#"{{"model":"up","embeddings":[{}],"prompt_eval_count":7}}"#,
            join(&|_, v| v.to_owned())
        ),
    }
}

const VECTORS: [&str; 2] = ["[-0.1,1.0e-7,0.30000001192092896]", "[1,2.50,-3]"];

#[test]
fn every_pair_carries_texts_and_vectors() {
    for client in FORMS {
        for upstream in FORMS {
            let (sent, loss, reply) = ask(&request(client, &["a", "b"]), client, upstream).unwrap();
            assert!(loss.is_empty(), "{client:?} {upstream:?}");
            let expected = match upstream {
                Form::Openai => {
                    json!({"model": "up", "input": ["a", "b"], "encoding_format": "float", "dimensions": 3})
                }
                Form::Ollama if client == Form::Openai => {
                    json!({"model": "up", "input": ["a", "b"], "truncate": false, "dimensions": 3})
                }
                Form::Ollama => json!({"model": "up", "input": ["a", "b"], "dimensions": 3}),
                Form::Gemini => json!({"requests": (["a", "b"].map(|text| json!({
                    "model": "models/up", "content": {"parts": [{"text": text}]}, "outputDimensionality": 3,
                })))}),
            };
            assert_eq!(sent, expected, "{client:?} to {upstream:?}");
            let told = tell(&reply, &answer(upstream, &VECTORS)).unwrap();
            assert!(
                VECTORS.iter().all(|vector| told.contains(vector)),
                "{client:?} from {upstream:?}: {told}"
            );
            let told: Value = serde_json::from_str(&told).unwrap();
            let tokens = match client {
                Form::Openai => &told["usage"]["prompt_tokens"],
                Form::Gemini => &told["usageMetadata"]["promptTokenCount"],
                Form::Ollama => &told["prompt_eval_count"],
            };
            assert_eq!(tokens, 7, "{client:?} from {upstream:?}");
        }
    }
}

#[test]
fn vectors_stand_in_the_order_of_the_texts() {
    let (_, _, reply) = ask(
        &request(Form::Ollama, &["a", "b"]),
        Form::Ollama,
        Form::Openai,
    )
    .unwrap();
    let told = tell(&reply, &answer(Form::Openai, &VECTORS)).unwrap();
    assert!(told.find(VECTORS[0]) < told.find(VECTORS[1]));
}

#[test]
fn one_text_has_one_vector_where_the_client_asked_for_one() {
    let single = json!({"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "taskType": "RETRIEVAL_QUERY"});
    let (sent, loss, reply) = ask(&single, Form::Gemini, Form::Openai).unwrap();
    assert_eq!(sent["input"], json!(["ab"]));
    let lost: Vec<_> = loss
        .entries()
        .iter()
        .map(|l| (l.code, l.path.as_str()))
        .collect();
    assert_eq!(lost, [(Code::FieldDropped, "/taskType")]);
    let told: Value =
        serde_json::from_str(&tell(&reply, &answer(Form::Openai, &VECTORS[..1])).unwrap()).unwrap();
    assert_eq!(told["embedding"]["values"][0], -0.1);
    let (_, _, reply) = ask(&single, Form::Gemini, Form::Gemini).unwrap();
    let told = tell(&reply, &answer(Form::Gemini, &VECTORS[..1])).unwrap();
    assert!(told.starts_with(r#"{"embedding":{"values":"#), "{told}");
    let older = json!({"model": "m", "prompt": "a"});
    let (_, _, reply) = ask(&older, Form::Ollama, Form::Gemini).unwrap();
    let told = tell(&reply, &answer(Form::Gemini, &VECTORS[..1])).unwrap();
    assert_eq!(told, format!(r#"{{"embedding":{}}}"#, VECTORS[0]));
}

#[test]
fn what_the_upstream_does_not_count_is_estimated_and_said() {
    let (_, _, reply) = ask(
        &json!({"model": "m", "input": "a few words"}),
        Form::Openai,
        Form::Gemini,
    )
    .unwrap();
    let text = r#"{"embedding":{"values":[1]}}"#;
    let (mut tape, mut loss, mut out) = (Tape::new(), LossReport::new(), Vec::new());
    let learnt = reply
        .write(text, tape.parse(text).unwrap(), &mut loss, &mut out)
        .unwrap();
    let told: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(told["usage"]["total_tokens"], 3);
    assert!(!learnt.usage.is_known());
    assert_eq!(loss.entries()[0].code, Code::UsageUnknown);
}

fn bad_requests() -> Vec<(Form, Value, &'static str)> {
    vec![
        (Form::Openai, json!({"model": "m"}), "/input"),
        (Form::Openai, json!({"model": "m", "input": {}}), "/input"),
        (
            Form::Openai,
            json!({"model": "m", "input": ["a", 5]}),
            "/input",
        ),
        (
            Form::Openai,
            json!({"model": "m", "input": [1, "a"]}),
            "/input",
        ),
        (
            Form::Openai,
            json!({"model": "m", "input": "a", "encoding_format": "hex"}),
            "/encoding_format",
        ),
        (
            Form::Openai,
            json!({"model": "m", "input": "a", "dimensions": 0}),
            "/dimensions",
        ),
        (
            Form::Openai,
            json!({"model": "m", "input": "a", "stream": true}),
            "/stream",
        ),
        (
            Form::Gemini,
            json!({"content": {"parts": [{"inlineData": {}}]}}),
            "/content/parts/0",
        ),
        (
            Form::Gemini,
            json!({"requests": [{}]}),
            "/requests/0/content",
        ),
        (
            Form::Gemini,
            json!({"requests": [
                {"content": {"parts": [{"text": "a"}]}, "taskType": "CLUSTERING"},
                {"content": {"parts": [{"text": "b"}]}},
            ]}),
            "/requests/1",
        ),
        (
            Form::Ollama,
            json!({"model": "m", "input": [5]}),
            "/input/0",
        ),
        (
            Form::Ollama,
            json!({"model": "m", "input": "a", "truncate": 1}),
            "/truncate",
        ),
    ]
}

#[test]
fn bad_requests_name_their_place() {
    for (form, body, pointer) in bad_requests() {
        let error = ask(&body, form, Form::Openai).unwrap_err();
        assert_eq!(
            (error.kind, error.pointer.as_deref()),
            (Kind::BadRequest, Some(pointer)),
            "{body}"
        );
    }
    for form in FORMS {
        let error = ask(&request(form, &[]), form, Form::Openai).unwrap_err();
        assert_eq!(error.kind, Kind::BadRequest);
    }
}

#[test]
fn tokens_are_for_their_own_tokenizer() {
    let body = json!({"model": "m", "input": [[1, 2], [3]]});
    let (sent, _, _) = ask(&body, Form::Openai, Form::Openai).unwrap();
    assert_eq!(sent["input"], body["input"]);
    for upstream in [Form::Gemini, Form::Ollama] {
        assert_eq!(
            ask(&body, Form::Openai, upstream).unwrap_err().kind,
            Kind::BadRequest
        );
    }
}

#[test]
fn what_is_no_answer_is_the_upstreams_fault() {
    let broken = [
        "{}",
        r#"{"embeddings":[]}"#,
        r#"{"embeddings":[{"values":[1]},{"values":[2]}]}"#,
        r#"{"embeddings":[{"values":["x"]}]}"#,
        r#"{"embeddings":[{"values":{}}]}"#,
        r#"{"embeddings":[{"values":"AAA"}]}"#,
        r#"{"embeddings":[{"values":"AADAfw=="}]}"#,
    ];
    let (_, _, reply) = ask(&request(Form::Ollama, &["a"]), Form::Ollama, Form::Gemini).unwrap();
    for text in broken {
        let error = tell(&reply, text).unwrap_err();
        assert_eq!(
            (error.kind, error.source),
            (Kind::Upstream, Source::Upstream),
            "{text}"
        );
    }
}

proptest! {
    /// Numbers to base64 and back: every 32-bit number survives, by way of its text as well.
    #[test]
    fn no_number_changes(floats in prop::collection::vec(any::<f32>().prop_filter("finite", |f| f.is_finite()), 1..40)) {
        let (_, _, reply) = ask(
            &json!({"model": "m", "input": "a", "encoding_format": "base64"}), Form::Openai, Form::Ollama,
        ).unwrap();
        let texts: Vec<_> = floats.iter().map(ToString::to_string).collect();
        let told = tell(&reply, &format!(r#"{{"embeddings":[[{}]]}}"#, texts.join(","))).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        let coded = told["data"][0]["embedding"].as_str().unwrap();
        let bytes: Vec<u8> = floats.iter().flat_map(|f| f.to_le_bytes()).collect();
        prop_assert_eq!(STANDARD.decode(coded).unwrap(), bytes);
        let (_, _, reply) = ask(&json!({"model": "m", "prompt": "a"}), Form::Ollama, Form::Openai).unwrap();
        let answer = format!(r#"{{"data":[{{"index":0,"embedding":"{coded}"}}]}}"#);
        prop_assert_eq!(tell(&reply, &answer).unwrap(), format!(r#"{{"embedding":[{}]}}"#, texts.join(",")));
    }
}
