//! Answers that are kept: referred to, fetched, listed, deleted, and forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Dialect};
use fastproxy_core::error::Kind;
use fastproxy_core::response_store::{Limits, Page, ResponseStore};
use fastproxy_core::transcode::{Archive, ClientRequest, Routing};
use serde_json::{Value, json};

use super::grammar::read as read_stream;
use super::kit::{ORIGIN, fixture, prepared, run, sent, setup, target};

const CHAT: &str = concat!(
    "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Saturn.\"}}]}\n\n",
    "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
);

fn parse(store: &ResponseStore, owner: &str, body: &Value) -> ClientRequest {
    let (body, is_expanded) = store.expand(owner, body.to_string().into(), Instant::now());
    let cx = ClientContext {
        is_expanded,
        ..ClientContext::default()
    };
    ClientRequest::parse(Dialect::OpenaiResponses, body, cx, None).unwrap()
}

/// One turn at a Chat upstream: the response object that the client got.
fn turn(store: &Arc<ResponseStore>, owner: &str, id: &str, body: &Value, stream: bool) -> Value {
    let request = parse(store, owner, body);
    let mut setup = setup(Dialect::OpenaiChat, Dialect::OpenaiResponses, stream);
    setup.encode.request_id = format!("req_{id}");
    setup.encode.echo = prepared(&request, Dialect::OpenaiChat, ORIGIN).echo;
    setup.archive = request.kept_input().map(|input| Archive {
        store: Arc::clone(store),
        owner: owner.into(),
        input,
    });
    let (out, end) = run(setup, CHAT.as_bytes());
    end.unwrap();
    if stream {
        read_stream(&out).last.unwrap()
    } else {
        serde_json::from_str(&out).unwrap()
    }
}

fn store() -> Arc<ResponseStore> {
    Arc::default()
}

fn kept(store: &ResponseStore, owner: &str, id: &str) -> Option<Value> {
    let body = store.get(owner, id, Instant::now()).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_conversation_goes_on_from_its_answers() {
    let store = store();
    for stream in [true, false] {
        let first = turn(
            &store,
            "k",
            "1",
            &json!({"model": "m", "input": "Which planet?", "instructions": "Brief."}),
            stream,
        );
        assert_eq!(
            kept(&store, "k", "resp_1"),
            Some(first.clone()),
            "as the client saw it"
        );
        let body = json!({"model": "m", "previous_response_id": "resp_1", "input": [{"role": "user", "content": "Sure?"}]});
        let second = turn(&store, "k", "2", &body, stream);
        assert_eq!(second["previous_response_id"], "resp_1", "echoed");
        let third = json!({"model": "m", "previous_response_id": "resp_2", "input": "And now?"});
        let request = parse(&store, "k", &third);
        let body = sent(&prepared(&request, Dialect::OpenaiChat, ORIGIN));
        let said: Vec<_> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"].clone())
            .collect();
        assert_eq!(
            said,
            ["Which planet?", "Saturn.", "Sure?", "Saturn.", "And now?"],
            "instructions are not carried on"
        );
    }
}

/// The AI SDK names items that it believes to be kept.
#[test]
fn items_that_are_only_named_are_found() {
    let store = store();
    let first = turn(
        &store,
        "k",
        "1",
        &json!({"model": "m", "input": "Which planet?"}),
        true,
    );
    let named = json!({"model": "m", "input": [
        {"role": "user", "content": "Which planet?"},
        {"type": "item_reference", "id": first["output"][0]["id"]},
        {"role": "user", "content": "Sure?"}]});
    let request = parse(&store, "k", &named);
    let body = sent(&prepared(&request, Dialect::OpenaiChat, ORIGIN));
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": "Saturn."})
    );
}

/// A client sees its own answers only, and what is unknown is told in the API's words.
#[test]
fn what_is_not_kept_is_not_found() {
    let store = store();
    turn(&store, "k", "1", &json!({"model": "m", "input": "x"}), true);
    turn(
        &store,
        "k",
        "2",
        &json!({"model": "m", "input": "x", "store": false}),
        true,
    );
    for (owner, id) in [("other", "resp_1"), ("k", "resp_2"), ("k", "resp_gone")] {
        let error = store.get(owner, id, Instant::now()).unwrap_err();
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (Kind::NotFound, Some("response_not_found"))
        );
        let body = json!({"model": "m", "previous_response_id": id, "input": "y"});
        let request = parse(&store, owner, &body);
        let error = request
            .prepare(Dialect::OpenaiChat, &target(), &Routing::default())
            .unwrap_err();
        assert_eq!(error.code.as_deref(), Some("previous_response_not_found"));
        assert_eq!(error.kind.status(), 400);
        let relayed = request
            .prepare(Dialect::OpenaiResponses, &target(), &Routing::default())
            .unwrap();
        assert!(
            relayed.is_raw && sent(&relayed)["previous_response_id"] == id,
            "its vendor may know it"
        );
    }
}

#[test]
fn a_known_answer_is_spelt_out_for_its_own_dialect_too() {
    let store = store();
    turn(&store, "k", "1", &json!({"model": "m", "input": "x"}), true);
    let request = parse(
        &store,
        "k",
        &json!({"model": "m", "previous_response_id": "resp_1", "input": "y"}),
    );
    let relayed = request
        .prepare(Dialect::OpenaiResponses, &target(), &Routing::default())
        .unwrap();
    let body = sent(&relayed);
    assert_eq!(body.get("previous_response_id"), None);
    assert_eq!(body["input"].as_array().unwrap().len(), 3);
}

