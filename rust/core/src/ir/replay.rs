//! A whole answer as the deltas it could have come in: the one-shot form is the streaming form fed once.

use super::answer::{Answer, AnswerPart};
use super::delta::{Delta, Emit, Finish, FinishReason, PartKind, Piece, Start};
use super::reasoning::Opaque;

impl Answer {
    /// The answer as the deltas it could have come in.
    pub fn replay(&self, out: &mut dyn Emit) {
        out.emit(Delta::Start(Start {
            id: self.id.as_deref(),
            model: self.model.as_deref(),
            created: self.created,
            service_tier: self.service_tier.as_deref(),
            fingerprint: self.fingerprint.as_deref(),
        }));
        for (part, content) in self.parts.iter().enumerate() {
            let part = part as u32;
            let kind = content.kind();
            out.emit(Delta::PartStart { part, kind });
            content.pieces(&mut |piece| out.emit(Delta::Piece { part, piece }));
            out.emit(Delta::PartEnd { part });
        }
        if self.usage.is_known() {
            out.emit(Delta::Usage(self.usage));
        }
        out.emit(Delta::Finish(Finish {
            reason: self.finish.unwrap_or(FinishReason::End),
            native: &self.native_finish,
            stop_sequence: self.stop_sequence.as_deref(),
            explanation: self.explanation.as_deref(),
            category: self.category.as_deref(),
        }));
        out.emit(Delta::End);
    }
}

impl AnswerPart {
    fn kind(&self) -> PartKind<'_> {
        match self {
            Self::Text { .. } => PartKind::Text,
            Self::Reasoning { .. } => PartKind::Reasoning,
            Self::Refusal { .. } => PartKind::Refusal,
            Self::ToolCall {
                id,
                name,
                namespace,
                kind,
                ..
            } => PartKind::ToolCall {
                id,
                name,
                namespace: namespace.as_deref(),
                kind: *kind,
            },
            Self::Media { mime, .. } => PartKind::Media { mime },
            Self::Native { kind, .. } => PartKind::Native { kind },
        }
    }

    fn pieces(&self, next: &mut dyn FnMut(Piece<'_>)) {
        let mut opaque: &[Opaque<'static>] = &[];
        match self {
            Self::Text {
                text,
                citations,
                logprobs,
                opaque: state,
            } => {
                next(Piece::Text(text));
                if let Some(tokens) = logprobs {
                    next(Piece::Logprobs(&format!("[{tokens}]")));
                }
                for citation in citations {
                    next(Piece::Citation(citation.view()));
                }
                opaque = state;
            }
            Self::Reasoning {
                text,
                summary,
                opaque: state,
            } => {
                next(Piece::Text(text));
                for (index, text) in summary.iter().enumerate() {
                    let index = index as u32;
                    next(Piece::Summary { index, text });
                }
                opaque = state;
            }
            Self::Refusal { text } => next(Piece::Text(text)),
            Self::ToolCall {
                arguments,
                opaque: state,
                ..
            } => {
                next(Piece::Arguments(arguments));
                opaque = state;
            }
            Self::Media { data, .. } => next(Piece::Data(data)),
            Self::Native { raw, .. } => next(Piece::Native(raw)),
        }
        for state in opaque {
            next(Piece::Opaque(state.clone()));
        }
    }
}
