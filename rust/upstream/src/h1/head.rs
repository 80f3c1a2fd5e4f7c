//! The head of a response: status, headers, and how its body ends (RFC 9112 §6).

use bytes::Bytes;
use fastproxy_core::error::Kind;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::chunked::Chunked;
use crate::error::Failure;

/// Largest head, interim responses included. Real upstreams stay under 8 KiB.
pub(crate) const MAX_HEAD: usize = 64 << 10;
/// Most header lines.
pub(crate) const MAX_HEADERS: usize = 100;

/// How a body ends.
#[derive(Clone, Debug)]
pub(crate) enum Framing {
    /// After this many bytes more.
    Length(u64),
    /// With its last chunk.
    Chunked(Chunked),
    /// With the connection.
    Close,
}

/// A parsed head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether the connection may serve another request after this response.
    pub(crate) is_persistent: bool,
}

/// Parse the head at the front of `bytes`, skipping interim (1xx) ones: it and its length, `None` when it is incomplete.
pub(crate) fn parse(bytes: &[u8], method: &Method) -> Result<Option<(Head, usize)>, Failure> {
    let mut start = 0;
    loop {
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut lines);
        let length = match response.parse(&bytes[start..]) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Err(refuse(
                    "the upstream's response headers are too large or too many",
                ));
            }
            Err(_) => return Err(refuse("the upstream's response is not valid HTTP")),
        };
        let end = start + length;
        if end > MAX_HEAD {
            return Err(refuse(
                "the upstream's response headers are too large or too many",
            ));
        }
        let status = response.code.unwrap_or_default();
        match status {
            101 => return Err(refuse("the upstream switched protocols unasked")),
            100..=199 => start = end,
            _ => {
                let is_http11 = response.version == Some(1);
                let headers = header_map(&bytes[start..end], response.headers)?;
                let framing = framing(status, &headers, method, is_http11)?;
                let is_persistent =
                    is_persistent(&headers, is_http11) && !matches!(framing, Framing::Close);
                return Ok(Some((
                    Head {
                        status,
                        headers,
                        framing,
                        is_persistent,
                    },
                    end,
                )));
            }
        }
    }
}

/// One allocation holds all values.
fn header_map(head: &[u8], lines: &[httparse::Header<'_>]) -> Result<HeaderMap, Failure> {
    let invalid = || refuse("the upstream's response is not valid HTTP");
    let shared = Bytes::copy_from_slice(head);
    let mut headers = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| invalid())?;
        let from = line.value.as_ptr() as usize - head.as_ptr() as usize;
        let value = if line.value.is_empty() {
            Bytes::new()
        } else {
            shared.slice(from..from + line.value.len())
        };
        headers.append(
            name,
            HeaderValue::from_maybe_shared(value).map_err(|_| invalid())?,
        );
    }
    Ok(headers)
}

/// RFC 9112 §6.3, without its leniencies: what two readers could read differently is refused.
fn framing(
    status: u16,
    headers: &HeaderMap,
    method: &Method,
    is_http11: bool,
) -> Result<Framing, Failure> {
    if status == 204 || status == 304 || method == Method::HEAD {
        return Ok(Framing::Length(0));
    }
    let length = content_length(headers)?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(length.map_or(Framing::Close, Framing::Length));
    };
    if length.is_some() {
        // It may be an attempt at response splitting (§6.1).
        return Err(refuse("the upstream's response has two lengths"));
    }
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    if !is_chunked || !is_http11 {
        return Err(refuse(
            "the upstream's response has an unknown transfer coding",
        ));
    }
    Ok(Framing::Chunked(Chunked::default()))
}

/// The one length that all lines agree on.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let mut agreed = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for part in value.as_bytes().split(|byte| *byte == b',') {
            let part = part.trim_ascii();
            // Rust's parser also takes a sign.
            let is_plain = part.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(part)
                .ok()
                .filter(|_| is_plain)
                .and_then(|part| part.parse::<u64>().ok());
            match (length, agreed) {
                (Some(length), None) => agreed = Some(length),
                (Some(length), Some(other)) if length == other => {}
                _ => return Err(refuse("the upstream's response has no valid length")),
            }
        }
    }
    Ok(agreed)
}

