//! One coding on its way off.

use super::brotli::Brotli;
use super::inflate::{Form, Inflate};
use crate::error::Error;

/// Output space that is prepared at a time: it is zeroed first, so it must not be much larger than an event.
const STEP: usize = 16 << 10;

/// A coding with its input.
#[derive(Debug)]
pub(super) struct Stage {
    coding: Coding,
    /// Input, and how much of it has been read.
    held: Vec<u8>,
    read: usize,
    made: u64,
}

#[derive(Debug)]
enum Coding {
    Inflate(Inflate),
    Brotli(Brotli),
}

/// How far a coding came with some input and some space; also when it then met an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes read.
    pub(super) read: usize,
    /// Bytes written.
    pub(super) made: usize,
}

impl Stage {
    /// The coding of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let coding = match &*name.to_ascii_lowercase() {
            "gzip" | "x-gzip" => Coding::Inflate(Inflate::new(Form::Gzip)),
            "deflate" => Coding::Inflate(Inflate::new(Form::Deflate)),
            "br" => Coding::Brotli(Brotli::new()),
            _ => return None,
        };
        Some(Self {
            coding,
            held: Vec::new(),
            read: 0,
            made: 0,
        })
    }

    /// Bytes made so far.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// The empty place for more input. What was there must have been read.
    pub(super) fn refill(&mut self) -> &mut Vec<u8> {
        self.held.clear();
        self.read = 0;
        &mut self.held
    }

    /// Whether all input has been read.
    pub(super) fn is_starved(&self) -> bool {
        self.read == self.held.len()
    }

    /// Whether the coding has come to its end.
    pub(super) fn is_complete(&self) -> bool {
        match &self.coding {
            Coding::Inflate(inflate) => inflate.is_complete(),
            Coding::Brotli(brotli) => brotli.is_complete(),
        }
    }

    /// Decode until the input is used up or `out` has `end` bytes.
    pub(super) fn run(&mut self, out: &mut Vec<u8>, end: usize) -> Result<(), Error> {
        while out.len() < end {
            let from = out.len();
            let to = end.min(from + STEP);
            out.resize(to, 0);
            let mut done = Step::default();
            let result = self.step(&mut out[from..], &mut done);
            out.truncate(from + done.made);
            self.made += done.made as u64;
            self.read += done.read;
            result?;
            if out.len() < to {
                // Whoever leaves both input and space lacks neither: it would never go on.
                return if self.is_starved() {
                    Ok(())
                } else {
                    Err(corrupt("compressed data"))
                };
            }
        }
        Ok(())
    }

    fn step(&mut self, space: &mut [u8], done: &mut Step) -> Result<(), Error> {
        let input = &self.held[self.read..];
        match &mut self.coding {
            Coding::Inflate(inflate) => inflate.step(input, space, done),
            Coding::Brotli(brotli) => brotli.step(input, space, done),
        }
    }
}

/// The bytes are not what the header says.
pub(super) fn corrupt(coding: &str) -> Error {
    Error::malformed(format!("the body is not valid {coding}"))
}
