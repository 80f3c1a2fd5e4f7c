//! One run: opening connections, sending, reading, and the window that is measured.

use std::io;
use std::mem;

use super::connection::{Connection, Outcome};
use super::options::{Mode, Options};
use super::report::{Faults, Report, Tally};
use super::request;
use crate::clock::{self, MILLISECOND};
use crate::fault::Fault;
use crate::grammar::Expected;
use crate::readiness::{Interest, Readiness, Ready};

/// Faults after which a run is given up: it is not the load that was asked for any more.
const MAX_FAULTS: u64 = 100;
/// How often connections are looked at for a standstill.
const STALL_CHECK: u64 = 250 * MILLISECOND;

/// An edge of the measured window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It opens.
    Start,
    /// It closes.
    Stop,
}

/// Run to the end. `on_mark` is called at the edges of the window, for whoever measures the server meanwhile.
pub fn run(options: &Options, on_mark: &mut dyn FnMut(Mark)) -> io::Result<Report> {
    let mut run = Run::new(options)?;
    match options.mode {
        Mode::Closed => run.closed(on_mark),
        Mode::Paced => run.paced(on_mark),
    }
}

struct Run<'o> {
    options: &'o Options,
    expected: Expected,
    request: Vec<u8>,
    readiness: Readiness,
    ready: Vec<Ready>,
    connections: Vec<Option<Connection>>,
    scratch: Vec<u8>,
    tally: Tally,
    faults: Faults,
    /// Connections opened so far, the first time.
    opened: usize,
    /// Connections that are in use.
    active: u64,
    next_stall_check: u64,
    /// No request is begun after it.
    deadline: u64,
}

impl<'o> Run<'o> {
    fn new(options: &'o Options) -> io::Result<Self> {
        let (dialect, plan, stream) = (options.dialect, options.plan, options.stream);
        Ok(Self {
            options,
            expected: Expected {
                dialect,
                plan,
                stream,
                not_before: 0,
            },
            request: request::render(options),
            readiness: Readiness::new()?,
            ready: Vec::new(),
            connections: (0..options.concurrency).map(|_| None).collect(),
            scratch: vec![0; 256 * 1024],
            tally: Tally::default(),
            faults: Faults::default(),
            opened: 0,
            active: 0,
            next_stall_check: 0,
            deadline: u64::MAX,
        })
    }

    /// From the first connection to the end of the last answer: nothing is cut by the window's edges.
    fn closed(&mut self, on_mark: &mut dyn FnMut(Mark)) -> io::Result<Report> {
        on_mark(Mark::Start);
        let start = clock::now();
        self.deadline = start + nanoseconds(self.options.window);
        for _ in 0..self.options.concurrency {
            self.open_next();
        }
        while self.active > 0 && self.faults.total < MAX_FAULTS {
            self.turn(u64::MAX)?;
        }
        let end = clock::now();
        on_mark(Mark::Stop);
        Ok(self
            .tally
            .report(end - start, 0, mem::take(&mut self.faults)))
    }

    /// All streams open before the window and outlast it; after it they are read to their ends, to be checked.
    fn paced(&mut self, on_mark: &mut dyn FnMut(Mark)) -> io::Result<Report> {
        let start = clock::now();
        let spread = self.options.spread();
        let opens = start + spread + nanoseconds(self.options.warm_up);
        let closes = opens + nanoseconds(self.options.window);
        // one answer per connection
        self.deadline = 0;
        self.until(opens, start, spread)?;
        let streams = self.active;
        self.tally = Tally {
            first: mem::take(&mut self.tally.first),
            ..Tally::default()
        };
        on_mark(Mark::Start);
        let opened = clock::now();
        self.until(closes, start, spread)?;
        let window = clock::now() - opened;
        on_mark(Mark::Stop);
        let tally = mem::take(&mut self.tally);
        while self.active > 0 && self.faults.total < MAX_FAULTS {
            self.turn(u64::MAX)?;
        }
        Ok(tally.report(window, streams, mem::take(&mut self.faults)))
    }

