//! U17: what error answers say about trying again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastproxy_upstream::retry_after::{MAX_WAIT, parse};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Fri, 20 Nov 2026 19:04:34 GMT.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_201_474)
}

fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
    let pairs = headers.iter().map(|(name, value)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    parse(&pairs.collect::<HeaderMap>(), now()).after
}

#[test]
fn retry_after() {
    for (value, expected) in [
        ("7", Some(Duration::from_secs_f64(7.0))),
        ("0", Some(Duration::from_secs_f64(0.0))),
        ("0.5", Some(Duration::from_secs_f64(0.5))),
        (" 12 ", Some(Duration::from_secs_f64(12.0))),
        ("-1", None),
        ("-0.5", None),
        ("9e99", Some(MAX_WAIT)),
        ("99999999999999999999", Some(MAX_WAIT)),
        ("inf", None),
        ("NaN", None),
        ("soon", None),
        ("", None),
        ("7 seconds", None),
        (
            "Fri, 20 Nov 2026 19:05:34 GMT",
            Some(Duration::from_secs_f64(60.0)),
        ),
        (
            "Friday, 20-Nov-26 19:05:34 GMT",
            Some(Duration::from_secs_f64(60.0)),
        ),
        (
            "Fri Nov 20 19:05:34 2026",
            Some(Duration::from_secs_f64(60.0)),
        ),
        (
            "Fri, 20 Nov 2026 19:04:33 GMT",
            Some(Duration::from_secs_f64(0.0)),
        ),
        (
            "Thu, 01 Jan 1970 00:00:00 GMT",
            Some(Duration::from_secs_f64(0.0)),
        ),
        ("Sat, 20 Nov 2027 19:04:34 GMT", Some(MAX_WAIT)),
        ("Fri, 99 Nov 2026 19:05:34 GMT", None),
    ] {
        assert_eq!(wait(&[("retry-after", value)]), expected, "{value}");
    }
}

#[test]
fn milliseconds_come_first() {
    assert_eq!(
        wait(&[("retry-after-ms", "1500"), ("retry-after", "9")]),
        Some(Duration::from_secs_f64(1.5))
    );
    assert_eq!(
        wait(&[("retry-after-ms", "-1"), ("retry-after", "9")]),
        Some(Duration::from_secs_f64(9.0))
    );
    assert_eq!(wait(&[("retry-after-ms", "garbage")]), None);
    assert_eq!(wait(&[("retry-after-ms", "9e99")]), Some(MAX_WAIT));
}

#[test]
fn openai_windows() {
    for (value, expected) in [
        ("1s", Some(Duration::from_secs_f64(1.0))),
        ("6m0s", Some(Duration::from_secs_f64(360.0))),
        ("120ms", Some(Duration::from_secs_f64(0.12))),
        ("1h2m3.5s", Some(Duration::from_secs_f64(3723.5))),
        ("1d", Some(MAX_WAIT)),
        ("30", Some(Duration::from_secs_f64(30.0))),
        ("1795201484", Some(Duration::from_secs_f64(10.0))),
        ("1795201400", Some(Duration::from_secs_f64(0.0))),
        ("9e99", Some(MAX_WAIT)),
        ("-5s", None),
        ("5 parsecs", None),
        ("s", None),
        ("1.2.3s", None),
        ("", None),
    ] {
        let expected = if value == "9e99" { None } else { expected };
        assert_eq!(
            wait(&[("x-ratelimit-reset-tokens", value)]),
            expected,
            "{value}"
        );
    }
}

/// The longest wait counts, but only of windows that are used up.
#[test]
fn open_windows_do_not_count() {
    let requests = [
        ("x-ratelimit-reset-requests", "8.64s"),
        ("x-ratelimit-remaining-requests", "9999"),
    ];
    let tokens = [
        ("x-ratelimit-reset-tokens", "250ms"),
        ("x-ratelimit-remaining-tokens", "0"),
    ];
    assert_eq!(
        wait(&[requests, tokens].concat()),
        Some(Duration::from_secs_f64(0.25))
    );
    assert_eq!(wait(&requests), None);
    assert_eq!(
        wait(&[requests[0], tokens[0]]),
        Some(Duration::from_secs_f64(8.64))
    );
    assert_eq!(
        wait(&[("retry-after", "2"), requests[0]]),
        Some(Duration::from_secs_f64(2.0)),
        "the explicit answer wins"
    );
}

#[test]
fn anthropic_windows() {
    for (value, expected) in [
        ("2026-11-20T19:05:34Z", Some(Duration::from_secs_f64(60.0))),
        (
            "2026-11-20T19:05:34.123Z",
            Some(Duration::from_secs_f64(60.0)),
        ),
        (
            "2026-11-20T21:05:34+02:00",
            Some(Duration::from_secs_f64(60.0)),
        ),
        (
            "2026-11-20T17:05:34-02:00",
            Some(Duration::from_secs_f64(60.0)),
        ),
        ("2026-11-20t19:04:00z", Some(Duration::from_secs_f64(0.0))),
        ("2024-02-29T00:00:00Z", Some(Duration::from_secs_f64(0.0))),
        ("2030-01-01T00:00:00Z", Some(MAX_WAIT)),
        ("2026-13-20T19:05:34Z", None),
        ("2026-11-20T25:05:34Z", None),
        ("2026-11-20T19:05:34", None),
        ("2026-11-20", None),
        ("+026-11-20T19:05:34Z", None),
        ("2026-11-20T19:05:34+é:00", None),
        ("1795201484", None),
    ] {
        let Ok(header) = HeaderValue::from_bytes(value.as_bytes()) else {
            continue;
        };
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-ratelimit-input-tokens-reset", header);
        assert_eq!(parse(&headers, now()).after, expected, "{value}");
    }
}

#[test]
fn whether_to_retry_at_all() {
    for (value, expected) in [
        ("true", Some(true)),
        ("false", Some(false)),
        ("maybe", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("x-should-retry", HeaderValue::from_static(value));
        assert_eq!(parse(&headers, now()).should_retry, expected);
    }
    assert_eq!(
        parse(&HeaderMap::new(), now()),
        fastproxy_upstream::retry_after::RetryHint::default()
    );
}
