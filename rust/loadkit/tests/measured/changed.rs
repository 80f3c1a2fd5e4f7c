//! Answers that a relay has changed on their way, and the verdict on them.

use fastproxy_loadkit::dialect::Dialect::{self, Anthropic, OpenaiChat};
use fastproxy_loadkit::load::Report;

use crate::relay::{self, Answer, Reply, chunks};
use crate::runs;

pub(crate) const BOTH: [Dialect; 2] = [OpenaiChat, Anthropic];
/// Enough deltas that most are read by their known surroundings, not in full.
pub(crate) const MODEL: &str = "m-16-0-40";

/// Which frames are deltas, in order.
pub(crate) fn deltas(frames: &[String]) -> Vec<usize> {
    (0..frames.len())
        .filter(|at| frames[*at].contains(" abcdefghijklmn"))
        .collect()
}

/// The text of a delta with its stamp.
pub(crate) fn text(frame: &str) -> &str {
    let end = frame.find(" abcdefghijklmn").expect("a delta") + 15;
    &frame[end - 40..end]
}

pub(crate) fn through(
    dialect: Dialect,
    change: impl Fn(Answer) -> Reply + Send + Sync + 'static,
) -> Report {
    let relay = relay::start(runs::mock(), Box::new(change));
    runs::run(runs::options(relay, dialect, MODEL))
}

/// Change the frames, keep the rest of the answer proper.
pub(crate) fn edited(dialect: Dialect, edit: fn(&mut Vec<String>)) -> Report {
    through(dialect, move |mut answer| {
        edit(&mut answer.frames);
        Reply::Send(chunks(&answer.frames))
    })
}

#[track_caller]
pub(crate) fn assert_only(report: &Report, kind: &str) {
    assert_eq!(
        report.errors.by_kind.keys().copied().collect::<Vec<_>>(),
        [kind],
        "{:?}",
        report.errors
    );
    assert_eq!(report.requests, 0, "a wrong answer was counted");
}

#[track_caller]
pub(crate) fn assert_right(report: &Report) {
    assert_eq!(report.errors.total, 0, "{:?}", report.errors);
    assert!(report.requests > 0);
}

pub(crate) fn with_frame(mut answer: Answer, at: usize, frame: &str) -> Reply {
    answer
        .frames
        .insert(at.min(answer.frames.len()), frame.to_owned());
    Reply::Send(chunks(&answer.frames))
}
