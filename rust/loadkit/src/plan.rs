//! What an answer consists of, said by the model's name: `m-<events>-<interval µs>[-<text bytes>][-c]`.
//!
//! The name is the one thing that every proxy forwards, so that one mock drives every load through any of them.

use std::fmt;
use std::str::FromStr;

use crate::stamp;

/// What the mock is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Delta events of a stream; also the output tokens that the answer reports.
    pub events: u32,
    /// Microseconds from one delta to the next; 0: as fast as the client takes them.
    pub interval: u64,
    /// Bytes of text in each delta, the same in every dialect, whatever its envelope; in an answer that is not
    /// streamed, of its whole text. `None`: [`TEXT`] and [`WHOLE_TEXT`].
    pub text: Option<usize>,
    /// The whole stream is one HTTP chunk; otherwise each event is its own.
    pub one_chunk: bool,
}

/// Text per delta when the name gives none: makes a Chat event of 200 bytes, as hosts send them.
pub const TEXT: usize = stamp::LENGTH;
/// Text of an answer that is not streamed when the name gives none: makes an answer of 2 KB.
pub const WHOLE_TEXT: usize = 1700;
/// Most events of one answer: their numbers have six digits.
pub const MAX_EVENTS: u32 = 999_999;
/// Most text in one delta.
pub const MAX_TEXT: usize = 1 << 20;

/// Why a name is not a plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not of the form at all.
    #[error("model {0:?} is not m-<events>-<interval us>[-<text bytes>][-c]")]
    Form(String),
    /// A number out of its range.
    #[error("model {0:?}: {1}")]
    Range(String, &'static str),
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(name: &str) -> Result<Self, PlanError> {
        let form = || PlanError::Form(name.to_owned());
        let rest = name.strip_prefix("m-").ok_or_else(form)?;
        let (rest, one_chunk) = rest
            .strip_suffix("-c")
            .map_or((rest, false), |rest| (rest, true));
        let mut numbers = rest
            .split('-')
            .map(|digits| digits.parse::<u64>().map_err(|_| form()));
        let events = numbers.next().ok_or_else(form)??;
        let interval = numbers.next().ok_or_else(form)??;
        let text = numbers.next().transpose()?;
        if numbers.next().is_some() {
            return Err(form());
        }
        let plan = Self {
            events: u32::try_from(events).unwrap_or(u32::MAX),
            interval,
            text: text.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            one_chunk,
        };
        plan.in_range()
            .map_err(|reason| PlanError::Range(name.to_owned(), reason))
    }
}

impl Plan {
    /// Bytes of text in each delta event.
    pub fn delta_text(self) -> usize {
        self.text.unwrap_or(TEXT)
    }

    /// Bytes of text in an answer that is not streamed.
    pub fn whole_text(self) -> usize {
        self.text.unwrap_or(WHOLE_TEXT)
    }

    fn in_range(self) -> Result<Self, &'static str> {
        if self.events == 0 || self.events > MAX_EVENTS {
            return Err("1 to 999999 events");
        }
        if self
            .text
            .is_some_and(|bytes| !(stamp::LENGTH..=MAX_TEXT).contains(&bytes))
        {
            return Err("26 bytes to 1 MiB of text in each event");
        }
        if self.interval > 3_600_000_000 {
            return Err("an interval of an hour at most");
        }
        if self.one_chunk && self.interval > 0 {
            return Err("a paced stream has a chunk for each event: -c needs interval 0");
        }
        Ok(self)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m-{}-{}", self.events, self.interval)?;
        if let Some(bytes) = self.text {
            write!(f, "-{bytes}")?;
        }
        f.write_str(if self.one_chunk { "-c" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let plan = Plan {
            events: 256,
            interval: 0,
            text: None,
            one_chunk: false,
        };
        assert_eq!("m-256-0".parse(), Ok(plan));
        assert_eq!(
            "m-256-0-c".parse(),
            Ok(Plan {
                one_chunk: true,
                ..plan
            })
        );
        assert_eq!(
            "m-256-0-64".parse(),
            Ok(Plan {
                text: Some(64),
                ..plan
            })
        );
        let full = Plan {
            events: 9,
            interval: 0,
            text: Some(64),
            one_chunk: true,
        };
        assert_eq!(full.to_string().parse(), Ok(full));
        let paced = Plan {
            events: 40,
            interval: 100_000,
            text: Some(26),
            one_chunk: false,
        };
        assert_eq!(paced.to_string().parse(), Ok(paced));
    }

    #[test]
    fn refuses_what_it_cannot_answer() {
        for name in [
            "",
            "gpt-4",
            "m-",
            "m-1",
            "m-x-0",
            "m-1-0-26-9",
            "m-1--5",
            "m-1-0-c-26",
        ] {
            assert_eq!(
                name.parse::<Plan>(),
                Err(PlanError::Form(name.to_owned())),
                "{name}"
            );
        }
        for name in [
            "m-0-0",
            "m-1000000-0",
            "m-1-0-25",
            "m-1-0-1048577",
            "m-5-1000-c",
            "m-1-9999999999",
        ] {
            assert!(
                matches!(name.parse::<Plan>(), Err(PlanError::Range(..))),
                "{name}"
            );
        }
    }
}
