//! Streams without their end, out of their grammar, or with something behind them.

use fastproxy_loadkit::dialect::Dialect::{Anthropic, OpenaiChat};
use fastproxy_loadkit::load::Options;

use crate::changed::{BOTH, MODEL, assert_only, edited, through, with_frame};
use crate::relay::{self, Answer, HEAD, Reply, chunks, open_chunks};
use crate::runs;

#[test]
fn ends_that_are_missing() {
    for dialect in BOTH {
        assert_only(&edited(dialect, |frames| drop(frames.pop())), "truncated");
        assert_only(&edited(dialect, |frames| frames.truncate(8)), "truncated");
        assert_only(&edited(dialect, Vec::clear), "truncated");
        assert_only(
            &edited(dialect, |frames| {
                let last = frames.last_mut().expect("a terminator");
                last.truncate(last.len() - 1);
            }),
            "truncated",
        );
        // the body's own end is missing
        for whole in [false, true] {
            let cut = through(dialect, move |mut answer| {
                answer.frames.truncate(if whole { usize::MAX } else { 8 });
                Reply::Close(open_chunks(&answer.frames))
            });
            assert_only(&cut, "truncated");
        }
    }
}

#[test]
fn events_that_are_missing() {
    // the role; the finish reason; the usage
    assert_only(
        &edited(OpenaiChat, |frames| drop(frames.remove(0))),
        "grammar",
    );
    assert_only(
        &edited(OpenaiChat, |frames| drop(frames.remove(17))),
        "truncated",
    );
    assert_only(
        &edited(OpenaiChat, |frames| drop(frames.remove(18))),
        "usage",
    );
    // message_start, content_block_start, content_block_stop, message_delta
    for at in [0, 1, 19, 20] {
        let report = through(Anthropic, move |mut answer| {
            answer.frames.remove(at);
            Reply::Send(chunks(&answer.frames))
        });
        assert_only(&report, "grammar");
    }
}

#[test]
fn events_that_are_wrong() {
    for dialect in BOTH {
        assert_only(
            &edited(dialect, |frames| frames[9] = "data: {\n\n".to_owned()),
            "grammar",
        );
        assert_only(
            &edited(dialect, |frames| {
                for frame in frames {
                    *frame = frame.replace("_tokens\":16", "_tokens\":17");
                }
            }),
            "usage",
        );
    }
    assert_only(
        &edited(Anthropic, |frames| {
            frames[9] = frames[9].replace("event: ", "x: ");
        }),
        "grammar",
    );
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}\n\n";
    assert_only(
        &through(Anthropic, move |a| with_frame(a, 9, error)),
        "upstream",
    );
    assert_only(
        &through(OpenaiChat, |a| {
            with_frame(a, 9, "data: {\"error\":{\"message\":\"m\"}}\n\n")
        }),
        "upstream",
    );
}

#[test]
fn what_follows_the_end() {
    for dialect in BOTH {
        assert_only(
            &through(dialect, |a| {
                with_frame(a, usize::MAX, "data: {\"foo\":1}\n\n")
            }),
            "trailing",
        );
        assert_only(
            &through(dialect, |answer| {
                Reply::Send([chunks(&answer.frames), b"HTTP/1.1".to_vec()].concat())
            }),
            "trailing",
        );
    }
}

#[test]
fn answers_that_are_no_stream() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let unframed = HEAD.replace("transfer-encoding: chunked\r\n", "");
    let failed = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops";
    for (head, kind) in [
        (json, "media"),
        (&unframed, "http"),
        (failed, "status"),
        ("SSH-2.0\r\n", "http"),
    ] {
        let bytes = head.as_bytes().to_vec();
        assert_only(
            &through(OpenaiChat, move |_| Reply::Send(bytes.clone())),
            kind,
        );
    }
}

#[test]
fn an_answer_that_stops() {
    let relay = relay::start(
        runs::mock(),
        Box::new(|answer: Answer| Reply::Hang(open_chunks(&answer.frames[..5]))),
    );
    let timeout = std::time::Duration::from_millis(100);
    let options = Options {
        timeout,
        ..runs::options(relay, OpenaiChat, MODEL)
    };
    assert_only(&runs::run(options), "stalled");
}
