//! The mock upstream: both dialects, any pace, one thread.
//!
//! It answers by the model's name (see [`crate::plan`]) and refuses what the real APIs would refuse. `GET /stats`
//! tells what it has done.

mod answer;
mod ask;
mod chat;
mod connection;
mod counters;
mod messages;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use slab::Slab;

use self::connection::{Connection, Progress};
use self::counters::Counters;
use crate::clock;
use crate::readiness::{Interest, Readiness, Ready};

/// Connections that may wait to be accepted: a proxy opens a thousand at once.
const BACKLOG: i32 = 4096;
const LISTENER: usize = usize::MAX;

/// A mock upstream that listens.
#[derive(Debug)]
pub struct Mock {
    listener: TcpListener,
    readiness: Readiness,
    clients: Slab<Client>,
    /// When which client's next delta is due; an entry whose client has gone or has another time is void.
    timers: BinaryHeap<Reverse<(u64, usize)>>,
    counters: Counters,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Client {
    connection: Connection,
    interest: Interest,
    due: Option<u64>,
}

impl Mock {
    /// Listen; port 0 takes any free one.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        rustix::net::listen(&listener, BACKLOG)?;
        listener.set_nonblocking(true)?;
        let readiness = Readiness::new()?;
        readiness.add(&listener, LISTENER, Interest::Read)?;
        Ok(Self {
            listener,
            readiness,
            clients: Slab::new(),
            timers: BinaryHeap::new(),
            counters: Counters::default(),
            scratch: vec![0; 64 * 1024],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serve until waiting or accepting fails.
    pub fn run(&mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        loop {
            let timeout = self
                .timers
                .peek()
                .map(|Reverse((due, _))| due.saturating_sub(clock::now()));
            self.readiness.wait(timeout, &mut ready)?;
            for &event in &ready {
                if event.token == LISTENER {
                    self.accept()?;
                } else {
                    self.serve(event);
                }
            }
            self.tick();
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => self.admit(socket)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // it left before it was accepted, or a signal came: neither concerns the others
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn admit(&mut self, socket: TcpStream) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let entry = self.clients.vacant_entry();
        self.readiness.add(&socket, entry.key(), Interest::Read)?;
        let connection = Connection::new(socket);
        entry.insert(Client {
            connection,
            interest: Interest::Read,
            due: None,
        });
        self.counters.connections += 1;
        Ok(())
    }

    fn serve(&mut self, event: Ready) {
        let Some(client) = self.clients.get_mut(event.token) else {
            return;
        };
        if event.readable && !matches!(client.connection.receive(&mut self.scratch), Ok(true)) {
            return self.remove(event.token);
        }
        self.advance(event.token);
    }

    /// Write every delta that is due.
    fn tick(&mut self) {
        let now = clock::now();
        while let Some(&Reverse((due, token))) =
            self.timers.peek().filter(|Reverse((due, _))| *due <= now)
        {
            self.timers.pop();
            let Some(client) = self
                .clients
                .get_mut(token)
                .filter(|client| client.due == Some(due))
            else {
                continue;
            };
            client.connection.tick(&mut self.counters);
            // from the planned time, not from now: a late tick must not slow the stream down
            client.due = client.connection.interval().map(|interval| due + interval);
            if let Some(next) = client.due {
                self.timers.push(Reverse((next, token)));
            }
            self.advance(token);
        }
    }

    fn advance(&mut self, token: usize) {
        let Some(client) = self.clients.get_mut(token) else {
            return;
        };
        let interest = match client.connection.advance(&mut self.counters) {
            Ok(Progress::Idle) => Interest::Read,
            Ok(Progress::Blocked) => Interest::ReadWrite,
            // a client that breaks the connection or does not speak HTTP gets no more
            Ok(Progress::Ended) | Err(_) => return self.remove(token),
        };
        if let Some(interval) = client
            .connection
            .interval()
            .filter(|_| client.due.is_none())
        {
            let due = clock::now() + interval;
            client.due = Some(due);
            self.timers.push(Reverse((due, token)));
        }
        if interest != client.interest {
            client.interest = interest;
            if self
                .readiness
                .change(client.connection.socket(), token, interest)
                .is_err()
            {
                self.remove(token);
            }
        }
    }

    fn remove(&mut self, token: usize) {
        let client = self.clients.remove(token);
        self.counters.connections -= 1;
        if client.connection.is_streaming() {
            self.counters.open_streams -= 1;
            self.counters.cut_streams += 1;
        }
    }
}
