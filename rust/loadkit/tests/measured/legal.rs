//! What a proxy may do to an answer without making it wrong.

use fastproxy_loadkit::dialect::Dialect::{Anthropic, OpenaiChat};

use crate::changed::{BOTH, assert_right, edited, through};
use crate::relay::{Reply, chunks};

#[test]
fn what_a_proxy_may_do() {
    for dialect in BOTH {
        assert_right(&edited(dialect, |_| {}));
        assert_right(&edited(dialect, |frames| {
            frames.insert(9, ": keepalive\n\n".to_owned());
        }));
        assert_right(&edited(dialect, |frames| *frames = vec![frames.concat()]));
        assert_right(&edited(dialect, |frames| {
            for frame in frames {
                *frame = frame.replace('\n', "\r\n");
            }
        }));
        // chunks that end anywhere, even in the middle of a stamp
        for size in [1, 7, 50, 333] {
            assert_right(&through(dialect, move |answer| {
                let all = answer.frames.concat();
                let pieces = all.as_bytes().chunks(size);
                let pieces: Vec<_> = pieces
                    .map(|piece| String::from_utf8_lossy(piece).into_owned())
                    .collect();
                Reply::Send(chunks(&pieces))
            }));
        }
    }
}

#[test]
fn other_spellings_of_the_same_event() {
    // each event with another id: none has the surroundings of the one before
    assert_right(&edited(OpenaiChat, |frames| {
        for (number, frame) in frames.iter_mut().enumerate() {
            *frame = frame.replace("chatcmpl-", &format!("chatcmpl-{number}-"));
        }
    }));
    assert_right(&edited(Anthropic, |frames| {
        for frame in frames.iter_mut().step_by(2) {
            *frame = frame.replace(",\"index\"", ", \"index\"");
        }
    }));
}

#[test]
fn a_connection_that_is_closed_properly_is_opened_again() {
    for dialect in BOTH {
        let report = through(dialect, |answer| {
            let text = String::from_utf8(chunks(&answer.frames)).expect("UTF-8");
            Reply::Close(
                text.replacen("\r\n", "\r\nConnection: close\r\n", 1)
                    .into_bytes(),
            )
        });
        assert_right(&report);
        assert!(report.reconnects > 0);
    }
}