/// HTTP/1.1 keeps connections unless told otherwise, HTTP/1.0 the other way round.
fn is_persistent(headers: &HeaderMap, is_http11: bool) -> bool {
    let says = |token: &[u8]| {
        let mut values = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        values.any(|value| value.trim_ascii().eq_ignore_ascii_case(token))
    };
    !says(b"close") && (is_http11 || says(b"keep-alive"))
}

fn refuse(message: &str) -> Failure {
    Failure::answer(Kind::Upstream, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<Option<(Head, usize)>, Failure> {
        parse(text.as_bytes(), &Method::POST)
    }

    fn head(text: &str) -> Head {
        parsed(text).unwrap().unwrap().0
    }

    #[test]
    fn a_head_is_complete_with_its_blank_line() {
        let text = "HTTP/1.1 200 OK\r\nA: b\r\nempty:\r\na:  c \r\n\r\nbody";
        for end in 0..text.len() - 4 {
            assert!(parsed(&text[..end]).unwrap().is_none(), "{end}");
        }
        let (head, used) = parsed(text).unwrap().unwrap();
        assert_eq!((head.status, &text[used..]), (200, "body"));
        assert_eq!(
            head.headers.get_all("a").iter().collect::<Vec<_>>(),
            ["b", "c"]
        );
        assert_eq!(head.headers["empty"], "");
    }

    #[test]
    fn interim_responses_are_skipped() {
        let (head, used) =
            parsed("HTTP/1.1 100\r\n\r\nHTTP/1.1 103 X\r\na: b\r\n\r\nHTTP/1.1 404 N\r\n\r\n")
                .unwrap()
                .unwrap();
        assert_eq!((head.status, used), (404, 58));
        assert!(head.headers.is_empty());
        let endless = "HTTP/1.1 102 Processing\r\n\r\n".repeat(3000);
        assert!(parsed(&endless).is_err());
        assert!(parsed("HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err());
    }

    #[test]
    fn bodies_end_as_the_rfc_says() {
        let framed = |headers: &str| head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).framing;
        assert!(matches!(
            framed("content-length: 5\r\n"),
            Framing::Length(5)
        ));
        assert!(matches!(
            framed("content-length: 5, 5\r\ncontent-length:5\r\n"),
            Framing::Length(5)
        ));
        assert!(matches!(
            framed("transfer-encoding: Chunked\r\n"),
            Framing::Chunked(_)
        ));
        assert!(matches!(framed(""), Framing::Close));
        assert!(matches!(
            head("HTTP/1.1 204 N\r\ncontent-length: 5\r\n\r\n").framing,
            Framing::Length(0)
        ));
        for headers in [
            "content-length: 5\r\ncontent-length: 6\r\n",
            "content-length: 5, 6\r\n",
            "content-length: +5\r\n",
            "content-length: \r\n",
            "content-length: 99999999999999999999\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: identity\r\n",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        ] {
            assert!(
                parsed(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).is_err(),
                "{headers}"
            );
        }
        assert!(parsed("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn connections_are_kept_as_the_rfc_says() {
        for (start, is_persistent) in [
            ("HTTP/1.1 200 OK\r\n", true),
            ("HTTP/1.1 200 OK\r\nconnection: x, Close\r\n", false),
            ("HTTP/1.0 200 OK\r\n", false),
            ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n", true),
        ] {
            assert_eq!(
                head(&format!("{start}content-length: 0\r\n\r\n")).is_persistent,
                is_persistent,
                "{start}"
            );
        }
        assert!(
            !head("HTTP/1.1 200 OK\r\n\r\n").is_persistent,
            "its body ends with the connection"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..300)) {
            let text = [b"HTTP/1.1 200 OK\r\n".as_slice(), &bytes, b"\r\n\r\n"].concat();
            for bytes in [bytes.as_slice(), &text] {
                if let Ok(Some((_, used))) = parse(bytes, &Method::POST) {
                    prop_assert!(used <= bytes.len());
                }
            }
        }
    }
}
