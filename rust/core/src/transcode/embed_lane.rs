//! Answers that are vectors: whole, and never a stream.

use super::answer::Report;
use crate::dialect::embed::{Learnt, Reply};
use crate::error::Error;
use crate::json::Node;
use crate::loss::LossReport;

/// Tells one answer.
pub(super) struct EmbedLane {
    reply: Reply,
    learnt: Learnt,
    loss: LossReport,
}

impl EmbedLane {
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            reply,
            learnt: Learnt::default(),
            loss: LossReport::new(),
        }
    }

    pub(super) fn whole(
        &mut self,
        text: &str,
        root: Node<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.learnt = self.reply.write(text, root, &mut self.loss, out)?;
        Ok(())
    }

    pub(super) fn report(&self) -> Report {
        Report {
            usage: self.learnt.usage,
            upstream_model: self.learnt.model.clone(),
            losses: self.loss.entries().to_vec(),
            ..Report::default()
        }
    }
}
