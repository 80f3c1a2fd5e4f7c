//! Small calls: logins, token counts, model lists.

use std::time::Duration;

use fastproxy_core::error::{Error, Kind};
use fastproxy_upstream::{Call, EndpointSettings, Fetched, Timeouts};
use http::Method;

use crate::support::{Upstream, client, with_length};

async fn fetch(
    upstream: &Upstream,
    timeouts: Timeouts,
    max_bytes: usize,
) -> Result<Fetched, Error> {
    let client = client();
    let endpoint = client
        .endpoint(&EndpointSettings::new(upstream.url() + "/api/"))
        .unwrap();
    let call = Call::new(&endpoint, Method::GET, "/v1/models?limit=5", "")
        .and_then(|call| call.header("x-api-key", "sk-test-2"))
        .and_then(|call| call.header("Connection", "upgrade"))
        .and_then(|call| call.header("Host", "elsewhere.test"))
        .unwrap();
    assert!(
        !format!("{call:?}").contains("sk-test-2"),
        "keys stay out of debug output"
    );
    client.fetch(&call, &timeouts, max_bytes).await
}

fn answering(response: String) -> Upstream {
    Upstream::start(move |mut connection| {
        let response = response.clone();
        async move {
            let (head, _) = connection.request().await.unwrap();
            assert!(
                head.starts_with("GET /api/v1/models?limit=5 HTTP/1.1\r\n"),
                "{head}"
            );
            assert!(
                head.contains("x-api-key: sk-test-2\r\n") && !head.contains("upgrade"),
                "{head}"
            );
            assert!(
                head.contains("host: upstream.test:") && !head.contains("elsewhere"),
                "{head}"
            );
            connection.write(response).await;
            connection.closed().await;
        }
    })
}

#[tokio::test]
async fn the_whole_answer_comes_back_whatever_its_status() {
    for status in ["200 OK", "404 Not Found", "500 Oops"] {
        let upstream = answering(with_length(status, "x-kind: list\r\n", "[1,2]"));
        let fetched = fetch(&upstream, Timeouts::default(), 100).await.unwrap();
        assert_eq!(fetched.status, status[..3].parse::<u16>().unwrap());
        assert_eq!(
            (
                fetched.headers["x-kind"].to_str().unwrap(),
                &fetched.body[..]
            ),
            ("list", b"[1,2]".as_slice())
        );
    }
}

#[tokio::test]
async fn it_is_bounded_in_size_and_time() {
    let upstream = answering(with_length("200 OK", "", &"x".repeat(101)));
    assert!(fetch(&upstream, Timeouts::default(), 101).await.is_ok());
    let error = fetch(&upstream, Timeouts::default(), 100)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Upstream);
    let stalled = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[".into());
    let timeouts = Timeouts {
        total: Duration::from_millis(60),
        ..Timeouts::default()
    };
    assert_eq!(
        fetch(&stalled, timeouts, 100).await.unwrap_err().kind,
        Kind::Timeout
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let upstream = answering(with_length(
        "302 Found",
        "location: http://127.0.0.1/\r\n",
        "",
    ));
    let error = fetch(&upstream, Timeouts::default(), 100)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::Upstream, "redirect refused")
    );
}

#[tokio::test]
async fn bad_headers_are_refused_before_anything_is_sent() {
    let client = client();
    let endpoint = client
        .endpoint(&EndpointSettings::new("http://upstream.test"))
        .unwrap();
    for (name, value) in [
        ("x-key", "a\r\nb: c"),
        ("x key", "a"),
        ("", "a"),
        ("x", "a\0"),
    ] {
        let call = Call::new(&endpoint, Method::GET, "/", "").unwrap();
        let error = call.header(name, value).err().unwrap();
        assert_eq!(error.setting, "header");
        assert!(!error.to_string().contains("b: c"));
    }
    assert!(Call::new(&endpoint, Method::GET, "/v1/a b", "").is_err());
    assert!(Call::new(&endpoint, Method::GET, "v1", "").is_err());
}
