//! Deltas that are lost, doubled, moved, merged, changed or old: each is found and called by its name.

use crate::changed::{BOTH, assert_only, deltas, edited, text, through};
use crate::relay::{Reply, chunks};

#[test]
fn a_delta_that_is_dropped() {
    for dialect in BOTH {
        assert_only(
            &edited(dialect, |frames| drop(frames.remove(deltas(frames)[8]))),
            "order",
        );
        assert_only(
            &edited(dialect, |frames| drop(frames.remove(deltas(frames)[0]))),
            "order",
        );
        assert_only(
            &edited(dialect, |frames| drop(frames.remove(deltas(frames)[15]))),
            "count",
        );
    }
}

#[test]
fn deltas_that_change_places() {
    for dialect in BOTH {
        for (one, other) in [(8, 9), (0, 15)] {
            let report = through(dialect, move |mut answer| {
                let at = deltas(&answer.frames);
                answer.frames.swap(at[one], at[other]);
                Reply::Send(chunks(&answer.frames))
            });
            assert_only(&report, "order");
        }
    }
}

#[test]
fn a_delta_that_comes_twice() {
    for dialect in BOTH {
        for which in [0, 8] {
            assert_only(
                &through(dialect, move |mut answer| {
                    let at = deltas(&answer.frames)[which];
                    answer.frames.insert(at, answer.frames[at].clone());
                    Reply::Send(chunks(&answer.frames))
                }),
                "order",
            );
        }
        assert_only(
            &edited(dialect, |frames| {
                let last = deltas(frames)[15];
                frames.insert(last + 1, frames[last].replace("000015@", "000016@"));
            }),
            "count",
        );
    }
}

#[test]
fn deltas_that_are_merged() {
    for dialect in BOTH {
        assert_only(
            &edited(dialect, |frames| {
                let at = deltas(frames)[8];
                let second = frames.remove(at + 1);
                let both = format!("{}{}", text(&frames[at]), text(&second));
                frames[at] = frames[at].replace(text(&frames[at]), &both);
            }),
            "merged",
        );
    }
}

#[test]
fn text_that_is_changed() {
    for dialect in BOTH {
        assert_only(
            &edited(dialect, |frames| {
                frames[9] = frames[9].replace("fgh", "fxh");
            }),
            "text",
        );
        assert_only(
            &edited(dialect, |frames| {
                frames[9] = frames[9].replace("mn\"", "m\"");
            }),
            "text",
        );
        assert_only(
            &edited(dialect, |frames| {
                frames[9] = frames[9].replace("@0", "@\\n");
            }),
            "text",
        );
    }
}

#[test]
fn an_answer_that_is_kept() {
    for dialect in BOTH {
        let kept = std::sync::Mutex::new(None);
        let report = through(dialect, move |answer| {
            let mut kept = kept.lock().expect("one thread");
            Reply::Send(kept.get_or_insert_with(|| chunks(&answer.frames)).clone())
        });
        assert_eq!(report.requests, 1, "the first one is right");
        assert_eq!(
            report.errors.by_kind.keys().copied().collect::<Vec<_>>(),
            ["stale"]
        );
    }
}
