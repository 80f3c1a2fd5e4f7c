//! One client of the mock: requests in, answers out.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use super::answer::{self, Stream};
use super::ask::{Ask, Refusal};
use super::counters::Counters;
use crate::clock;
use crate::dialect::Dialect;
use crate::http::{HttpError, RequestHead};

/// How much of a stream that is not paced is made for one write: the usual room of a socket.
const BATCH: usize = 64 * 1024;
/// Unsent bytes above which a paced stream waits for its reader.
const UNSENT_LIMIT: usize = 1 << 20;

/// A connection and the answer that is on its way over it.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    /// Bytes received and not yet understood.
    inbox: Vec<u8>,
    /// A request whose body is incomplete, and what of it came.
    incoming: Option<(RequestHead, Vec<u8>)>,
    out: Vec<u8>,
    sent: usize,
    stream: Option<Stream>,
    close: bool,
}

/// How far a connection got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for a request, or for the time of the next delta.
    Idle,
    /// It waits for room to write.
    Blocked,
    /// It is over.
    Ended,
}

impl Connection {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            inbox: Vec::new(),
            incoming: None,
            out: Vec::new(),
            sent: 0,
            stream: None,
            close: false,
        }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// A stream has begun whose end is not sent.
    pub(super) fn is_streaming(&self) -> bool {
        self.stream.is_some()
    }

    /// Nanoseconds between the deltas of a paced stream, while there are more to come.
    pub(super) fn interval(&self) -> Option<u64> {
        let stream = self.stream.as_ref().filter(|stream| !stream.is_done())?;
        Some(stream.interval()).filter(|interval| *interval > 0)
    }

    /// Take what has arrived; `false` at its end.
    pub(super) fn receive(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            let length = match self.socket.read(scratch) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.inbox.extend_from_slice(&scratch[..length]);
            if length < scratch.len() {
                return Ok(length > 0);
            }
        }
    }

    /// Go on until something must be waited for.
    pub(super) fn advance(&mut self, counters: &mut Counters) -> io::Result<Progress> {
        loop {
            if !self.flush()? {
                return Ok(Progress::Blocked);
            }
            match &mut self.stream {
                Some(stream) if stream.is_done() => {
                    self.stream = None;
                    counters.open_streams -= 1;
                }
                Some(stream) if stream.interval() > 0 => return Ok(Progress::Idle),
                Some(stream) => fill(stream, &mut self.out, counters),
                None if self.close => return Ok(Progress::Ended),
                None => {
                    if !self.take_request(counters)? {
                        return Ok(Progress::Idle);
                    }
                }
            }
        }
    }

    /// The time of a paced stream's next delta has come.
    pub(super) fn tick(&mut self, counters: &mut Counters) {
        if let Some(stream) = self.stream.as_mut().filter(|stream| !stream.is_done())
            && self.out.len() - self.sent < UNSENT_LIMIT
        {
            stream.delta(clock::now(), &mut self.out);
            counters.events += 1;
        }
    }

    /// Answer the next request in the inbox, if it is there as a whole.
    fn take_request(&mut self, counters: &mut Counters) -> io::Result<bool> {
        match self.next_request() {
            Ok(Some((head, body))) => {
                self.close = head.close;
                self.answer(&head, &body, counters);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }

    fn next_request(&mut self) -> Result<Option<(RequestHead, Vec<u8>)>, HttpError> {
        let (mut head, mut body) = match self.incoming.take() {
            Some(incoming) => incoming,
            None => match RequestHead::read(&self.inbox)? {
                Some(head) => {
                    self.inbox.drain(..head.length);
                    (head, Vec::new())
                }
                None => return Ok(None),
            },
        };
        let mut rest = self.inbox.as_slice();
        while let Some(piece) = head.body.next(&mut rest)? {
            body.extend_from_slice(piece);
        }
        let used = self.inbox.len() - rest.len();
        self.inbox.drain(..used);
        if head.body.is_done() {
            return Ok(Some((head, body)));
        }
        self.incoming = Some((head, body));
        Ok(None)
    }

    fn answer(&mut self, head: &RequestHead, body: &[u8], counters: &mut Counters) {
        if head.method == "GET" && head.path == "/stats" {
            return answer::json("200 OK", &counters.to_json(), &mut self.out);
        }
        let Some(dialect) = Dialect::of_path(&head.path).filter(|_| head.method == "POST") else {
            return answer::json(
                "404 Not Found",
                r#"{"error":{"message":"no such path"}}"#,
                &mut self.out,
            );
        };
        counters.requests += 1;
        match Ask::read(dialect, head.has_version, body) {
            Err(Refusal(message)) => answer::refusal(dialect, &message, &mut self.out),
            Ok(ask) if ask.stream => {
                let mut stream = Stream::open(ask, counters.requests, &mut self.out);
                if stream.interval() > 0 {
                    // the first delta goes out with the head: the others follow on absolute times from here
                    stream.delta(clock::now(), &mut self.out);
                    counters.events += 1;
                }
                self.stream = Some(stream);
                counters.open_streams += 1;
            }
            Ok(ask) => answer::whole(&ask, counters.requests, clock::now(), &mut self.out),
        }
    }

    /// Send what is there; `false` when the socket takes no more.
    fn flush(&mut self) -> io::Result<bool> {
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(true)
    }
}

fn fill(stream: &mut Stream, out: &mut Vec<u8>, counters: &mut Counters) {
    let now = clock::now();
    while !stream.is_done() && out.len() < BATCH {
        stream.delta(now, out);
        counters.events += 1;
    }
}
