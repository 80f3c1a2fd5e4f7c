//! One connection of the client, and the answer that is being read from it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use super::report::Tally;
use crate::clock;
use crate::fault::{Fault, excerpt};
use crate::grammar::{Expected, StreamReader, check_whole};
use crate::http::{Body, ResponseHead};

/// A connection with a request under way, or waiting for the next.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    /// Bytes of the request sent so far.
    sent: usize,
    /// When this request was begun.
    started: u64,
    /// When something last came.
    pub(super) heard: u64,
    /// When deltas last came in this answer.
    last_delta: Option<u64>,
    /// A head that has not come as a whole.
    head: Vec<u8>,
    answer: Option<Answer>,
    close: bool,
}

/// An answer whose head has been read.
#[derive(Debug)]
struct Answer {
    body: Body,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Stream(Box<StreamReader>),
    Whole(Vec<u8>),
    /// The body of a status that is not 200.
    Error(u16, Vec<u8>),
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The answer goes on.
    Pending,
    /// It was right, and the connection can be used again.
    Done,
    /// It was right, and the server closes the connection.
    DoneAndClosed,
}

impl Connection {
    /// Begin to connect.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        let now = clock::now();
        Ok(Self {
            socket,
            sent: 0,
            started: now,
            heard: now,
            last_delta: None,
            head: Vec::new(),
            answer: None,
            close: false,
        })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The request is begun anew.
    pub(super) fn restart(&mut self) {
        self.sent = 0;
        self.started = clock::now();
        self.heard = self.started;
        self.last_delta = None;
        self.close = false;
    }

    /// Send what the socket takes of the request; `false` while something is left.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<bool, Fault> {
        while self.sent < request.len() {
            match self.socket.write(&request[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.sent == 0 => return Err(Fault::Connect(error)),
                Err(error) => return Err(Fault::Connection(error)),
            }
        }
        Ok(true)
    }

    /// Read what has come and check it.
    pub(super) fn receive(
        &mut self,
        scratch: &mut [u8],
        expected: &Expected,
        tally: &mut Tally,
    ) -> Result<Outcome, Fault> {
        loop {
            let length = match self.socket.read(scratch) {
                Ok(0) => return Err(Fault::Truncated("the connection was closed")),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Outcome::Pending);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Connection(error)),
            };
            self.heard = clock::now();
            tally.bytes += length as u64;
            let outcome = self.take(&scratch[..length], expected, tally)?;
            if outcome != Outcome::Pending || length < scratch.len() {
                return Ok(outcome);
            }
        }
    }

    fn take(
        &mut self,
        bytes: &[u8],
        expected: &Expected,
        tally: &mut Tally,
    ) -> Result<Outcome, Fault> {
        if self.answer.is_some() {
            return self.body(bytes, expected, tally);
        }
        self.head.extend_from_slice(bytes);
        let Some(head) = ResponseHead::read(&self.head)? else {
            return Ok(Outcome::Pending);
        };
        self.begin(&head, expected)?;
        let received = std::mem::take(&mut self.head);
        let outcome = self.body(&received[head.length..], expected, tally);
        // the buffer is kept for the next head
        self.head = received;
        self.head.clear();
        outcome
    }

    fn begin(&mut self, head: &ResponseHead, expected: &Expected) -> Result<(), Fault> {
        self.close = head.close;
        let expected = Expected {
            not_before: self.started,
            ..*expected
        };
        let content = match (head.status, head.is_stream, expected.stream) {
            (200, true, true) => Content::Stream(Box::new(StreamReader::new(expected))),
            (200, false, false) => Content::Whole(Vec::new()),
            (200, _, _) => return Err(Fault::Media),
            (status, _, _) => Content::Error(status, Vec::new()),
        };
        self.answer = Some(Answer {
            body: head.body,
            content,
        });
        Ok(())
    }

    fn body(
        &mut self,
        bytes: &[u8],
        expected: &Expected,
        tally: &mut Tally,
    ) -> Result<Outcome, Fault> {
        let Some(mut answer) = self.answer.take() else {
            return Ok(Outcome::Pending);
        };
        let before = tally.events;
        let mut input = bytes;
        while let Some(piece) = answer.body.next(&mut input)? {
            answer.content.take(piece, self.heard, tally)?;
        }
        if tally.events > before {
            self.arrived(tally);
        }
        if !answer.body.is_done() {
            self.answer = Some(answer);
            return Ok(Outcome::Pending);
        }
        if !input.is_empty() {
            return Err(Fault::Trailing(input.len()));
        }
        answer.content.finish(&Expected {
            not_before: self.started,
            ..*expected
        })?;
        tally.requests += 1;
        tally.request.add(self.heard - self.started, 1);
        Ok(if self.close {
            Outcome::DoneAndClosed
        } else {
            Outcome::Done
        })
    }

    fn arrived(&mut self, tally: &mut Tally) {
        match self.last_delta.replace(self.heard) {
            None => tally.first.add(self.heard - self.started, 1),
            Some(last) => tally.gap.add(self.heard - last, 1),
        }
    }
}

impl Content {
    fn take(&mut self, piece: &[u8], now: u64, tally: &mut Tally) -> Result<(), Fault> {
        match self {
            Self::Stream(reader) => reader.feed(piece, &mut |stamp| {
                tally.events += 1;
                tally.event.add(now.saturating_sub(stamp.at), 1);
            }),
            Self::Whole(body) | Self::Error(_, body) => {
                body.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    fn finish(&self, expected: &Expected) -> Result<(), Fault> {
        match self {
            Self::Stream(reader) => reader.finish(),
            Self::Whole(body) => check_whole(body, expected).map(drop),
            Self::Error(status, body) => Err(Fault::Status(
                *status,
                excerpt(&String::from_utf8_lossy(body)),
            )),
        }
    }
}
