//! Request and response heads.

use httparse::{EMPTY_HEADER, Header, Status};

use super::{Body, HEAD_LIMIT, HttpError};

const HEADERS: usize = 96;

/// The head of a request, as far as the mock reads it.
#[derive(Debug)]
pub struct RequestHead {
    /// Bytes of the head.
    pub length: usize,
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// How the body is framed.
    pub body: Body,
    /// Whether an `anthropic-version` came along.
    pub has_version: bool,
    /// The client will not use this connection again.
    pub close: bool,
}

/// The head of a response, as far as the client reads it.
#[derive(Debug)]
pub struct ResponseHead {
    /// Bytes of the head.
    pub length: usize,
    /// Status code.
    pub status: u16,
    /// How the body is framed.
    pub body: Body,
    /// `text/event-stream`.
    pub is_stream: bool,
    /// The server will not use this connection again.
    pub close: bool,
}

impl RequestHead {
    /// Read a head from the start of `bytes`; `None` while it is incomplete.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, HttpError> {
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let Some(length) = complete(request.parse(bytes), bytes)? else {
            return Ok(None);
        };
        let framing = Framing::of(request.headers)?;
        Ok(Some(Self {
            length,
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            body: framing.body().unwrap_or(Body::EMPTY),
            has_version: value(request.headers, "anthropic-version").is_some(),
            close: framing.close || request.version == Some(0),
        }))
    }
}

impl ResponseHead {
    /// Read a head from the start of `bytes`; `None` while it is incomplete.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, HttpError> {
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let Some(length) = complete(response.parse(bytes), bytes)? else {
            return Ok(None);
        };
        let framing = Framing::of(response.headers)?;
        let media = value(response.headers, "content-type").unwrap_or_default();
        Ok(Some(Self {
            length,
            status: response.code.unwrap_or_default(),
            body: framing.body().ok_or(HttpError::Unframed)?,
            is_stream: media.starts_with(b"text/event-stream"),
            close: framing.close || response.version == Some(0),
        }))
    }
}

fn complete(
    outcome: Result<Status<usize>, httparse::Error>,
    bytes: &[u8],
) -> Result<Option<usize>, HttpError> {
    match outcome {
        Ok(Status::Complete(length)) => Ok(Some(length)),
        Ok(Status::Partial) if bytes.len() < HEAD_LIMIT => Ok(None),
        Ok(Status::Partial) | Err(_) => Err(HttpError::Head),
    }
}

#[derive(Debug, Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
    close: bool,
}

impl Framing {
    fn of(headers: &[Header<'_>]) -> Result<Self, HttpError> {
        let mut framing = Self::default();
        for header in headers {
            let value = header.value.trim_ascii();
            if header.name.eq_ignore_ascii_case("content-length") {
                let digits = str::from_utf8(value).map_err(|_| HttpError::Length)?;
                let length = digits.parse().map_err(|_| HttpError::Length)?;
                if framing
                    .length
                    .replace(length)
                    .is_some_and(|earlier| earlier != length)
                {
                    return Err(HttpError::Length);
                }
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                if !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HttpError::Coding);
                }
                framing.chunked = true;
            } else if header.name.eq_ignore_ascii_case("connection") {
                framing.close = value.eq_ignore_ascii_case(b"close");
            }
        }
        Ok(framing)
    }

    fn body(&self) -> Option<Body> {
        if self.chunked {
            return Some(Body::chunked());
        }
        self.length.map(Body::of_length)
    }
}

fn value<'h>(headers: &[Header<'h>], name: &str) -> Option<&'h [u8]> {
    let header = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(header.value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_head_at_every_cut() {
        let whole = b"POST /v1/messages?beta=true HTTP/1.1\r\nAnthropic-Version: 2023-06-01\r\n\
            Content-Length: 4\r\nConnection: close\r\n\r\nbody";
        let end = whole.len() - 4;
        for cut in 0..end {
            assert!(
                RequestHead::read(&whole[..cut])
                    .expect("a good start")
                    .is_none(),
                "cut {cut}"
            );
        }
        let head = RequestHead::read(whole).expect("good").expect("whole");
        assert_eq!((head.length, head.method.as_str()), (end, "POST"));
        assert_eq!(head.path, "/v1/messages?beta=true");
        assert!(head.has_version && head.close);
    }

    #[test]
    fn responses_must_mark_their_end() {
        let head =
            |lines: &str| ResponseHead::read(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").as_bytes());
        let stream = head(
            "content-type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n",
        );
        assert!(stream.expect("good").expect("whole").is_stream);
        assert_eq!(head("").err(), Some(HttpError::Unframed));
        assert_eq!(
            head("content-length: 1, 1\r\n").err(),
            Some(HttpError::Length)
        );
        assert_eq!(
            head("content-length: 1\r\ncontent-length: 2\r\n").err(),
            Some(HttpError::Length)
        );
        assert_eq!(
            head("transfer-encoding: gzip, chunked\r\n").err(),
            Some(HttpError::Coding)
        );
        assert_eq!(
            ResponseHead::read(b"SSH-2.0-x\r\n").err(),
            Some(HttpError::Head)
        );
        assert_eq!(
            ResponseHead::read(&vec![b'H'; HEAD_LIMIT]).err(),
            Some(HttpError::Head)
        );
    }
}
