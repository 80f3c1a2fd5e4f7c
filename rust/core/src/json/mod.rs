//! JSON as the proxy needs it: one pass over borrowed text into a flat tape of spans.
//!
//! A general value tree would copy every string and number; here a [`Node`] is an index into the tape and a view of
//! the source text, so that untouched subtrees (tool schemas, unknown fields, call arguments) keep their exact bytes
//! ([`Node::raw`]), the raw lane can edit spans in place ([`Node::span`]), and the position of a mistake is computed
//! only when somebody asks ([`Node::pointer`]). A reused [`Tape`] parses stream events without allocating.

mod doc;
pub(crate) mod edit;
mod error;
mod keys;
mod node;
mod scan;
mod tape;
mod text;
pub mod write;

pub use doc::Doc;
pub use error::{JsonError, JsonErrorKind};
pub use node::{Node, Number};
pub use tape::{Kind, MAX_DEPTH, Tape};
pub use text::{Joiner, unescape};
