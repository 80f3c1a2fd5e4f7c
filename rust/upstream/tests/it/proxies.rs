//! Forward proxies: HTTP CONNECT and SOCKS5, with and without credentials.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastproxy_core::error::Kind;
use fastproxy_upstream::{EndpointSettings, Outcome, RetryClass, Status, Timeouts};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::support::{Attempt, Connection, Identity, TestSink, Upstream, message, with_length};

type Asked = Arc<Mutex<Vec<String>>>;

fn upstream() -> Upstream {
    Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write(with_length("200 OK", "", "text a\ndone\n"))
            .await;
        connection.closed().await;
    })
}

/// Joins the connection to the upstream, whatever name it was asked for.
async fn join(connection: Connection, port: u16) {
    let mut there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _ended = copy_bidirectional(&mut connection.into_stream(), &mut there).await;
}

/// A CONNECT proxy that wants these credentials.
fn connect_proxy(port: u16, user: &'static str) -> (Upstream, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let proxy = Upstream::start(move |mut connection| {
        let log = Arc::clone(&log);
        async move {
            let head = connection.head().await.unwrap();
            log.lock()
                .unwrap()
                .push(head.lines().next().unwrap().to_owned());
            let wanted = format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(user));
            if !user.is_empty() && !head.contains(&wanted) {
                connection
                    .write(
                        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
                    )
                    .await;
                return;
            }
            connection
                .write("HTTP/1.1 200 Connection established\r\n\r\n")
                .await;
            join(connection, port).await;
        }
    });
    (proxy, asked)
}

/// A SOCKS5 proxy (RFC 1928, 1929) that wants these credentials.
fn socks_proxy(port: u16, user: Option<(&'static str, &'static str)>) -> (Upstream, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let proxy = Upstream::start(move |mut connection| {
        let log = Arc::clone(&log);
        async move {
            let methods = connection.read(2).await[1];
            connection.read(methods.into()).await;
            connection
                .write([5, if user.is_some() { 2 } else { 0 }])
                .await;
            if let Some((name, password)) = user {
                let length = connection.read(2).await[1];
                let given = connection.read(length.into()).await;
                let length = connection.read(1).await[0];
                let is_right = given == name.as_bytes()
                    && connection.read(length.into()).await == password.as_bytes();
                connection.write([1, u8::from(!is_right)]).await;
                if !is_right {
                    return;
                }
            }
            let target = socks_target(&mut connection).await;
            log.lock().unwrap().push(target);
            connection.write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            join(connection, port).await;
        }
    });
    (proxy, asked)
}

async fn socks_target(connection: &mut Connection) -> String {
    let kind = connection.read(4).await[3];
    let target = match kind {
        1 => connection
            .read(4)
            .await
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join("."),
        3 => {
            let length = connection.read(1).await[0];
            String::from_utf8(connection.read(length.into()).await).unwrap()
        }
        _ => panic!("address type {kind}"),
    };
    connection.read(2).await;
    target
}

async fn through(proxy: &str, settings: EndpointSettings) -> Outcome {
    let settings = EndpointSettings {
        proxy: Some(proxy.into()),
        ..settings
    };
    let attempt = Attempt {
        settings,
        ..Attempt::at("http://unused.test")
    };
    attempt.run(&mut TestSink::new()).await
}

#[tokio::test]
async fn connect_with_and_without_credentials() {
    let upstream = upstream();
    let target = format!("CONNECT upstream.test:{} HTTP/1.1", upstream.port());
    for (user, in_url) in [("", ""), ("us@er:p:w", "us%40er:p%3Aw@")] {
        let (proxy, asked) = connect_proxy(upstream.port(), user);
        let url = format!("http://{in_url}127.0.0.1:{}", proxy.port());
        let outcome = through(&url, EndpointSettings::new(upstream.url())).await;
        assert_eq!(outcome.status, Status::Completed);
        assert_eq!(*asked.lock().unwrap(), std::slice::from_ref(&target));
    }
}

#[tokio::test]
async fn a_proxy_that_refuses() {
    let (proxy, _) = connect_proxy(1, "user:right");
    let url = format!("http://user:wrong-hunter2@127.0.0.1:{}", proxy.port());
    let outcome = through(&url, EndpointSettings::new("https://upstream.test")).await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Safe)
    );
    assert_eq!(
        outcome.error.as_ref().unwrap().code.as_deref(),
        Some("proxy")
    );
    assert!(
        message(&outcome).contains("authorization required")
            && !message(&outcome).contains("hunter2")
    );
}

#[tokio::test]
async fn a_proxy_that_is_away_or_silent() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = through(
        &format!("http://{unused}"),
        EndpointSettings::new("https://upstream.test"),
    )
    .await;
    assert_eq!(message(&outcome), "the proxy refused the connection");
    let silent = Upstream::start(|mut connection| async move {
        connection.closed().await;
    });
    let settings = EndpointSettings {
        proxy: Some(format!("socks5h://127.0.0.1:{}", silent.port())),
        ..EndpointSettings::new("https://upstream.test")
    };
    let timeouts = Timeouts {
        connect: Duration::from_millis(60),
        ..Timeouts::default()
    };
    let attempt = Attempt {
        settings,
        timeouts,
        ..Attempt::at("http://unused.test")
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.class, outcome.error.unwrap().kind),
        (RetryClass::Safe, Kind::Timeout)
    );
}

#[tokio::test]
async fn socks_resolves_here_or_there() {
    let upstream = upstream();
    for (scheme, expected) in [("socks5", "127.0.0.1"), ("socks5h", "upstream.test")] {
        let (proxy, asked) = socks_proxy(upstream.port(), None);
        let url = format!("{scheme}://127.0.0.1:{}", proxy.port());
        let outcome = through(&url, EndpointSettings::new(upstream.url())).await;
        assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
        assert_eq!(*asked.lock().unwrap(), [expected]);
    }
}

#[tokio::test]
async fn socks_with_credentials() {
    let upstream = upstream();
    let (proxy, _) = socks_proxy(upstream.port(), Some(("user", "right")));
    for (password, status) in [("right", Status::Completed), ("wrong", Status::Failed)] {
        let url = format!("socks5h://user:{password}@127.0.0.1:{}", proxy.port());
        let outcome = through(&url, EndpointSettings::new(upstream.url())).await;
        assert_eq!(outcome.status, status);
    }
}

#[tokio::test]
async fn tls_goes_through_the_tunnel() {
    let identity = Identity::of("upstream.test");
    let upstream = Upstream::start_tls(identity.server(&[]), |mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write(with_length("200 OK", "", "text a\ndone\n"))
            .await;
        connection.closed().await;
    });
    let (proxy, _) = connect_proxy(upstream.port(), "");
    let settings = EndpointSettings {
        extra_ca: Some(identity.authority()),
        ..EndpointSettings::new(upstream.url())
    };
    let outcome = through(&format!("http://127.0.0.1:{}", proxy.port()), settings).await;
    assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
}

/// Addresses are checked where we can see them: written in the URL, or resolved here.
#[tokio::test]
async fn private_addresses_are_blocked_before_the_proxy_is_asked() {
    let (proxy, asked) = socks_proxy(1, None);
    let url = format!("socks5://127.0.0.1:{}", proxy.port());
    for target in ["http://127.0.0.1:1", "http://upstream.test:1"] {
        let settings = EndpointSettings {
            allow_private: false,
            ..EndpointSettings::new(target)
        };
        let outcome = through(&url, settings).await;
        assert_eq!(
            outcome.error.unwrap().code.as_deref(),
            Some("blocked_address")
        );
    }
    assert!(asked.lock().unwrap().is_empty());
}
