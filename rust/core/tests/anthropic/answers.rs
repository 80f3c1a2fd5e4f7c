//! Answers as deltas, and what the encoders make of them.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::ir::{
    Collector, Delta, Emit, Finish, FinishReason, Opaque, OpaqueKind, PartKind, Piece, Start,
    ToolKind, Usage,
};
use fastproxy_core::loss::LossReport;
use serde_json::Value;

use super::encode_cx;

/// Both forms of what these deltas say.
pub(crate) fn both(deltas: &[Delta<'_>]) -> (String, Value, LossReport) {
    let mut loss = LossReport::new();
    let mut encoder = Anthropic.stream_encoder(&encode_cx());
    let mut collector = Collector::default();
    let mut stream = Vec::new();
    for delta in deltas {
        encoder.delta(delta, &mut loss, &mut stream);
        collector.emit(delta.clone());
    }
    let mut body = Vec::new();
    Anthropic.encode_response(&collector.answer, &encode_cx(), &mut loss, &mut body);
    (
        String::from_utf8(stream).unwrap(),
        serde_json::from_slice(&body).unwrap(),
        loss,
    )
}

pub(crate) fn part(kind: PartKind<'static>, pieces: Vec<Piece<'static>>) -> Vec<Delta<'static>> {
    let mut deltas = vec![Delta::PartStart { part: 0, kind }];
    deltas.extend(
        pieces
            .into_iter()
            .map(|piece| Delta::Piece { part: 0, piece }),
    );
    deltas.push(Delta::PartEnd { part: 0 });
    deltas
}

/// A whole answer of these parts.
pub(crate) fn answered(
    parts: Vec<Vec<Delta<'static>>>,
    finish: FinishReason,
) -> Vec<Delta<'static>> {
    let mut deltas = vec![Delta::Start(Start::default())];
    for (number, mut part) in parts.into_iter().enumerate() {
        for delta in &mut part {
            match delta {
                Delta::PartStart { part, .. }
                | Delta::Piece { part, .. }
                | Delta::PartEnd { part } => {
                    *part = number as u32;
                }
                _ => {}
            }
        }
        deltas.append(&mut part);
    }
    deltas.push(Delta::Finish(Finish::new(finish, "native")));
    deltas.push(Delta::Usage(Usage {
        input: Some(7),
        output: Some(3),
        ..Usage::default()
    }));
    deltas.push(Delta::End);
    deltas
}

pub(crate) fn tool(id: &'static str) -> PartKind<'static> {
    PartKind::ToolCall {
        id,
        name: "f",
        namespace: None,
        kind: ToolKind::Function,
    }
}

pub(crate) fn state(kind: OpaqueKind) -> Piece<'static> {
    Piece::Opaque(Opaque {
        origin: "other".into(),
        kind,
        data: "c3RhdGU=".into(),
    })
}