#[test]
fn every_form_of_input_is_put_behind_its_history() {
    let store = store();
    turn(&store, "k", "1", &json!({"model": "m", "input": "x"}), true);
    for (input, items) in [
        (json!("y"), 3),
        (json!([]), 2),
        (Value::Null, 2),
        (json!([{"role": "user", "content": "y"}]), 3),
    ] {
        let body = json!({"model": "m", "previous_response_id": "resp_1", "input": input});
        let (body, is_expanded) = store.expand("k", body.to_string().into(), Instant::now());
        assert!(is_expanded);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["input"].as_array().unwrap().len(), items, "{input}");
    }
    let (body, _) = store.expand(
        "k",
        Bytes::from_static(br#"{"model":"m","previous_response_id":"resp_1"}"#),
        Instant::now(),
    );
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["input"].as_array().unwrap().len(), 2);
    let broken = Bytes::from_static(b"{\"previous_response_id\":");
    assert_eq!(
        store.expand("k", broken.clone(), Instant::now()),
        (broken, false)
    );
}

#[test]
fn answers_are_deleted() {
    let store = store();
    turn(&store, "k", "1", &json!({"model": "m", "input": "x"}), true);
    assert!(store.delete("other", "resp_1", Instant::now()).is_err());
    let said = store.delete("k", "resp_1", Instant::now()).unwrap();
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!(
        said,
        json!({"id": "resp_1", "object": "response", "deleted": true})
    );
    assert_eq!(kept(&store, "k", "resp_1"), None);
    assert!(store.delete("k", "resp_1", Instant::now()).is_err());
    assert_eq!(store.size(), (0, 0));
}

#[test]
fn the_items_are_listed_page_by_page() {
    let store = store();
    let full: Value =
        serde_json::from_slice(&fixture("request", "codex_second_turn.json")).unwrap();
    let mut body = full.clone();
    body["store"] = json!(true);
    turn(&store, "k", "1", &body, true);
    let list = |limit: Option<&str>, order: Option<&str>, after: Option<&str>| {
        let page = Page::new(limit, order, after).unwrap();
        let list = store
            .input_items("k", "resp_1", &page, Instant::now())
            .unwrap();
        serde_json::from_slice::<Value>(&list).unwrap()
    };
    let all = list(None, Some("asc"), None);
    assert_eq!(all["object"], "list");
    assert_eq!(all["has_more"], false);
    let items = all["data"].as_array().unwrap();
    assert_eq!(items.len(), full["input"].as_array().unwrap().len());
    for (item, sent) in items.iter().zip(full["input"].as_array().unwrap()) {
        assert!(item["id"].is_string() && item["type"] == sent["type"]);
    }
    assert_eq!(items[5], full["input"][5], "what has an id is as it was");
    let newest = list(Some("2"), None, None);
    assert_eq!(newest["data"][0], items[10]);
    assert_eq!(
        (newest["has_more"].clone(), newest["last_id"].clone()),
        (json!(true), items[9]["id"].clone())
    );
    let next = list(Some("2"), None, newest["last_id"].as_str());
    assert_eq!(next["data"][0], items[8]);
    for wrong in [
        Page::new(Some("0"), None, None),
        Page::new(Some("x"), None, None),
        Page::new(None, Some("up"), None),
    ] {
        assert_eq!(wrong.unwrap_err().kind, Kind::BadRequest);
    }
    let lost = Page::new(None, None, Some("msg_gone")).unwrap();
    assert!(
        store
            .input_items("k", "resp_1", &lost, Instant::now())
            .is_err()
    );
}

#[test]
fn a_text_is_listed_in_the_long_form() {
    let store = store();
    turn(
        &store,
        "k",
        "1",
        &json!({"model": "m", "input": "x"}),
        false,
    );
    let list = store
        .input_items("k", "resp_1", &Page::default(), Instant::now())
        .unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let expected = json!({"id": "msg_1_in_0", "type": "message", "status": "completed", "role": "user",
        "content": [{"type": "input_text", "text": "x"}]});
    assert_eq!(list["data"][0], expected);
}

#[test]
fn what_is_kept_is_bounded() {
    let ttl = Duration::from_secs(60);
    let limits = Limits {
        entries: 3,
        bytes: 4_000,
        ttl,
    };
    let store = ResponseStore::new(limits);
    let now = Instant::now();
    let answer = |id: usize, size: usize| {
        format!(
            "{{\"id\":\"resp_{id}\",\"output\":[],\"x\":\"{}\"}}",
            "x".repeat(size)
        )
    };
    for id in 0..9 {
        store.put("k", "[]".into(), answer(id, 10).as_bytes(), now);
        let (entries, bytes) = store.size();
        assert!(entries <= 3 && bytes <= 4_000);
    }
    assert!(
        store.get("k", "resp_5", now).is_err(),
        "the oldest go first"
    );
    assert!(store.get("k", "resp_8", now).is_ok());
    assert!(store.get("k", "resp_8", now + ttl).is_err(), "in time, too");
    store.put("k", "[]".into(), answer(10, 2_000).as_bytes(), now);
    assert!(
        store.get("k", "resp_10", now).is_err(),
        "one answer does not push out all others"
    );
    store.put("k", "[]".into(), b"{}", now);
    store.put("k", "[]".into(), b"\xff", now);
    assert_eq!(store.size().0, 3);
}
