//! Answers that are not 2xx: what they mean, and whether to try again.

use std::time::{Duration, SystemTime};

use fastproxy_core::error::{Error, Kind, Retry};
use http::HeaderMap;

use crate::error::Failure;
use crate::exchange::Answer;
use crate::outcome::RetryClass;
use crate::retry_after;

/// What this error answer means.
pub(crate) fn classify(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    answer: &impl Answer,
) -> Failure {
    judge(
        status,
        headers,
        body,
        answer.decode_error(status, body),
        SystemTime::now(),
    )
}

fn judge(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    mut error: Error,
    now: SystemTime,
) -> Failure {
    error.upstream_status = Some(status);
    let hint = retry_after::parse(headers, now);
    let from_headers = hint.after.map(milliseconds);
    error.retry_after_ms = error.retry_after_ms.max(from_headers);
    error.retry = retry(&error, hint.should_retry);
    Failure {
        class: class(status, headers, body, error.retry),
        error,
    }
}

/// By kind, which the codec took from the body where it could (an unknown key is a 400 at Google).
fn retry(error: &Error, should_retry: Option<bool>) -> Retry {
    match error.kind {
        // The client's mistake stays one on every account.
        Kind::BadRequest
        | Kind::ContextTooLong
        | Kind::Method
        | Kind::TooLarge
        | Kind::MediaType
        | Kind::Unprocessable => Retry::Never,
        _ if error.retry == Retry::Never => Retry::Never,
        Kind::RateLimit | Kind::Overloaded if should_retry != Some(false) => error
            .retry_after_ms
            .map_or(Retry::OtherAccount, Retry::SameAfter),
        _ => Retry::OtherAccount,
    }
}

/// A complete error answer says that no work was done. One from an intermediary does not: behind it the request may
/// still run.
fn class(status: u16, headers: &HeaderMap, body: &[u8], retry: Retry) -> RetryClass {
    let is_page = is_html(headers) || body.trim_ascii_start().starts_with(b"<");
    let is_bare_gateway_timeout = status == 504 && !body.trim_ascii_start().starts_with(b"{");
    if retry == Retry::Never {
        RetryClass::Never
    } else if status >= 500 && (is_page || is_bare_gateway_timeout) {
        RetryClass::Ambiguous
    } else {
        RetryClass::Safe
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(http::header::CONTENT_TYPE)
        .map(http::HeaderValue::as_bytes);
    content_type.is_some_and(|value| {
        value
            .get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"))
    })
}

fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastproxy_core::error::Source;

    fn classified(
        status: u16,
        header: Option<(&'static str, &'static str)>,
        body: &str,
    ) -> Failure {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        let error = Error::new(Kind::from_status(status), Source::Upstream, "refused");
        judge(
            status,
            &headers,
            body.as_bytes(),
            error,
            SystemTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn only_the_clients_own_mistakes_are_final() {
        for status in [400, 405, 413, 415, 422] {
            let failure = classified(status, None, "{}");
            assert_eq!(
                (failure.class, failure.error.retry),
                (RetryClass::Never, Retry::Never),
                "{status}"
            );
        }
        for status in [401, 402, 403, 404, 408, 409, 429, 500, 502, 503, 529] {
            let failure = classified(status, None, "{}");
            assert_eq!(
                (failure.class, failure.error.retry),
                (RetryClass::Safe, Retry::OtherAccount),
                "{status}"
            );
            assert_eq!(failure.error.upstream_status, Some(status));
        }
    }

    #[test]
    fn a_stated_wait_allows_the_same_account() {
        let failure = classified(429, Some(("retry-after", "7")), "{}");
        assert_eq!(failure.error.retry, Retry::SameAfter(7000));
        assert_eq!(failure.error.retry_after_ms, Some(7000));
    }

    #[test]
    fn a_page_of_an_intermediary_leaves_the_request_in_doubt() {
        assert_eq!(
            classified(502, None, "  <html>").class,
            RetryClass::Ambiguous
        );
        assert_eq!(
            classified(503, Some(("content-type", "text/HTML; charset=x")), "").class,
            RetryClass::Ambiguous
        );
        assert_eq!(
            classified(504, None, "upstream request timeout").class,
            RetryClass::Ambiguous
        );
        assert_eq!(
            classified(504, None, "{\"error\":{}}").class,
            RetryClass::Safe
        );
        assert_eq!(classified(403, None, "<html>").class, RetryClass::Safe);
    }
}
