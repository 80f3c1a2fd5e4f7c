//! A request on its way out.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Method;
use tokio::io::AsyncWrite;

use crate::call::Call;
use crate::io::Io;

/// A request on its way out.
pub(crate) struct Upload {
    head: Vec<u8>,
    body: Bytes,
    written: usize,
    is_flushed: bool,
    /// The other side takes no more. It may still answer.
    is_broken: bool,
}

impl Upload {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            head: head(call),
            body: call.body().clone(),
            written: 0,
            is_flushed: false,
            is_broken: false,
        }
    }

    /// Whether everything was written.
    pub(crate) fn is_done(&self) -> bool {
        self.is_flushed
    }

    /// Whether nothing was written.
    pub(crate) fn is_untouched(&self) -> bool {
        self.written == 0
    }

    /// Write as much as goes now. What fails here is left to the reading side to tell: an answer may be there already.
    pub(crate) fn poll(&mut self, io: &mut Io, cx: &mut Context<'_>) {
        while !self.is_flushed && !self.is_broken {
            let head = self.head.get(self.written..).unwrap_or_default();
            let body = &self.body[self.written.saturating_sub(self.head.len())..];
            if head.is_empty() && body.is_empty() {
                match Pin::new(&mut *io).poll_flush(cx) {
                    Poll::Ready(Ok(())) => self.is_flushed = true,
                    Poll::Ready(Err(_)) => self.is_broken = true,
                    Poll::Pending => return,
                }
                continue;
            }
            // Head and body in one system call and, if small, in one segment.
            match Pin::new(&mut *io)
                .poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(body)])
            {
                Poll::Ready(Ok(count)) if count > 0 => self.written += count,
                Poll::Ready(_) => self.is_broken = true,
                Poll::Pending => return,
            }
        }
    }
}

fn head(call: &Call) -> Vec<u8> {
    let headers = call.headers();
    let size = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum::<usize>();
    let mut head = Vec::with_capacity(size + call.target().as_str().len() + 128);
    let mut line = |parts: [&[u8]; 4]| parts.iter().for_each(|part| head.extend_from_slice(part));
    line([
        call.method().as_str().as_bytes(),
        b" ",
        call.target().as_str().as_bytes(),
        b" HTTP/1.1\r\n",
    ]);
    line([
        b"host: ",
        call.endpoint.origin.host_header.as_bytes(),
        b"\r\n",
        b"",
    ]);
    for (name, value) in headers {
        line([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    let has_body = !call.body().is_empty()
        || ![Method::GET, Method::HEAD, Method::DELETE].contains(call.method());
    if has_body {
        line([
            b"content-length: ",
            call.body().len().to_string().as_bytes(),
            b"\r\n",
            b"",
        ]);
    }
    head.extend_from_slice(b"\r\n");
    head
}
