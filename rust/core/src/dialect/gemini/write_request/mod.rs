//! IR → a request for an upstream of this dialect. Everything that the API insists on is repaired here, and everything
//! that it cannot say is reported. Model and streaming go into the path.

mod config;
mod contents;
mod media;
mod parts;
mod rest;
mod results;
mod thinking;
mod tools;

pub(super) use media::is_readable;

use crate::dialect::names::Names;
use crate::dialect::{EncodedRequest, Target, history};
use crate::error::Error;
use crate::ir::Request;
use crate::json::{Tape, write};
use crate::loss::{Code, LossReport};

/// Longest function name.
const LONGEST_NAME: usize = 128;

/// What is carried along while a request is written.
struct Writer<'r, 'x> {
    target: &'x Target,
    names: &'x Names<'r>,
    loss: &'x mut LossReport,
    /// For the JSON inside strings: arguments and results.
    tape: Tape,
}

/// Write a request. `Err`: media that this API cannot be sent.
pub(super) fn write(
    request: &Request<'_>,
    target: &Target,
    loss: &mut LossReport,
) -> Result<EncodedRequest, Error> {
    media::check(request)?;
    let mut names = Names::by_rule(request, fits, false, loss);
    let steps = history::plan(request, loss);
    let mut writer = Writer {
        target,
        names: &names,
        loss,
        tape: Tape::new(),
    };
    let prompt = writer.prompt(&steps);
    let mut body = Vec::with_capacity(4096);
    write::object(&mut body, |o| {
        prompt.write(o);
        writer.tools(request, o);
        writer.config(request, o);
        writer.rest(request, o);
    });
    Ok(EncodedRequest {
        body,
        names: std::mem::take(&mut names.map),
    })
}

/// Whether a function may be called so.
fn fits(name: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let is_later = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    name.len() <= LONGEST_NAME
        && name.as_bytes().first().is_some_and(is_first)
        && name.bytes().all(is_later)
}

impl Writer<'_, '_> {
    /// Whether a member that is there may be sent to this upstream.
    fn may_send(&mut self, member: &str, pointer: &str) -> bool {
        let is_forbidden = self
            .target
            .profile
            .forbidden
            .iter()
            .any(|name| name == member);
        if is_forbidden {
            let detail = format!("this upstream refuses {member}");
            self.loss.add(Code::ParamForbidden, pointer, detail);
        }
        !is_forbidden
    }

    fn dropped(&mut self, pointer: &str, is_there: bool) {
        if is_there {
            let detail = "no counterpart upstream";
            self.loss.add(Code::FieldDropped, pointer, detail);
        }
    }
}
