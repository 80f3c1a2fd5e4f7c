//! Reading answers and demanding all of them: every delta, in order, in the dialect's grammar, up to its end.
//!
//! The client must check 5 million events a second on the core that it shares with the mock, and still accept any
//! legal way of writing an event. So the first delta of a stream is parsed in full, and what stands before and after
//! its text is remembered; an event with exactly these bytes around another text can only be another delta.

mod chat;
mod frame;
mod messages;
mod stream;
mod whole;

pub use stream::StreamReader;
pub use whole::check_whole;

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::plan::Plan;

/// What an answer is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whose grammar.
    pub dialect: Dialect,
    /// What was asked for.
    pub plan: Plan,
    /// Whether as a stream.
    pub stream: bool,
    /// When the request was sent: nothing of the answer can be older.
    pub not_before: u64,
}

impl Expected {
    fn usage(&self, got: Option<u64>) -> Result<(), Fault> {
        let expected = self.plan.events;
        if got == Some(u64::from(expected)) {
            Ok(())
        } else {
            Err(Fault::Usage { expected, got })
        }
    }
}

/// What one event is.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// A piece of text.
    Delta(String),
    /// All of the text has been said.
    TextEnd,
    /// Anything else that belongs.
    Other,
    /// The terminator.
    End,
}

/// Where a stream stands, by dialect.
#[derive(Debug)]
enum Stage {
    Chat(chat::Stage),
    Messages(messages::Stage),
}

impl Stage {
    fn first(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenaiChat => Self::Chat(chat::Stage::default()),
            Dialect::Anthropic => Self::Messages(messages::Stage::default()),
        }
    }

    fn event(&mut self, event: &frame::Event<'_>, expected: &Expected) -> Result<Found, Fault> {
        match self {
            Self::Chat(stage) => stage.event(event, expected),
            Self::Messages(stage) => stage.event(event, expected),
        }
    }
}
