//! The guard between decoders and encoders: makes the promises of `ir::delta` true, restores the client's tool names,
//! and reads along for the report.

use super::answer::Report;
use super::unwrap::Unwrapper;
use crate::dialect::NameMap;
use crate::error::Error;
use crate::ir::{Delta, Finish, FinishReason, PartKind, Piece, Start, ToolKind, Usage};

/// One part as far as it came.
struct Open {
    is_open: bool,
    unwrapper: Option<Unwrapper>,
}

/// One per answer.
pub(super) struct Guard {
    names: NameMap,
    parts: Vec<Open>,
    report: Report,
    usage: Usage,
    is_started: bool,
    is_finished: bool,
    is_ended: bool,
    has_content: bool,
    has_tools: bool,
    broken: Option<&'static str>,
}

type Next<'n> = dyn FnMut(Delta<'_>) + 'n;

impl Guard {
    pub(super) fn new(names: NameMap) -> Self {
        Self {
            names,
            parts: Vec::new(),
            report: Report::default(),
            usage: Usage::default(),
            is_started: false,
            is_finished: false,
            is_ended: false,
            has_content: false,
            has_tools: false,
            broken: None,
        }
    }

    pub(super) fn has_content(&self) -> bool {
        self.has_content
    }

    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// A decoder that broke its promises is our bug; the client must not see half an answer as a whole one.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self.broken {
            Some(what) => Err(Error::malformed(format!(
                "the upstream's answer cannot be followed: {what}"
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn report(&self) -> Report {
        Report {
            usage: self.usage,
            ..self.report.clone()
        }
    }

    pub(super) fn pass(&mut self, delta: Delta<'_>, next: &mut Next<'_>) {
        if self.is_ended {
            return;
        }
        if !self.is_started && !matches!(delta, Delta::Start(_) | Delta::Keepalive) {
            self.start(Start::default(), next);
        }
        match delta {
            Delta::Start(start) => self.start(start, next),
            Delta::PartStart { part, kind } => self.part_start(part, kind, next),
            Delta::Piece { part, piece } => self.piece(part, piece, next),
            Delta::PartEnd { part } => self.part_end(part, next),
            Delta::Usage(usage) => {
                self.usage.merge(&usage);
                next(Delta::Usage(self.usage));
            }
            Delta::Finish(finish) => self.finish(&finish, next),
            Delta::Keepalive => next(Delta::Keepalive),
            Delta::End => self.end(next),
        }
    }

    fn start(&mut self, start: Start<'_>, next: &mut Next<'_>) {
        if self.is_started {
            return;
        }
        self.is_started = true;
        self.report.upstream_id = start.id.map(Into::into);
        self.report.upstream_model = start.model.map(Into::into);
        next(Delta::Start(start));
    }

    fn part_start(&mut self, part: u32, kind: PartKind<'_>, next: &mut Next<'_>) {
        if part as usize != self.parts.len() || self.is_finished {
            self.broken = Some("a part starts out of turn");
            return;
        }
        let mut open = Open {
            is_open: true,
            unwrapper: None,
        };
        if let PartKind::ToolCall {
            id,
            name,
            namespace,
            kind: sent,
        } = kind
        {
            self.has_tools = true;
            self.has_content = true;
            // Cloned: a call's start is rare next to its pieces.
            if let Some(tool) = self.names.get(name).cloned() {
                if tool.kind == ToolKind::Custom && sent == ToolKind::Function {
                    open.unwrapper = Some(Unwrapper::default());
                }
                self.parts.push(open);
                let (name, namespace) = (tool.name.as_str(), tool.namespace.as_deref());
                next(Delta::PartStart {
                    part,
                    kind: PartKind::ToolCall {
                        id,
                        name,
                        namespace,
                        kind: tool.kind,
                    },
                });
                return;
            }
            let kind = PartKind::ToolCall {
                id,
                name,
                namespace,
                kind: sent,
            };
            self.parts.push(open);
            next(Delta::PartStart { part, kind });
            return;
        }
        self.parts.push(open);
        next(Delta::PartStart { part, kind });
    }

    fn piece(&mut self, part: u32, piece: Piece<'_>, next: &mut Next<'_>) {
        let Some(open) = self
            .parts
            .get_mut(part as usize)
            .filter(|open| open.is_open)
        else {
            self.broken = Some("more of a part that is not open");
            return;
        };
        match piece {
            Piece::Text(text) | Piece::Summary { text, .. } | Piece::Arguments(text) => {
                self.has_content |= !text.is_empty();
                self.report.output_bytes += text.len() as u64;
            }
            _ => self.has_content = true,
        }
        match (&mut open.unwrapper, &piece) {
            (Some(unwrapper), Piece::Arguments(json)) => {
                let text = unwrapper.feed(json);
                if !text.is_empty() {
                    next(Delta::Piece {
                        part,
                        piece: Piece::Arguments(&text),
                    });
                }
            }
            _ => next(Delta::Piece { part, piece }),
        }
    }

    fn part_end(&mut self, part: u32, next: &mut Next<'_>) {
        let Some(open) = self
            .parts
            .get_mut(part as usize)
            .filter(|open| open.is_open)
        else {
            self.broken = Some("the end of a part that is not open");
            return;
        };
        open.is_open = false;
        if let Some(unwrapper) = open.unwrapper.take() {
            let rest = unwrapper.finish();
            if !rest.is_empty() {
                next(Delta::Piece {
                    part,
                    piece: Piece::Arguments(&rest),
                });
            }
        }
        next(Delta::PartEnd { part });
    }

    fn finish(&mut self, finish: &Finish<'_>, next: &mut Next<'_>) {
        if self.is_finished {
            return;
        }
        for part in 0..self.parts.len() {
            if self.parts[part].is_open {
                self.part_end(part as u32, next);
            }
        }
        self.is_finished = true;
        self.report.finish = Some(finish.native.into());
        let reason = match finish.reason {
            FinishReason::End | FinishReason::ToolUse if self.has_tools => FinishReason::ToolUse,
            FinishReason::ToolUse => FinishReason::End,
            other => other,
        };
        next(Delta::Finish(Finish {
            reason,
            ..finish.clone()
        }));
    }

    fn end(&mut self, next: &mut Next<'_>) {
        if !self.is_finished {
            self.broken = Some("it ends without a stop reason");
            return;
        }
        self.is_ended = true;
        next(Delta::End);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::ClientTool;

    /// A short script of what came out.
    fn run(names: NameMap, deltas: Vec<Delta<'_>>) -> (Vec<String>, Guard) {
        let mut guard = Guard::new(names);
        let mut out = Vec::new();
        for delta in deltas {
            guard.pass(delta, &mut |delta| out.push(script(&delta)));
        }
        (out, guard)
    }

    fn script(delta: &Delta<'_>) -> String {
        match delta {
            Delta::Start(_) => "start".into(),
            Delta::PartStart {
                part,
                kind: PartKind::ToolCall { name, kind, .. },
            } => {
                format!("{part}+{name}:{kind:?}")
            }
            Delta::PartStart { part, .. } => format!("{part}+"),
            Delta::Piece {
                part,
                piece: Piece::Arguments(text) | Piece::Text(text),
            } => {
                format!("{part}={text}")
            }
            Delta::Piece { part, .. } => format!("{part}~"),
            Delta::PartEnd { part } => format!("{part}-"),
            Delta::Usage(usage) => format!("usage {}", usage.total()),
            Delta::Finish(finish) => format!("{:?}", finish.reason),
            Delta::Keepalive => "keepalive".into(),
            Delta::End => "end".into(),
        }
    }

    fn call(part: u32, name: &str) -> Delta<'_> {
        let kind = PartKind::ToolCall {
            id: "i",
            name,
            namespace: None,
            kind: ToolKind::Function,
        };
        Delta::PartStart { part, kind }
    }

    fn finish(reason: FinishReason) -> Delta<'static> {
        Delta::Finish(Finish::new(reason, "native"))
    }

    #[test]
    fn a_start_is_made_up_and_open_parts_are_closed() {
        let deltas = vec![
            Delta::PartStart {
                part: 0,
                kind: PartKind::Text,
            },
            Delta::Piece {
                part: 0,
                piece: Piece::Text("a"),
            },
            finish(FinishReason::End),
            finish(FinishReason::MaxOutput),
            Delta::End,
            Delta::End,
        ];
        let (out, guard) = run(NameMap::default(), deltas);
        assert_eq!(out, ["start", "0+", "0=a", "0-", "End", "end"]);
        assert!(guard.is_ended() && guard.has_content() && guard.check().is_ok());
    }

    #[test]
    fn tool_use_is_derived_from_the_parts() {
        let with = run(
            NameMap::default(),
            vec![call(0, "f"), finish(FinishReason::End)],
        )
        .0;
        assert_eq!(with.last().map(String::as_str), Some("ToolUse"));
        let without = run(NameMap::default(), vec![finish(FinishReason::ToolUse)]).0;
        assert_eq!(without.last().map(String::as_str), Some("End"));
        let cut = run(
            NameMap::default(),
            vec![call(0, "f"), finish(FinishReason::MaxOutput)],
        )
        .0;
        assert_eq!(cut.last().map(String::as_str), Some("MaxOutput"));
    }

    #[test]
    fn the_clients_tool_comes_back() {
        let mut names = NameMap::default();
        let tool = ClientTool {
            name: "apply patch".into(),
            namespace: None,
            kind: ToolKind::Custom,
        };
        names.insert("apply_patch", tool);
        let deltas = vec![
            call(0, "apply_patch"),
            Delta::Piece {
                part: 0,
                piece: Piece::Arguments("{\"inp"),
            },
            Delta::Piece {
                part: 0,
                piece: Piece::Arguments("ut\":\"a\\"),
            },
            Delta::Piece {
                part: 0,
                piece: Piece::Arguments("nb\"}"),
            },
            Delta::PartEnd { part: 0 },
        ];
        let (out, _) = run(names, deltas);
        assert_eq!(out, ["start", "0+apply patch:Custom", "0=a", "0=\nb", "0-"]);
    }

    #[test]
    fn a_decoder_that_breaks_its_promises_is_noticed() {
        let broken = [
            vec![Delta::PartStart {
                part: 1,
                kind: PartKind::Text,
            }],
            vec![Delta::Piece {
                part: 0,
                piece: Piece::Text("a"),
            }],
            vec![Delta::PartEnd { part: 0 }],
            vec![Delta::End],
            vec![
                finish(FinishReason::End),
                Delta::PartStart {
                    part: 0,
                    kind: PartKind::Text,
                },
            ],
        ];
        for deltas in broken {
            assert!(
                run(NameMap::default(), deltas.clone()).1.check().is_err(),
                "{deltas:?}"
            );
        }
    }

    #[test]
    fn usage_snapshots_add_up() {
        let first = Usage {
            input: Some(5),
            output: Some(1),
            ..Usage::default()
        };
        let later = Usage {
            output: Some(7),
            ..Usage::default()
        };
        let (out, guard) = run(
            NameMap::default(),
            vec![Delta::Usage(first), Delta::Usage(later)],
        );
        assert_eq!(out, ["start", "usage 6", "usage 12"]);
        assert_eq!(guard.report().usage.input, Some(5));
    }
}
