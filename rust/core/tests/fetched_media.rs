//! Media named by a URL, for targets that need the bytes.

#![allow(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers test functions only, not the helpers they share"
)]

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Dialect, Profile, Target};
use fastproxy_core::loss::Code;
use fastproxy_core::transcode::{ClientRequest, Fetched, Routing};
use serde_json::{Value, json};

/// A picture of the user's, and one in a tool's result.
fn request() -> ClientRequest {
    let image = |url: &str| json!({"type": "image", "source": {"type": "url", "url": url}});
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": [image("https://a.test/1.png"), {"type": "text", "text": "look"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "shot", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [image("https://a.test/2.png")]},
        ]},
    ]});
    let body = Bytes::from(body.to_string());
    ClientRequest::parse(Dialect::Anthropic, body, ClientContext::default(), None).unwrap()
}

fn target(media_urls: bool) -> Target {
    Target {
        model: "up".into(),
        profile: Profile {
            media_urls,
            ..Profile::default()
        },
        ..Target::default()
    }
}

#[test]
fn urls_are_wanted_only_where_bytes_are_needed() {
    let wanted = |dialect, urls| request().wanted_media(dialect, &target(urls)).unwrap();
    let found = wanted(Dialect::OpenaiChat, false);
    assert_eq!(
        found,
        [
            (
                "https://a.test/1.png".into(),
                "/messages/0/content/0".into()
            ),
            (
                "https://a.test/2.png".into(),
                "/messages/2/content/0/content/0".into()
            ),
        ]
    );
    assert!(wanted(Dialect::OpenaiChat, true).is_empty());
    assert!(
        wanted(Dialect::Anthropic, false).is_empty(),
        "what is relayed stays as it is"
    );
}

#[test]
fn what_was_fetched_stands_in_the_request_and_is_reported() {
    let fetched = Fetched::new("image/png".into(), b"PNG");
    let routing = Routing {
        media: [("https://a.test/1.png".to_owned(), fetched)].into(),
        ..Routing::default()
    };
    let prepared = request()
        .prepare(Dialect::OpenaiChat, &target(false), &routing)
        .unwrap();
    let body: Value = serde_json::from_slice(&prepared.body).unwrap();
    let image = &body["messages"][0]["content"][0]["image_url"]["url"];
    assert_eq!(image, "data:image/png;base64,UE5H");
    assert!(
        body.to_string().contains("https://a.test/2.png"),
        "what was not fetched stays"
    );
    let reported = prepared
        .loss
        .entries()
        .iter()
        .filter(|loss| loss.code == Code::MediaFetched);
    assert_eq!(reported.count(), 1);
}

#[test]
fn gemini_reads_googles_own_addresses_itself() {
    let urls = [
        "https://example.com/a.png",
        "gs://bucket/a.png",
        "https://youtu.be/x",
    ];
    let parts: Vec<_> = urls
        .iter()
        .map(|url| json!({"type": "image_url", "image_url": {"url": url}}))
        .collect();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": parts}]});
    let request = ClientRequest::parse(
        Dialect::OpenaiChat,
        body.to_string().into(),
        ClientContext::default(),
        None,
    )
    .unwrap();
    let wanted = request
        .wanted_media(Dialect::Gemini, &Target::default())
        .unwrap();
    let found: Vec<_> = wanted.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(found, ["https://example.com/a.png"]);
}
