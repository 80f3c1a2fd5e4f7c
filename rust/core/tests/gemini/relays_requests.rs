//! Edits of requests that are relayed: only signatures in envelopes are touched.

use fastproxy_core::dialect::gemini::Gemini;
use fastproxy_core::dialect::{ClientContext, Codec};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::ir::{Opaque, OpaqueKind};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;

use crate::kit::{ORIGIN, target};

fn relayed(model: &str, body: &str) -> Result<(String, Vec<&'static str>), String> {
    let doc = Doc::parse(body.to_owned().into()).unwrap();
    let mut loss = LossReport::new();
    let cx = ClientContext {
        count_only: true,
        ..ClientContext::default()
    };
    let edits = Gemini
        .relay_request(doc.root(), &target(model), &cx, &mut loss)
        .map_err(|error| error.to_string())?;
    let (mut out, mut from) = (String::new(), 0);
    for (range, new) in edits {
        assert!(range.start >= from, "edits are in ascending order");
        out.push_str(&body[from..range.start]);
        out.push_str(&new);
        from = range.end;
    }
    out.push_str(&body[from..]);
    assert!(Doc::parse(out.clone().into()).is_ok(), "{out}");
    Ok((
        out,
        loss.entries()
            .iter()
            .map(|entry| entry.code.name())
            .collect(),
    ))
}

/// What a Gemini client holds of a state.
fn sealed(origin: &'static str, kind: OpaqueKind, text: Option<&str>) -> String {
    let state = Opaque {
        origin: origin.into(),
        kind,
        data: "real-signature".into(),
    };
    Envelope::default().seal(&state, text)
}

#[test]
fn a_body_without_envelopes_is_not_touched() {
    let body = r#"{ "contents": [ {"parts":[{"text":"x","thoughtSignature":"c2ln"}], "role":"model"} ], "future": 1.0 }"#;
    assert_eq!(relayed("gemini-3", body).unwrap(), (body.into(), vec![]));
}

#[test]
fn state_of_this_upstream_is_unwrapped() {
    let own = sealed(ORIGIN, OpaqueKind::ThoughtSignature, None);
    let body = |signature: &str| {
        format!(
            r#"{{"contents":[{{"role":"model","parts":[{{"functionCall":{{"name":"f"}},"thoughtSignature":"{signature}"}}]}}]}}"#
        )
    };
    assert_eq!(
        relayed("gemini-3", &body(&own)).unwrap(),
        (body("real-signature"), vec![])
    );
}

#[test]
fn foreign_state_is_cut_and_calls_get_the_placeholder() {
    let foreign = sealed("anthropic", OpaqueKind::Signature, Some("thought"));
    let body = format!(
        r#"{{"contents":[{{"role":"model","parts":[{{"text":"a","thoughtSignature":"{foreign}"}},{{"functionCall":{{"name":"f"}},"thoughtSignature":"{foreign}"}},{{"text":"","thoughtSignature":"{foreign}"}}]}},{{"role":"model","parts":[{{"text":"","thought_signature":"{foreign}"}}]}},{{"parts":[{{"text":"b"}}]}}]}}"#
    );
    let (out, losses) = relayed("gemini-3-pro", &body).unwrap();
    let expected = r#"{"contents":[{"role":"model","parts":[{"text":"a"},{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"}]},{"parts":[{"text":"b"}]}]}"#;
    assert_eq!(out, expected);
    assert!(losses.contains(&"opaque_filled") && losses.contains(&"opaque_dropped"));
    let (older, _) = relayed("gemini-2.5-pro", &body).unwrap();
    assert!(!older.contains("ignature"), "{older}");
}

#[test]
fn a_request_of_nothing_but_foreign_state_is_refused() {
    let foreign = sealed("anthropic", OpaqueKind::Signature, Some("thought"));
    let body = format!(
        r#"{{"contents":[{{"role":"model","parts":[{{"text":"","thoughtSignature":"{foreign}"}}]}}]}}"#
    );
    assert!(relayed("gemini-3", &body).is_err());
}

#[test]
fn a_wrapped_count_names_the_upstreams_model() {
    let body =
        r#"{"generateContentRequest":{"model":"models/alias","contents":{"parts":{"text":"x"}}}}"#;
    let (out, _) = relayed("gemini-3-pro", body).unwrap();
    assert_eq!(out, body.replace("models/alias", "models/gemini-3-pro"));
}
