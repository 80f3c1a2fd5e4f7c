//! TLS that fails, and TLS that works (U04).

use std::sync::Arc;
use std::time::Duration;

use fastproxy_core::error::{Kind, Retry};
use fastproxy_upstream::{EndpointSettings, Outcome, RetryClass, Status, Timeouts};

use crate::support::{
    Attempt, Connection, Identity, Lines, TestSink, Upstream, client, message, with_length,
};

async fn polite(mut connection: Connection) {
    while connection.request().await.is_some() {
        connection
            .write(with_length("200 OK", "", "text a\ndone\n"))
            .await;
    }
}

fn trusting(upstream: &Upstream, extra_ca: Option<Arc<[u8]>>) -> Attempt {
    let settings = EndpointSettings {
        extra_ca,
        ..EndpointSettings::new(upstream.url())
    };
    Attempt {
        settings,
        ..Attempt::of(upstream)
    }
}

fn assert_tls_failure(outcome: &Outcome, text: &str) {
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Safe)
    );
    let error = outcome.error.as_ref().unwrap();
    assert_eq!(
        (error.kind, error.retry),
        (Kind::Unreachable, Retry::OtherAccount)
    );
    assert!(
        error.message.contains("TLS") && error.message.contains(text),
        "{}",
        error.message
    );
    assert!(
        !error.message.contains("upstream.test"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_named() {
    let identity = Identity::of("upstream.test");
    let upstream = Upstream::start_tls(identity.server(&[b"http/1.1"]), polite);
    let mut sink = TestSink::new();
    let outcome = trusting(&upstream, Some(identity.authority()))
        .run(&mut sink)
        .await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
}

#[tokio::test]
async fn bad_certificates_are_refused_and_never_accepted_later() {
    let good = Identity::of("upstream.test");
    let expired = Identity::expired("upstream.test");
    let other = Identity::of("other.test");
    for (identity, authority, text) in [
        (&expired, Some(expired.authority()), "expired"),
        (&other, Some(other.authority()), "another host name"),
        (&good, None, "not trusted"),
        (&good, Some(other.authority()), "not trusted"),
    ] {
        let upstream = Upstream::start_tls(identity.server(&[]), |_| async {
            panic!("a request arrived")
        });
        let outcome = trusting(&upstream, authority)
            .run(&mut TestSink::new())
            .await;
        assert_tls_failure(&outcome, text);
        assert_eq!(upstream.connections(), 1, "no second try");
    }
}

#[tokio::test]
async fn verification_can_be_switched_off_per_endpoint() {
    let identity = Identity::expired("other.test");
    let upstream = Upstream::start_tls(identity.server(&[]), polite);
    let unverified = EndpointSettings {
        verify_tls: false,
        ..EndpointSettings::new(upstream.url())
    };
    let attempt = Attempt {
        settings: unverified,
        ..Attempt::of(&upstream)
    };
    let shared = attempt.client.clone();
    assert_eq!(
        attempt.run(&mut TestSink::new()).await.status,
        Status::Completed
    );
    let verified = Attempt {
        client: shared,
        ..Attempt::of(&upstream)
    };
    assert_tls_failure(&verified.run(&mut TestSink::new()).await, "expired");
}

#[tokio::test]
async fn servers_that_speak_something_else() {
    // A fatal alert protocol_version, as a server gives that only speaks TLS 1.0; and no TLS at all.
    for (bytes, text) in [
        ("\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}F", "ProtocolVersion"),
        ("220 smtp ready\r\n", "does not speak TLS"),
    ] {
        let upstream = Upstream::start(move |mut connection| async move {
            connection.write(bytes).await;
            connection.closed().await;
        });
        let url = upstream.url().replace("http:", "https:");
        let outcome = Attempt::at(&url).run(&mut TestSink::new()).await;
        assert_tls_failure(&outcome, text);
    }
}

#[tokio::test]
async fn a_stalled_handshake_says_so() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.closed().await;
    });
    let url = upstream.url().replace("http:", "https:");
    let timeouts = Timeouts {
        connect: Duration::from_millis(60),
        ..Timeouts::default()
    };
    let outcome = Attempt {
        timeouts,
        ..Attempt::at(&url)
    }
    .run(&mut TestSink::new())
    .await;
    assert_eq!(
        (outcome.class, outcome.error.as_ref().unwrap().kind),
        (RetryClass::Safe, Kind::Timeout)
    );
    assert!(message(&outcome).contains("TLS"), "{}", message(&outcome));
}

/// Without close_notify the end of a body that has no length could be an attacker's, however complete it looks.
#[tokio::test]
async fn a_truncation_attack_is_a_truncation() {
    for (is_proper, status) in [(true, Status::Completed), (false, Status::Failed)] {
        let identity = Identity::of("upstream.test");
        let upstream =
            Upstream::start_tls(identity.server(&[]), move |mut connection| async move {
                connection.request().await.unwrap();
                connection
                    .write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}")
                    .await;
                if is_proper {
                    connection.half_close().await;
                }
            });
        let attempt = trusting(&upstream, Some(identity.authority()));
        let attempt = Attempt {
            answer: Lines::document(),
            ..attempt
        };
        let outcome = attempt.run(&mut TestSink::new()).await;
        assert_eq!(outcome.status, status);
        let kind = outcome.error.map(|error| error.kind);
        assert_eq!(kind, (!is_proper).then_some(Kind::Truncated));
    }
}

#[tokio::test]
async fn unusable_authorities_are_refused_at_once() {
    for pem in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let extra_ca: Option<Arc<[u8]>> = Some(pem.as_bytes().into());
        let settings = EndpointSettings {
            extra_ca,
            ..EndpointSettings::new("https://upstream.test")
        };
        let error = client().endpoint(&settings).err().unwrap();
        assert_eq!(error.setting, "extra_ca");
    }
}
