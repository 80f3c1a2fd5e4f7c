//! Names and connections that do not come about (U01 to U06).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastproxy_core::error::{Kind, Retry};
use fastproxy_upstream::dns::{Lookup, Lookups};
use fastproxy_upstream::{
    Client, ClientSettings, EndpointSettings, Outcome, RetryClass, Status, Timeouts,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Attempt, Names, TestSink, Upstream, assert_within, message, with_length};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn resolving(lookups: impl Lookups + 'static) -> Client {
    Client::with_lookups(ClientSettings::default(), Arc::new(lookups))
}

fn assert_unreachable(outcome: &Outcome, kind: Kind, text: &str) {
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Safe)
    );
    let error = outcome.error.as_ref().unwrap();
    assert_eq!((error.kind, error.retry), (kind, Retry::OtherAccount));
    assert!(message(outcome).contains(text), "{}", message(outcome));
    assert!(!message(outcome).contains("upstream.test") && !message(outcome).contains("127.0.0.1"));
}

/// A listener whose queue is full: further connections get no answer, as behind a firewall that drops.
async fn black_hole(address: IpAddr, port: u16) -> (TcpListener, Vec<TcpStream>) {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
    .unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((address, port).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let target = listener.local_addr().unwrap();
    let mut held = Vec::new();
    // Linux takes one connection more than the backlog says.
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(target)).await
    {
        held.push(stream);
    }
    (listener, held)
}

#[tokio::test]
async fn refused() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert_within(Duration::from_millis(100), async || {
        let url = format!("http://127.0.0.1:{}", unused.port());
        let outcome = Attempt::at(&url).run(&mut TestSink::new()).await;
        assert_unreachable(&outcome, Kind::Unreachable, "refused");
        outcome.duration
    })
    .await;
}

#[tokio::test]
async fn no_answer_to_the_connect() {
    let (listener, _held) = black_hole(V4, 0).await;
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let timeouts = Timeouts {
        connect: Duration::from_millis(80),
        ..Timeouts::default()
    };
    let outcome = Attempt {
        timeouts,
        ..Attempt::at(&url)
    }
    .run(&mut TestSink::new())
    .await;
    assert_unreachable(&outcome, Kind::Timeout, "80ms");
}

#[tokio::test]
async fn unknown_and_empty_names() {
    for (names, text) in [
        (Names(Vec::new()), "could not be resolved"),
        (Names(vec![("upstream.test", Vec::new())]), "no address"),
    ] {
        let attempt = Attempt {
            client: resolving(names),
            ..Attempt::at("http://upstream.test")
        };
        let outcome = attempt.run(&mut TestSink::new()).await;
        assert_unreachable(&outcome, Kind::Unreachable, text);
        assert_eq!(outcome.error.unwrap().code.as_deref(), Some("dns"));
    }
}

#[tokio::test]
async fn a_look_up_that_never_ends_is_a_connect_timeout() {
    struct Silent;
    impl Lookups for Silent {
        fn lookup(&self, _: &str) -> Lookup {
            Box::pin(std::future::pending())
        }
    }
    let timeouts = Timeouts {
        connect: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let attempt = Attempt {
        client: resolving(Silent),
        timeouts,
        ..Attempt::at("http://upstream.test")
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_unreachable(&outcome, Kind::Timeout, "50ms");
}

#[tokio::test]
async fn private_addresses_are_blocked_when_told() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await;
    });
    for host in ["upstream.test", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}", upstream.port());
        let settings = EndpointSettings {
            allow_private: false,
            ..EndpointSettings::new(&url)
        };
        let outcome = Attempt {
            settings,
            ..Attempt::at(&url)
        }
        .run(&mut TestSink::new())
        .await;
        assert_unreachable(&outcome, Kind::Unreachable, "blocked");
    }
    assert_eq!(upstream.connections(), 0);
}

fn answering_document() -> Upstream {
    Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write(with_length(
                "200 OK",
                "connection: close\r\n",
                "text a\ndone\n",
            ))
            .await;
    })
}

/// U06: the preferred address family is dead.
#[tokio::test]
async fn a_dead_family_costs_little() {
    let upstream = answering_document();
    let _dead = black_hole(V6, upstream.port()).await;
    assert_within(Duration::from_millis(300), async || {
        let names = Names(vec![("upstream.test", vec![V6, V4])]);
        let attempt = Attempt {
            client: resolving(names),
            ..Attempt::of(&upstream)
        };
        let outcome = attempt.run(&mut TestSink::new()).await;
        assert_eq!(outcome.status, Status::Completed);
        outcome.duration
    })
    .await;
}

#[tokio::test]
async fn the_last_good_answer_outlives_the_resolver() {
    #[derive(Clone, Default)]
    struct Failing(Arc<AtomicBool>);
    impl Lookups for Failing {
        fn lookup(&self, _: &str) -> Lookup {
            let result = if self.0.load(Ordering::SeqCst) {
                Err(io::Error::other("SERVFAIL"))
            } else {
                Ok(vec![V4])
            };
            Box::pin(async move { result })
        }
    }
    let upstream = answering_document();
    let lookups = Failing::default();
    let client = resolving(lookups.clone());
    for _ in 0..2 {
        let attempt = Attempt {
            client: client.clone(),
            ..Attempt::of(&upstream)
        };
        assert_eq!(
            attempt.run(&mut TestSink::new()).await.status,
            Status::Completed
        );
        lookups.0.store(true, Ordering::SeqCst);
    }
    assert_eq!(upstream.connections(), 2);
}

/// A flipping answer (DNS rebinding) is judged by the address that would be connected to.
#[tokio::test]
async fn an_answer_that_flips_to_a_private_address_is_blocked() {
    let upstream = answering_document();
    let url = upstream.url();
    let settings = EndpointSettings {
        allow_private: false,
        ..EndpointSettings::new(&url)
    };
    let mixed = Names(vec![(
        "upstream.test",
        vec![V4, "10.0.0.1".parse().unwrap()],
    )]);
    let attempt = Attempt {
        client: resolving(mixed),
        settings,
        ..Attempt::at(&url)
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(
        outcome.error.as_ref().unwrap().code.as_deref(),
        Some("blocked_address")
    );
    assert_eq!(upstream.connections(), 0);
}
