//! The raw lane's requests: three edits, and everything else byte for byte.

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec, Target};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Opaque, OpaqueKind};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ORIGIN, doc, fixtures, losses, target};

fn edited(doc: &Doc, loss: &mut LossReport) -> Result<String, Error> {
    edited_for(&target(), doc, loss)
}

pub(super) fn edited_for(
    target: &Target,
    doc: &Doc,
    loss: &mut LossReport,
) -> Result<String, Error> {
    let edits = Anthropic.relay_request(doc.root(), target, &ClientContext::default(), loss)?;
    let text = std::str::from_utf8(doc.bytes()).unwrap();
    let (mut out, mut from) = (String::new(), 0);
    for (range, new) in edits {
        assert!(
            range.start >= from && range.end >= range.start,
            "ascending, apart"
        );
        out.push_str(&text[from..range.start]);
        out.push_str(&new);
        from = range.end;
    }
    out.push_str(&text[from..]);
    Ok(out)
}

fn sealed(origin: &'static str, kind: OpaqueKind) -> String {
    let opaque = Opaque {
        origin: origin.into(),
        kind,
        data: "U2ln/\"+".into(),
    };
    Envelope::default().seal(&opaque, None)
}

fn thinking(signature: &str) -> Value {
    json!({"type": "thinking", "thinking": "t", "signature": signature})
}

/// The messages that go upstream.
fn messages(messages: &Value) -> (Value, LossReport) {
    let mut loss = LossReport::new();
    let doc = doc(&json!({"messages": messages, "model": "client-model"}));
    let text = edited(&doc, &mut loss).unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["model"], "upstream-model");
    (body["messages"].take(), loss)
}

/// Row 82.
#[test]
fn a_request_without_our_state_changes_its_model_only() {
    for (name, bytes) in fixtures("request") {
        let doc = Doc::parse(bytes.clone().into()).unwrap();
        let mut loss = LossReport::new();
        let text = edited(&doc, &mut loss).unwrap();
        let original = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            original.replacen("\"client-model\"", "\"upstream-model\"", 1),
            "{name}"
        );
        assert!(loss.is_empty());
    }
}

#[test]
fn our_envelopes_are_opened_for_their_issuer_and_cut_out_for_others() {
    let text = json!({"type": "text", "text": "x"});
    let redacted = |data: String| json!({"type": "redacted_thinking", "data": data});
    let turn = |blocks: Vec<Value>| json!([{"role": "assistant", "content": blocks}]);
    let ours = sealed(ORIGIN, OpaqueKind::Signature);
    let foreign = sealed("elsewhere", OpaqueKind::Encrypted);
    let bare = thinking("U2ln/\"+");
    let (sent, loss) = messages(&turn(vec![thinking(&ours), text.clone()]));
    assert_eq!(sent, turn(vec![bare.clone(), text.clone()]));
    assert!(loss.is_empty());
    for (blocks, kept) in [
        (vec![thinking(&foreign), text.clone()], vec![text.clone()]),
        (vec![text.clone(), thinking(&foreign)], vec![text.clone()]),
        (
            vec![
                thinking(&foreign),
                thinking(&ours),
                redacted(foreign.clone()),
                text.clone(),
                thinking("fp1.forged"),
            ],
            vec![bare.clone(), text.clone()],
        ),
        (
            vec![redacted(sealed(ORIGIN, OpaqueKind::Redacted)), text.clone()],
            vec![redacted("U2ln/\"+".into()), text.clone()],
        ),
        (
            vec![redacted(ours.clone()), text.clone()],
            vec![text.clone()],
        ),
        (
            vec![thinking("RmFy"), thinking(""), text.clone()],
            vec![thinking("RmFy"), thinking(""), text.clone()],
        ),
    ] {
        let lost = blocks.len() - kept.len();
        let (sent, loss) = messages(&turn(blocks));
        assert_eq!(sent, turn(kept));
        assert_eq!(loss.entries().len(), lost);
    }
}

#[test]
fn a_message_with_nothing_else_goes_with_its_state() {
    let empty = json!({"role": "assistant", "content": [thinking(&sealed("elsewhere", OpaqueKind::Replay))]});
    let user = |text: &str| json!({"role": "user", "content": text});
    let (sent, loss) = messages(&json!([user("a"), empty, user("b"), empty]));
    assert_eq!(
        sent,
        json!([user("a"), user("b")]),
        "two user messages in a row are one to the server"
    );
    let expected =
        ["/messages/1/content/0", "/messages/3/content/0"].map(|path| ("opaque_dropped", path));
    assert_eq!(losses(&loss), expected);
    let doc = doc(&json!({"model": "m", "messages": [empty]}));
    let error = edited(&doc, &mut LossReport::new()).unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/messages"));
}

/// Row 118: what we made up does not come back to a vendor.
#[test]
fn citations_that_we_wrote_are_taken_out() {
    let theirs =
        json!({"type": "web_search_result_location", "encrypted_index": "aWR4", "url": "u"});
    let ours = json!({"type": "web_search_result_location", "encrypted_index": "fp1.", "url": "u"});
    let turn = |citations: Vec<&Value>| json!([{"role": "assistant", "content": [{"citations": citations, "type": "text", "text": "x"}]}]);
    let (sent, loss) = messages(&turn(vec![&ours, &theirs, &ours]));
    assert_eq!(sent, turn(vec![&theirs]));
    assert_eq!(
        losses(&loss),
        [("field_dropped", "/messages/0/content/0/citations")]
    );
    assert_eq!(messages(&turn(vec![&ours])).0, turn(vec![]));
}

#[test]
fn the_model_must_be_named() {
    for body in [json!({"messages": []}), json!({"model": 3})] {
        let error = edited(&doc(&body), &mut LossReport::new()).unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some("/model"));
    }
}

proptest! {
    /// Whatever is cut out, the rest is valid JSON and what stays is in order.
    #[test]
    fn cutting_leaves_valid_json(
        turns in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..6), 1..6),
        space in prop::sample::select(vec!["", " ", "\n  "]),
    ) {
        let cut = thinking("fp1.not-ours").to_string();
        let mut number = 0;
        let mut expected = Vec::new();
        let mut sent = Vec::new();
        for turn in &turns {
            let mut kept = Vec::new();
            let blocks: Vec<_> = turn.iter().map(|keep| {
                number += 1;
                let block = json!({"type": "text", "text": format!("{number}")});
                if *keep { kept.push(block.clone()); block.to_string() } else { cut.clone() }
            }).collect();
            let blocks = blocks.join(&format!("{space},{space}"));
            sent.push(format!("{{\"content\":[{space}{blocks}{space}],\"role\":\"assistant\"}}"));
            if !kept.is_empty() {
                expected.push(json!({"content": kept, "role": "assistant"}));
            }
        }
        let body = format!("{{\"messages\":[{}],\"model\":\"m\"}}", sent.join(&format!("{space},")));
        let doc = Doc::parse(body.into()).unwrap();
        match edited(&doc, &mut LossReport::new()) {
            Ok(text) => {
                let value: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&value["messages"], &json!(expected));
            }
            Err(_) => prop_assert!(expected.is_empty()),
        }
    }
}
