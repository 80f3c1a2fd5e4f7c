//! The IR lane: decode → guard → (sequence) → encode.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use super::answer::{Archive, Report, Setup};
use super::guard::Guard;
use super::sequencer::Sequencer;
use crate::dialect::{Codec, EncodeContext, EventDecoder, EventEncoder, codec};
use crate::error::Error;
use crate::ir::{Collector, Delta, Emit, Piece};
use crate::ledger::Ledger;
use crate::loss::LossReport;
use crate::sse::Frame;

/// Decodes one answer and writes it in another dialect.
pub(super) struct IrLane {
    decoder: Box<dyn EventDecoder>,
    guard: Guard,
    output: Output,
}

/// Everything behind the guard.
struct Output {
    writer: Writer,
    memory: Option<Memory>,
    record: Option<Record>,
    loss: LossReport,
    client: &'static dyn Codec,
    encode: EncodeContext,
}

enum Writer {
    Stream {
        encoder: Box<dyn EventEncoder>,
        sequencer: Option<Sequencer>,
    },
    Whole(Box<Collector>),
}

/// Collects what the ledger must know of an answer: its reasoning and the ids of its calls.
struct Memory {
    ledger: Arc<Ledger>,
    owner: String,
    seen: Collector,
}

/// Collects a streamed answer that is to be kept. A whole one is collected anyway.
struct Record {
    archive: Archive,
    seen: Collector,
}

/// Takes a decoder's deltas to the client's bytes.
pub(super) struct Pipe<'p> {
    guard: &'p mut Guard,
    output: &'p mut Output,
    out: &'p mut Vec<u8>,
}

impl IrLane {
    pub(super) fn new(setup: &mut Setup) -> Self {
        let client = codec(setup.client);
        let writer = if setup.stream {
            let sequencer = client.is_sequential().then(Sequencer::default);
            Writer::Stream {
                encoder: client.stream_encoder(&setup.encode),
                sequencer,
            }
        } else {
            Writer::Whole(Box::default())
        };
        let memory = setup
            .ledger
            .take()
            .filter(|_| client.forgets_reasoning())
            .map(|(ledger, owner)| Memory {
                ledger,
                owner,
                seen: Collector::default(),
            });
        let record = setup.archive.take().map(|archive| Record {
            archive,
            seen: Collector::default(),
        });
        let encode = setup.encode.clone();
        Self {
            decoder: codec(setup.upstream).stream_decoder(&setup.decode),
            guard: Guard::new(std::mem::take(&mut setup.names)),
            output: Output {
                writer,
                memory,
                record,
                loss: LossReport::new(),
                client,
                encode,
            },
        }
    }

    pub(super) fn pipe<'p>(&'p mut self, out: &'p mut Vec<u8>) -> Pipe<'p> {
        Pipe {
            guard: &mut self.guard,
            output: &mut self.output,
            out,
        }
    }

    pub(super) fn frame(
        &mut self,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<()>, Error> {
        let Some(data) = frame.data else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut pipe = Pipe {
            guard: &mut self.guard,
            output: &mut self.output,
            out,
        };
        self.decoder.event(frame.name, data, &mut pipe)?;
        self.guard.check()?;
        self.output.check()?;
        Ok(if self.decoder.is_complete() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut pipe = Pipe {
            guard: &mut self.guard,
            output: &mut self.output,
            out,
        };
        self.decoder.finish(&mut pipe)?;
        self.finish_whole(out)
    }

    /// The deltas are complete: write a one-shot answer, remember what must be.
    pub(super) fn finish_whole(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.guard.check()?;
        self.output.check()?;
        if !self.guard.is_ended() {
            return Err(Error::truncated(
                "the upstream's answer ended before its end",
            ));
        }
        self.output.finish(out);
        Ok(())
    }

    pub(super) fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        if let Writer::Stream { encoder, .. } = &mut self.output.writer {
            encoder.abort(error, out);
        }
    }

    pub(super) fn keepalive(&mut self, out: &mut Vec<u8>) {
        if let Writer::Stream { encoder, .. } = &mut self.output.writer {
            encoder.keepalive(out);
        }
    }

    pub(super) fn has_content(&self) -> bool {
        self.guard.has_content()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.guard.is_ended() || self.decoder.is_complete()
    }

    pub(super) fn report(&self) -> Report {
        let mut report = self.guard.report();
        report.losses = self.output.loss.entries().to_vec();
        report
    }
}

impl Emit for Pipe<'_> {
    fn emit(&mut self, delta: Delta<'_>) {
        let (output, out) = (&mut *self.output, &mut *self.out);
        self.guard
            .pass(delta, &mut |delta| output.write(delta, out));
    }
}

impl Output {
    fn write(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if let Some(memory) = &mut self.memory {
            memory.note(&delta);
        }
        if let (Some(record), Writer::Stream { .. }) = (&mut self.record, &self.writer) {
            record.seen.emit(delta.clone());
        }
        let loss = &mut self.loss;
        match &mut self.writer {
            Writer::Whole(collector) => collector.emit(delta),
            Writer::Stream {
                encoder,
                sequencer: None,
            } => encoder.delta(&delta, loss, out),
            Writer::Stream {
                encoder,
                sequencer: Some(sequencer),
            } => {
                sequencer.pass(delta, &mut |delta| encoder.delta(&delta, loss, out));
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        match &self.writer {
            Writer::Stream {
                sequencer: Some(sequencer),
                ..
            } => sequencer.check(),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        if let Writer::Whole(collector) = &self.writer {
            self.client
                .encode_response(&collector.answer, &self.encode, &mut self.loss, out);
        }
        if let Some(record) = self.record.take() {
            self.keep(&record, &out[start..]);
        }
        if let Some(memory) = self.memory.take() {
            memory
                .ledger
                .remember(&memory.owner, &memory.seen.answer.parts, Instant::now());
        }
    }
}

impl Output {
    /// Keep the answer as the client has it: a streamed one is written once more as a whole.
    fn keep(&mut self, record: &Record, whole: &[u8]) {
        let mut written = Vec::new();
        let response = match self.writer {
            Writer::Whole(_) => whole,
            Writer::Stream { .. } => {
                let mut unheard = LossReport::new();
                let answer = &record.seen.answer;
                self.client
                    .encode_response(answer, &self.encode, &mut unheard, &mut written);
                &written
            }
        };
        let Archive {
            store,
            owner,
            input,
        } = &record.archive;
        store.put(owner, input.clone(), response, Instant::now());
    }
}

impl Memory {
    fn note(&mut self, delta: &Delta<'_>) {
        // Answer text and arguments are not needed to continue from a turn: the client keeps those.
        let is_needed = match delta {
            Delta::PartStart { .. }
            | Delta::Piece {
                piece: Piece::Opaque(_),
                ..
            } => true,
            Delta::Piece {
                part,
                piece: Piece::Text(_),
            } => self.is_reasoning(*part),
            _ => false,
        };
        if is_needed {
            self.seen.emit(delta.clone());
        }
    }

    fn is_reasoning(&self, part: u32) -> bool {
        matches!(
            self.seen.answer.parts.get(part as usize),
            Some(crate::ir::AnswerPart::Reasoning { .. })
        )
    }
}
