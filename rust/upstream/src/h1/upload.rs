//! A request on its way out.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Method;
use tokio::io::AsyncWrite;

use crate::call::Call;
use crate::inflow::Inflow;
use crate::io::Io;

/// A request on its way out.
pub(crate) struct Upload {
    /// What stands before `body`: the head at first, then the frame of each piece that arrives.
    head: Vec<u8>,
    body: Bytes,
    written: usize,
    /// Where further pieces come from.
    inflow: Option<Inflow>,
    is_begun: bool,
    is_flushed: bool,
    /// The other side takes no more. It may still answer.
    is_broken: bool,
    /// Its client broke it off: the upstream must not take what it has for all of it.
    is_abandoned: bool,
}

impl Upload {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            head: head(call),
            body: if call.inflow().is_some() {
                Bytes::new()
            } else {
                call.body().clone()
            },
            written: 0,
            inflow: call.inflow().cloned(),
            is_begun: false,
            is_flushed: false,
            is_broken: false,
            is_abandoned: false,
        }
    }

    /// Whether everything was written.
    pub(crate) fn is_done(&self) -> bool {
        self.is_flushed
    }

    /// Whether nothing was written.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.is_begun
    }

    /// Whether its client broke it off.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned
    }

    /// Write as much as goes now. What fails here is left to the reading side to tell: an answer may be there already.
    pub(crate) fn poll(&mut self, io: &mut Io, cx: &mut Context<'_>) {
        while !self.is_flushed && !self.is_broken {
            let head = self.head.get(self.written..).unwrap_or_default();
            let body = &self.body[self.written.saturating_sub(self.head.len())..];
            if head.is_empty() && body.is_empty() {
                if self.inflow.is_some() {
                    if self.poll_inflow(io, cx).is_pending() {
                        return;
                    }
                    continue;
                }
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
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.written += count;
                    self.is_begun = true;
                }
                Poll::Ready(_) => self.is_broken = true,
                Poll::Pending => return,
            }
        }
    }
}

impl Upload {
    /// Take the next piece of a body that is still arriving.
    fn poll_inflow(&mut self, io: &mut Io, cx: &mut Context<'_>) -> Poll<()> {
        let Some(inflow) = &self.inflow else {
            return Poll::Ready(());
        };
        let Poll::Ready(piece) = inflow.poll(cx) else {
            // What is written so far must not wait in a buffer of TLS; the next look finds what went wrong.
            let _written = Pin::new(io).poll_flush(cx);
            return Poll::Pending;
        };
        let Some(piece) = piece else {
            self.is_abandoned = true;
            self.is_broken = true;
            return Poll::Ready(());
        };
        let is_end = piece.is_empty();
        self.head = match (inflow.length(), is_end) {
            (Some(_), _) => Vec::new(),
            (None, false) => format!("{}{:x}\r\n", self.line_end(), piece.len()).into(),
            (None, true) => format!("{}0\r\n\r\n", self.line_end()).into(),
        };
        self.body = piece;
        self.written = 0;
        if is_end {
            self.inflow = None;
        }
        Poll::Ready(())
    }

    /// The end of the chunk before, if there was one.
    fn line_end(&self) -> &'static str {
        if self.body.is_empty() { "" } else { "\r\n" }
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
    if let Some(inflow) = call.inflow() {
        match inflow.length() {
            Some(length) => line([
                b"content-length: ",
                length.to_string().as_bytes(),
                b"\r\n",
                b"",
            ]),
            None => line([b"transfer-encoding: chunked\r\n", b"", b"", b""]),
        }
        head.extend_from_slice(b"\r\n");
        return head;
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
