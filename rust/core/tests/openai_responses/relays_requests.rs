//! What a client's body needs before an upstream of this dialect may have it.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{ClientContext, Codec, Target};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::ir::{Opaque, OpaqueKind};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::kit::{ORIGIN, doc, losses, target};

fn relayed(body: &Value, cx: &ClientContext) -> (String, LossReport) {
    let doc = doc(body);
    let mut loss = LossReport::new();
    let edits = Responses
        .relay_request(doc.root(), &target(), cx, &mut loss)
        .unwrap();
    let mut text = String::from_utf8(doc.bytes().to_vec()).unwrap();
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, &new);
    }
    (text, loss)
}

fn sealed(origin: &'static str, kind: OpaqueKind, data: &'static str) -> String {
    let opaque = Opaque {
        origin: origin.into(),
        kind,
        data: data.into(),
    };
    Envelope::default().seal(&opaque, Some("twhy"))
}

fn thinking(encrypted: &str) -> Value {
    json!({"type": "reasoning", "id": "rs_77_0", "summary": [], "encrypted_content": encrypted})
}

#[test]
fn a_clean_body_stays_byte_for_byte() {
    let text = "{ \"model\" : \"up-model\",\n \"input\":[ {\"type\":\"reasoning\",\"encrypted_content\":\"gAAA\"}], \"future\": 1.50 }";
    let doc = fastproxy_core::json::Doc::parse(text.to_owned().into()).unwrap();
    let cx = ClientContext::default();
    let mut loss = LossReport::new();
    let edits = Responses
        .relay_request(doc.root(), &target(), &cx, &mut loss)
        .unwrap();
    assert!(edits.is_empty() && loss.is_empty());
    let other = Target {
        model: "other".into(),
        ..target()
    };
    let edits = Responses
        .relay_request(doc.root(), &other, &cx, &mut loss)
        .unwrap();
    assert_eq!(edits, [(12..22, "\"other\"".to_owned())]);
}

#[test]
fn state_of_this_upstream_is_unwrapped_with_its_id() {
    let body = json!({"model": "up-model", "input": [
        {"role": "user", "content": "x"}, thinking(&sealed(ORIGIN, OpaqueKind::Encrypted, "rs_1:gAAA=="))]});
    let (text, loss) = relayed(&body, &ClientContext::default());
    let sent: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        sent["input"][1],
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA=="})
    );
    assert!(loss.is_empty());
    let nameless = json!({"model": "up-model", "input": [
        {"role": "user", "content": "x"}, thinking(&sealed(ORIGIN, OpaqueKind::Encrypted, ":gAAA=="))]});
    let sent: Value =
        serde_json::from_str(&relayed(&nameless, &ClientContext::default()).0).unwrap();
    assert_eq!(
        sent["input"][1],
        json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAA=="})
    );
}

/// Rows 82 to 86.
#[test]
fn state_of_others_is_cut_out() {
    for envelope in [
        sealed("vendor-b", OpaqueKind::Encrypted, "rs_1:gAAA"),
        sealed(ORIGIN, OpaqueKind::Signature, "sig"),
        "fp1.forged.e.x.y".to_owned(),
    ] {
        let input = [
            thinking(&envelope),
            json!({"role": "user", "content": "x"}),
            thinking(&envelope),
            thinking("gAAA"),
        ];
        let (text, loss) = relayed(
            &json!({"model": "up-model", "input": input}),
            &ClientContext::default(),
        );
        let sent: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            sent["input"],
            json!([input[1], input[3]]),
            "native state stays"
        );
        assert_eq!(
            losses(&loss),
            [
                ("opaque_dropped", "/input/0".into()),
                ("opaque_dropped", "/input/2".into())
            ]
        );
    }
    let doc = doc(&json!({"model": "up-model", "input": [thinking("fp1.forged")]}));
    let result = Responses.relay_request(
        doc.root(),
        &target(),
        &ClientContext::default(),
        &mut LossReport::new(),
    );
    assert_eq!(result.unwrap_err().pointer.as_deref(), Some("/input"));
}

#[test]
fn thinking_that_came_without_state_is_cut_out_when_its_id_is_ours() {
    let reasoning = |id: &str| json!({"type": "reasoning", "id": id, "summary": []});
    let turn = json!({"role": "user", "content": "rs_1"});
    let ours = reasoning("rs_01a1fb69-add4-7bb8-82b9-8dbe7c4c4cbb_0");
    let native = reasoning("rs_68af4030baa48193b0b43b4c2a176a1a0e6967589f081e78");
    let body = json!({"model": "up-model", "input": [turn, ours, native]});
    let (text, loss) = relayed(&body, &ClientContext::default());
    let sent: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        sent["input"],
        json!([turn, native]),
        "the API keeps its own"
    );
    assert_eq!(losses(&loss), [("opaque_dropped", "/input/1".into())]);
}

#[test]
fn an_answer_that_only_we_kept_is_not_named() {
    let body = json!({"model": "up-model", "previous_response_id": "resp_77", "input": [{"role": "user", "content": "x"}]});
    let (kept, _) = relayed(&body, &ClientContext::default());
    assert!(kept.contains("resp_77"), "the upstream may know it");
    let expanded = ClientContext {
        is_expanded: true,
        ..ClientContext::default()
    };
    let (sent, _) = relayed(&body, &expanded);
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent.get("previous_response_id"), None);
}
