//! Waiting for sockets: epoll, level triggered, with timeouts in nanoseconds.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{Timespec, epoll};

use crate::clock::SECOND;

/// What to be told about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// When there is something to read, or the end.
    Read,
    /// Also when there is room to write again.
    ReadWrite,
}

impl Interest {
    fn flags(self) -> epoll::EventFlags {
        match self {
            Self::Read => epoll::EventFlags::IN,
            Self::ReadWrite => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        }
    }
}

/// One socket that has become ready.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The number it was registered with.
    pub token: usize,
    /// There is room to write, or a connect has come to its end.
    pub writable: bool,
    /// There is something to read, or an end or error to be found by reading.
    pub readable: bool,
}

/// A set of sockets to wait for.
pub struct Readiness {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the events are not Debug, and between two waits they mean nothing
        f.debug_struct("Readiness")
            .field("epoll", &self.epoll)
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// An empty set.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(512),
        })
    }

    /// Watch a socket. Closing it ends the watch.
    pub fn add(&self, socket: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::add(&self.epoll, socket, data, interest.flags())?)
    }

    /// Watch it for something else.
    pub fn change(&self, socket: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::modify(&self.epoll, socket, data, interest.flags())?)
    }

    /// Wait until a socket is ready or `nanoseconds` have passed; what is ready replaces what stood in `ready`.
    pub fn wait(&mut self, nanoseconds: Option<u64>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let timeout = nanoseconds.map(|all| Timespec {
            tv_sec: (all / SECOND).cast_signed(),
            tv_nsec: (all % SECOND).cast_signed(),
        });
        ready.clear();
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, timeout.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        ready.extend(self.events.iter().map(|event| {
            let flags = event.flags;
            let failed = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            Ready {
                token: event.data.u64() as usize,
                writable: failed || flags.contains(epoll::EventFlags::OUT),
                readable: failed || flags.contains(epoll::EventFlags::IN),
            }
        }));
        Ok(())
    }
}
