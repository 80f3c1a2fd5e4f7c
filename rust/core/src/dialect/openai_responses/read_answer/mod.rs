//! An upstream's answer → deltas. A whole answer is read as the stream it could have been: head, items, end.

mod calls;
mod items;
mod spoken;
mod stream;
mod thinking;

pub(super) use stream::{StreamDecoder, parse};

use self::items::Items;
use super::error;
use crate::dialect::DecodeContext;
use crate::dialect::openai::usage;
use crate::error::{Error, Kind, Source};
use crate::ir::{Delta, Emit, Finish, FinishReason, Start};
use crate::json::Node;

/// What both forms of an answer share.
#[derive(Debug)]
struct AnswerReader {
    items: Items,
    is_started: bool,
    is_ended: bool,
}

impl AnswerReader {
    fn new(cx: &DecodeContext) -> Self {
        Self {
            items: Items::new(cx),
            is_started: false,
            is_ended: false,
        }
    }

    /// The head: the response object of the first event that has one, or a whole answer.
    fn start(&mut self, response: Option<Node<'_>>, out: &mut dyn Emit) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        let text = |key: &str| {
            response
                .and_then(|node| node.text(key))
                .filter(|t| !t.is_empty())
        };
        let (id, model, tier) = (text("id"), text("model"), text("service_tier"));
        let created = response.and_then(|node| node.get("created_at"));
        out.emit(Delta::Start(Start {
            id: id.as_deref(),
            model: model.as_deref(),
            // Some hosts count in fractions of seconds.
            #[expect(clippy::cast_sign_loss, reason = "negative times are filtered out")]
            created: created
                .and_then(|node| node.as_number()?.as_f64())
                .filter(|seconds| *seconds > 0.0)
                .map(|seconds| seconds as u64),
            service_tier: tier.as_deref(),
            fingerprint: None,
        }));
    }

    /// The final response object: what was not said before it, counts, and why it ended.
    fn end(&mut self, response: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let finish = finish(response)?;
        self.start(Some(response), out);
        let output = response.get("output").into_iter().flat_map(Node::items);
        self.items.reconcile(output, out)?;
        self.items.close_all(out)?;
        if let Some(counts) = response.get("usage").filter(|counts| counts.is_object()) {
            out.emit(Delta::Usage(usage::read(counts)));
        }
        let (reason, native) = match finish {
            (FinishReason::End, native) if self.items.has_refusal() => {
                (FinishReason::Refusal, native)
            }
            finish => finish,
        };
        out.emit(Delta::Finish(Finish::new(reason, &native)));
        out.emit(Delta::End);
        self.is_ended = true;
        Ok(())
    }
}

/// Why an answer ended, and the upstream's word for it. `Err`: it failed, or is not at its end.
fn finish(response: Node<'_>) -> Result<(FinishReason, String), Error> {
    let status = response.text("status").unwrap_or_default();
    match &*status {
        "failed" => Err(failure(response, response)),
        "cancelled" => Err(Error::truncated("the upstream cancelled its answer")),
        "queued" | "in_progress" => Err(Error::malformed(
            "the upstream answered with a response that is still in progress",
        )),
        "incomplete" => {
            let details = response.get("incomplete_details");
            let reason = details.and_then(|details| details.text("reason"));
            let reason = reason.unwrap_or_default().into_owned();
            // Whatever cut it, it must not look like a normal end.
            Ok(match reason.as_str() {
                "content_filter" => (FinishReason::Refusal, reason),
                _ => (FinishReason::MaxOutput, reason),
            })
        }
        _ => Ok((FinishReason::End, "completed".into())),
    }
}

/// The error of a failed response; some hosts put it beside the response object instead.
pub(super) fn failure(response: Node<'_>, event: Node<'_>) -> Error {
    let holder = [response, event]
        .into_iter()
        .find(|node| node.get("error").is_some());
    holder.map_or_else(
        || {
            Error::new(
                Kind::Upstream,
                Source::Upstream,
                "the upstream's answer failed",
            )
        },
        error::in_band,
    )
}

/// Read a whole answer.
pub(super) fn response(
    body: Node<'_>,
    cx: &DecodeContext,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    check_whole(body)?;
    let mut reader = AnswerReader::new(cx);
    reader.end(body, out)
}

/// Whether a body is an answer.
pub(super) fn check_whole(body: Node<'_>) -> Result<(), Error> {
    if body.get("output").is_some_and(Node::is_array) {
        return finish(body).map(|_| ());
    }
    if body.get("error").is_some() || body.get("detail").is_some() {
        return Err(error::in_band(body));
    }
    Err(Error::malformed("the upstream's answer is not a response"))
}
