//! Content codings: the bytes of a body without their compression, as they arrive and within bounds.
//!
//! `gzip` (of any number of members), `deflate` (in a zlib wrapper, as the RFC says, or bare, as some servers send it)
//! and `br`, one after the other when a body has several. What a sync flush has made decodable comes out at once, so
//! an event stream keeps its pace.
//!
//! Not `zstd`: the one well-kept decoder in pure Rust (ruzstd 0.9) gives nothing out before a whole window (up to
//! megabytes) has passed, so a stream's events would stand still. Upstreams are not told that we take it.
//!
//! Three bounds hold against bodies that are made to explode: [`CHUNK`] bytes per call, [`MAX_OUTPUT`] bytes in all,
//! and beyond [`RATIO_FLOOR`] at most [`MAX_RATIO`] bytes out for each byte in. With several codings they hold after
//! each of them.

mod brotli;
mod inflate;
mod stage;

use crate::error::Error;
use stage::Stage;

/// Most bytes that one [`Decoder::feed`] appends.
pub const CHUNK: usize = 256 << 10;
/// Most bytes that one body may decode to: an hour of a stream at 300 KB/s.
pub const MAX_OUTPUT: u64 = 1 << 30;
/// Most bytes out per byte in, on average, once there are more than [`RATIO_FLOOR`]. Event streams of one-token
/// chunks reach about 50; DEFLATE itself ends at 1032, Brotli at a million.
pub const MAX_RATIO: u64 = 200;
/// Bytes out before the ratio counts: a short body may well be one long run of spaces.
pub const RATIO_FLOOR: u64 = 8 << 20;
/// Bytes that a stage takes over at a time. The ratio is judged as often.
const REFILL: usize = 16 << 10;
/// Codings of one body. Nobody sends two; a long list is an attack.
const MAX_CODINGS: usize = 3;

/// Whether [`Decoder::feed`] has more to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// All bytes were taken, and all that they say so far was appended.
    Drained,
    /// A full chunk was appended and there may be more: feed again with what is left of the bytes, even if nothing.
    More,
}

/// Takes the content codings off one body.
#[derive(Debug)]
pub struct Decoder {
    /// The reverse of the order in which they come off: that of the header.
    stages: Vec<Stage>,
    meter: Meter,
    has_more: bool,
}

impl Decoder {
    /// For a `Content-Encoding` header (empty when there is none). `Err` for a coding that we do not know.
    pub fn for_header(content_encoding: &str) -> Result<Self, Error> {
        let mut stages = Vec::new();
        for name in content_encoding.split(',').map(str::trim) {
            if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                continue;
            }
            match Stage::named(name) {
                Some(stage) if stages.len() < MAX_CODINGS => stages.push(stage),
                _ => {
                    return Err(Error::malformed(
                        "the body has a content coding that was not asked for",
                    ));
                }
            }
        }
        let meter = Meter {
            taken: 0,
            max_output: MAX_OUTPUT,
        };
        Ok(Self {
            stages,
            meter,
            has_more: false,
        })
    }

    /// Refuse a body that decodes to more than this.
    #[must_use]
    pub fn with_max_output(mut self, bytes: u64) -> Self {
        self.meter.max_output = bytes;
        self
    }

    /// Whether bytes come out as they went in, so that feeding is only a copy. No bound but [`CHUNK`] holds then.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty()
    }

    /// Decode: takes bytes off the front of `bytes` and appends what they say to `out`, at most [`CHUNK`]. Call it
    /// until it says [`Progress::Drained`]. On `Err` (corrupt bytes, or a bound exceeded), what
    /// was decoded before it has been appended and is good.
    pub fn feed(&mut self, bytes: &mut &[u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        let progress = pull(&mut self.stages, &mut self.meter, bytes, out, CHUNK)?;
        self.has_more = progress == Progress::More;
        Ok(progress)
    }

    /// The body has ended. `Err` when its codings have not, or when [`Progress::More`] was left unread. No bytes at
    /// all are a proper body without content.
    pub fn finish(&mut self) -> Result<(), Error> {
        let is_complete = self.meter.taken == 0 || self.stages.iter().all(Stage::is_complete);
        if is_complete && !self.has_more {
            return Ok(());
        }
        Err(Error::truncated("the body ended before its content coding"))
    }
}

/// What went in, and what may come out.
#[derive(Debug)]
struct Meter {
    /// Coded bytes taken.
    taken: u64,
    max_output: u64,
}

impl Meter {
    /// Whether `made` bytes, after any of the codings, are within bounds.
    fn check(&self, made: u64) -> Result<(), Error> {
        let is_bomb = made > RATIO_FLOOR && made / MAX_RATIO > self.taken;
        if made <= self.max_output && !is_bomb {
            return Ok(());
        }
        // Not `Kind::TooLarge`: that is a request's.
        Err(Error::malformed(
            "the body decodes to more bytes than are accepted",
        ))
    }
}

/// Append up to `room` bytes of what comes out of the last of these stages; without any, of the input itself.
fn pull(
    stages: &mut [Stage],
    meter: &mut Meter,
    input: &mut &[u8],
    out: &mut Vec<u8>,
    room: usize,
) -> Result<Progress, Error> {
    let Some((stage, before)) = stages.split_first_mut() else {
        let (now, later) = input.split_at(room.min(input.len()));
        out.extend_from_slice(now);
        *input = later;
        meter.taken += now.len() as u64;
        return Ok(if later.is_empty() {
            Progress::Drained
        } else {
            Progress::More
        });
    };
    let end = out.len() + room;
    loop {
        stage.run(out, end)?;
        meter.check(stage.made())?;
        if out.len() == end {
            return Ok(Progress::More);
        }
        let fed = pull(before, meter, input, stage.refill(), REFILL)?;
        if fed == Progress::Drained && stage.is_starved() {
            return Ok(Progress::Drained);
        }
    }
}
