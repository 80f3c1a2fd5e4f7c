//! Relays between mock and client that change what they carry.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use fastproxy_loadkit::http::RequestHead;

use crate::runs::ask;

/// How a relay answers: from the mock's answer, the bytes to send. After them it closes the connection when told so.
pub(crate) type Change = dyn Fn(Answer) -> Reply + Send + Sync;

/// What the mock answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The frames of a stream, blank lines included; one element for a whole answer.
    pub(crate) frames: Vec<String>,
}

/// What a relay sends.
#[derive(Debug)]
pub(crate) enum Reply {
    /// These bytes, then the next request.
    Send(Vec<u8>),
    /// These bytes and no more.
    Close(Vec<u8>),
    /// These bytes, then nothing for ever.
    Hang(Vec<u8>),
}

/// Start a relay in front of `mock`.
pub(crate) fn start(mock: SocketAddr, change: Box<Change>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        // one connection after the other, as the client of one connection opens them
        for client in listener.incoming().flatten() {
            serve(client, mock, &*change);
        }
    });
    address
}

fn serve(mut client: TcpStream, mock: SocketAddr, change: &Change) {
    while let Some(request) = read_request(&mut client) {
        let reply = change(Answer {
            frames: ask(mock, &request),
        });
        let (bytes, then) = match &reply {
            Reply::Send(bytes) => (bytes, None),
            Reply::Close(bytes) => (bytes, Some(false)),
            Reply::Hang(bytes) => (bytes, Some(true)),
        };
        // a client that has found the fault may have left
        let written = client.write_all(bytes);
        if then == Some(true) {
            // until the client gives up
            let _ = client.read(&mut [0; 1]);
        }
        if then.is_some() || written.is_err() {
            return;
        }
    }
}

fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 8192];
        let length = client.read(&mut piece).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let Some(mut head) = RequestHead::read(&bytes).expect("our own client's request") else {
            continue;
        };
        let mut rest = &bytes[head.length..];
        while head.body.next(&mut rest).expect("a length").is_some() {}
        if head.body.is_done() {
            return Some(bytes);
        }
    }
}

/// The head of a stream.
pub(crate) const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A stream's response with each element of `pieces` as a chunk, without the last, empty one.
pub(crate) fn open_chunks(pieces: &[String]) -> Vec<u8> {
    let mut out = HEAD.as_bytes().to_vec();
    for piece in pieces {
        write!(out, "{:x}\r\n{piece}\r\n", piece.len()).expect("memory");
    }
    out
}

/// The same with its proper end.
pub(crate) fn chunks(pieces: &[String]) -> Vec<u8> {
    let mut out = open_chunks(pieces);
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
