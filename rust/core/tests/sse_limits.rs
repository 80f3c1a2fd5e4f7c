//! The framer's bounds: when a frame is delivered, how large it may be, what stops the reading, what it costs.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/frames.rs"]
mod frames;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::sse::{Frame, SseFramer, write_event};
use frames::{read, read_limited};

#[expect(clippy::unnecessary_wraps, reason = "the framer's callback")]
fn ignore(_: Frame<'_>) -> Result<ControlFlow<()>, Error> {
    Ok(ControlFlow::Continue(()))
}

#[test]
fn a_frame_is_delivered_with_its_last_byte() {
    for stream in ["data: a\n\n", "event: x\r\ndata: a\r\n\r\n", "data: a\r\r"] {
        let mut framer = SseFramer::default();
        for (at, byte) in stream.bytes().enumerate() {
            let mut seen = 0;
            framer
                .feed(&[byte], &mut |_| {
                    seen += 1;
                    Ok(ControlFlow::Continue(()))
                })
                .unwrap();
            assert_eq!(
                seen,
                usize::from(at + 1 == stream.len()),
                "{stream:?} at {at}"
            );
        }
    }
}

#[test]
fn what_is_missing_at_the_end_is_told() {
    let unterminated = |stream: &[u8]| read([stream]).0.last().unwrap().is_unterminated;
    assert!(!unterminated(b"data: a\n\n"));
    assert!(
        !unterminated(b"data: a\r\n\r"),
        "a CR is a line end of its own"
    );
    assert!(unterminated(b"data: a\n"));
    assert!(unterminated(b"data: a\r"));
    assert!(unterminated(b"data: a"));
    assert!(unterminated(b"\xEF\xBB\xBF"));
}

#[test]
fn the_mark_is_in_the_first_frame_and_can_be_left_out() {
    let mut relayed = Vec::new();
    let stream = "\u{feff}data: a\n\ndata: \u{feff}\n\n";
    SseFramer::default()
        .feed(stream.as_bytes(), &mut |frame| {
            relayed.extend_from_slice(frame.without_bom());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    assert_eq!(relayed, "data: a\n\ndata: \u{feff}\n\n".as_bytes());
}

#[test]
fn a_large_event_within_the_limit_passes() {
    let data = "x".repeat(2 << 20);
    let stream = format!("data: {data}\n\ndata: small\n\n");
    let (frames, end) = read(stream.as_bytes().chunks(16 << 10));
    assert_eq!(end, Ok(()));
    assert_eq!(frames[0].data.as_deref(), Some(&*data));
    assert_eq!(frames[1].data.as_deref(), Some("small"));
}

#[test]
fn a_frame_over_the_limit_is_an_error() {
    let stream = b"data: 12\n\ndata: 1234\n\ndata: 5\n\n";
    for size in [1, 2, 3, 7, stream.len()] {
        let (frames, end) = read_limited(10, stream.chunks(size));
        let error = end.unwrap_err();
        assert_eq!(
            (error.kind, error.source),
            (Kind::Upstream, Source::Upstream),
            "pieces of {size}"
        );
        assert_eq!(frames.len(), 1, "pieces of {size}");
        assert_eq!(
            read_limited(12, stream.chunks(size)).1,
            Ok(()),
            "pieces of {size}"
        );
    }
    let endless = b"data: ".iter().chain(std::iter::repeat(&b'x')).copied();
    let bytes: Vec<u8> = endless.take(1 << 20).collect();
    let mut framer = SseFramer::new(1000);
    let fed = bytes
        .chunks(64)
        .take_while(|piece| framer.feed(piece, &mut ignore).is_ok())
        .count();
    assert_eq!(
        fed,
        1000 / 64,
        "the error comes as soon as the limit is passed"
    );
}

#[test]
fn data_and_names_must_be_utf_8() {
    for stream in [
        &b"data: a\xFFb\n\n"[..],
        b"event: \xC3\ndata: a\n\n",
        b"data: a\ndata: \xE2\x82\n\n",
    ] {
        for size in [1, stream.len()] {
            let (frames, end) = read(b"data: ok\n\n".chunks(3).chain(stream.chunks(size)));
            assert_eq!(frames.len(), 1);
            assert_eq!(
                end,
                Err(Error::malformed(
                    "the stream holds an event that is not UTF-8"
                ))
            );
        }
    }
    let (_, end) = read([&b"data: {\"a\":\"\xE2\x82"[..]]);
    assert_eq!(end.unwrap_err().kind, Kind::Truncated);
}

#[test]
fn nothing_is_read_after_a_break_or_an_error() {
    let refuse = Error::client("stop");
    for answer in [Ok(ControlFlow::Break(())), Err(refuse.clone())] {
        let mut framer = SseFramer::default();
        let mut seen = Vec::new();
        let mut on = |frame: Frame<'_>| {
            seen.push(frame.raw.to_vec());
            answer.clone()
        };
        let fed = framer.feed(b"data: a\n\ndata: b\n\ndata: c", &mut on);
        assert_eq!(fed, answer.clone().map(|_| ()));
        assert_eq!(framer.feed(b"\n\ndata: d\n\n", &mut on), Ok(()));
        assert_eq!(framer.finish(&mut on), Ok(()));
        assert_eq!(seen, [b"data: a\n\n".to_vec()]);
    }
}

#[test]
fn finish_delivers_once() {
    let mut framer = SseFramer::default();
    let mut seen = 0;
    let mut on = |_: Frame<'_>| {
        seen += 1;
        Ok(ControlFlow::Continue(()))
    };
    framer.feed(b"data: a", &mut on).unwrap();
    framer.finish(&mut on).unwrap();
    framer.finish(&mut on).unwrap();
    assert_eq!(seen, 1);
}

/// The shortest of three runs: another process on the machine can only make a run longer.
fn dribble(event: &[u8]) -> Duration {
    let run = || {
        let start = Instant::now();
        let mut framer = SseFramer::default();
        event
            .chunks(1)
            .for_each(|byte| framer.feed(byte, &mut ignore).unwrap());
        start.elapsed()
    };
    [run(), run(), run()].into_iter().min().unwrap()
}

#[test]
fn one_event_byte_by_byte_costs_linear_time() {
    let line = |length: usize| [b"data: ", &*vec![b'x'; length], b"\n\n"].concat();
    let lines = |length: usize| [&*b"data: x\n".repeat(length / 8), b"\n"].concat();
    for event in [line, lines] {
        let (small, large) = (dribble(&event(64 << 10)), dribble(&event(1 << 20)));
        assert!(
            large < small * 64,
            "16 times the bytes took {large:?} after {small:?}: quadratic is 256 times"
        );
    }
}

#[test]
fn the_writer_writes_what_every_client_reads() {
    let mut out = Vec::new();
    write_event(&mut out, Some("message_start"), |out| {
        out.extend_from_slice(b"{\"a\":1}");
    });
    write_event(&mut out, None, |out| out.extend_from_slice(b"[DONE]"));
    assert_eq!(
        out,
        b"event: message_start\ndata: {\"a\":1}\n\ndata: [DONE]\n\n"
    );
    let (frames, end) = read([&out[..]]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        (&*frames[0].name, frames[0].data.as_deref()),
        ("message_start", Some("{\"a\":1}"))
    );
    assert_eq!(
        (&*frames[1].name, frames[1].data.as_deref()),
        ("", Some("[DONE]"))
    );
}