    /// Go on until `time`, opening the streams that are due on the way.
    fn until(&mut self, time: u64, start: u64, spread: u64) -> io::Result<()> {
        let step = spread / self.options.concurrency as u64;
        loop {
            let now = clock::now();
            let mut next = start + self.opened as u64 * step;
            while self.opened < self.options.concurrency && next <= now {
                self.open_next();
                next += step;
            }
            let over = self.active == 0 && self.opened == self.options.concurrency;
            if now >= time || over || self.faults.total >= MAX_FAULTS {
                return Ok(());
            }
            let wake = if self.opened < self.options.concurrency {
                next.min(time)
            } else {
                time
            };
            self.turn(wake)?;
        }
    }

    /// Wait until something is ready or it is `wake`, and do what there is to do.
    fn turn(&mut self, wake: u64) -> io::Result<()> {
        let now = clock::now();
        if now >= self.next_stall_check {
            self.next_stall_check = now + STALL_CHECK;
            self.find_stalled(now);
        }
        let wait = wake.min(self.next_stall_check).saturating_sub(now);
        let mut ready = mem::take(&mut self.ready);
        self.readiness.wait(Some(wait), &mut ready)?;
        for event in &ready {
            self.serve(*event);
        }
        self.ready = ready;
        Ok(())
    }

    fn open_next(&mut self) {
        let index = self.opened;
        self.opened += 1;
        self.active += 1;
        self.open(index);
    }

    fn open(&mut self, index: usize) {
        let opened = Connection::open(self.options.address).and_then(|connection| {
            self.readiness
                .add(connection.socket(), index, Interest::ReadWrite)?;
            Ok(connection)
        });
        match opened {
            Ok(connection) => self.connections[index] = Some(connection),
            Err(error) => self.fail(index, &Fault::Connect(error)),
        }
    }

    fn serve(&mut self, event: Ready) {
        let Some(connection) = self
            .connections
            .get_mut(event.token)
            .and_then(Option::as_mut)
        else {
            return;
        };
        if event.writable
            && let Err(fault) = connection.send(&self.request).and_then(|all| {
                let interest = if all {
                    Interest::Read
                } else {
                    Interest::ReadWrite
                };
                let change = self
                    .readiness
                    .change(connection.socket(), event.token, interest);
                change.map_err(Fault::Connection)
            })
        {
            return self.fail(event.token, &fault);
        }
        if event.readable {
            match connection.receive(&mut self.scratch, &self.expected, &mut self.tally) {
                Ok(Outcome::Pending) => {}
                Ok(outcome) => self.done(event.token, outcome),
                Err(fault) => self.fail(event.token, &fault),
            }
        }
    }

    /// A right answer: the next request, if there is to be one.
    fn done(&mut self, index: usize, outcome: Outcome) {
        if clock::now() >= self.deadline {
            return self.close(index);
        }
        if outcome == Outcome::DoneAndClosed {
            self.tally.reconnects += 1;
            return self.open(index);
        }
        let Some(connection) = self.connections[index].as_mut() else {
            return;
        };
        connection.restart();
        let sent = connection.send(&self.request).and_then(|all| {
            if all {
                return Ok(());
            }
            let change = self
                .readiness
                .change(connection.socket(), index, Interest::ReadWrite);
            change.map_err(Fault::Connection)
        });
        if let Err(fault) = sent {
            self.fail(index, &fault);
        }
    }

    /// A wrong answer: counted, and the connection is not trusted any further.
    fn fail(&mut self, index: usize, fault: &Fault) {
        self.faults.add(fault);
        if self.faults.total >= MAX_FAULTS || clock::now() >= self.deadline {
            return self.close(index);
        }
        self.open(index);
    }

    fn close(&mut self, index: usize) {
        self.connections[index] = None;
        self.active -= 1;
    }

    fn find_stalled(&mut self, now: u64) {
        let timeout = nanoseconds(self.options.timeout);
        for index in 0..self.connections.len() {
            let stalled = self.connections[index]
                .as_ref()
                .is_some_and(|connection| now.saturating_sub(connection.heard) > timeout);
            if stalled {
                self.fail(index, &Fault::Stalled(self.options.timeout.as_secs()));
            }
        }
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
