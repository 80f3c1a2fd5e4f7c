//! The one internal representation: what a request asks and what an answer says, in no dialect's words.
//!
//! `Option` everywhere: absent differs from null and from the default. Arguments, schemas and numbers stay the text
//! they were sent as. Turn order is never touched here; repairs belong to the encoder that needs them.

mod answer;
mod concept;
mod delta;
mod reasoning;
mod replay;
mod request;
mod tool;
mod usage;

pub use answer::{Answer, AnswerPart, Collector, OwnedCitation};
pub use concept::{Concept, Fidelity};
pub use delta::{Citation, Delta, Emit, Finish, FinishReason, PartKind, Piece, Start};
pub use reasoning::{Effort, Opaque, OpaqueKind, Reasoning, ReasoningIntent, Visibility};
pub use request::{
    CacheMarker, Content, Ext, Media, MediaKind, MediaSource, OutputFormat, Part, Request, Role,
    Sampling, Turn,
};
pub use tool::{Tool, ToolCall, ToolChoice, ToolKind, ToolMode, ToolResult};
pub use usage::Usage;
