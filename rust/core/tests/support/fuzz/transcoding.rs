//! Every pair of dialects, streams and whole answers.

use std::ops::ControlFlow;

use fastproxy_core::dialect::{
    DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, codec,
};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::framing::Framer;
use fastproxy_core::ir::Delta;
use fastproxy_core::json::Tape;
use fastproxy_core::sse::{DEFAULT_EVENT_LIMIT, Frame};
use fastproxy_core::transcode::{Setup, Transcoder};

use super::dialects::decode;

/// What an answer becomes does not depend on the cuts, is of the client's dialect, and looks whole only when it is.
pub(crate) fn transcode(data: &[u8]) {
    for &upstream in Dialect::ALL {
        for &client in Dialect::ALL {
            for stream in [true, false] {
                for is_raw in [false, true] {
                    if !is_raw || upstream == client {
                        pair(data, upstream, client, stream, is_raw);
                    }
                }
            }
        }
    }
}

fn pair(data: &[u8], upstream: Dialect, client: Dialect, stream: bool, is_raw: bool) {
    let setup = || setup(upstream, client, stream, is_raw);
    let what = format!(
        "{} to {}, stream {stream}, raw {is_raw}",
        upstream.name(),
        client.name()
    );
    let whole = run(setup(), [data]);
    assert_eq!(whole, run(setup(), data.chunks(1)), "{what}, byte by byte");
    let (out, end, has_content) = whole;
    if let Err(error) = &end {
        // An upstream may notice within its answer what was wrong with the request.
        let is_clients = matches!(
            error.kind,
            Kind::BadRequest
                | Kind::ContextTooLong
                | Kind::TooLarge
                | Kind::MediaType
                | Kind::Unprocessable
        );
        let blames_client = error.source == Source::Client;
        assert!(is_clients || !blames_client, "{what}: {error:?}");
    }
    if stream {
        let text = String::from_utf8_lossy(&out);
        check_frames(&out, client, &what);
        if has_content || (end.is_ok() && !is_raw) {
            let (_, read) = decode(client, [&out[..]]);
            // The raw lane relays what a decoder of ours may find too odd to carry over.
            let is_agreed = read.is_ok() == end.is_ok() || (is_raw && end.is_ok());
            assert!(is_agreed, "{what}: {end:?}, but read {read:?} from {text}");
        }
    } else if end.is_ok() {
        check_whole(&out, client, is_raw, &what);
    }
}

fn setup(upstream: Dialect, client: Dialect, stream: bool, is_raw: bool) -> Setup {
    let encode = EncodeContext {
        model: "client-model".into(),
        request_id: "req_fuzz".into(),
        created: 1_700_000_000,
        stream_usage: true,
        ..EncodeContext::default()
    };
    Setup {
        client,
        upstream,
        stream,
        is_raw,
        decode: DecodeContext {
            origin: "fuzz".into(),
            id_seed: "fuzz".into(),
        },
        encode,
        relay: RelayContext {
            model: "client-model".into(),
            hide_usage: false,
            ..RelayContext::default()
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: 1 << 20,
    }
}

/// Client bytes (with the error event of a stream that fails after it began), how it ended, whether it had begun.
fn run<'p>(
    setup: Setup,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Result<(), Error>, bool) {
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let fed = pieces
        .into_iter()
        .try_for_each(|piece| transcoder.feed(piece, &mut out));
    let end = fed.and_then(|()| transcoder.finish(&mut out));
    let has_content = transcoder.has_content();
    match &end {
        Err(error) if transcoder.is_stream() && has_content => transcoder.abort(error, &mut out),
        _ => {}
    }
    (out, end, has_content)
}

/// Whole events, each of one line of JSON or the one terminator that is not.
fn check_frames(out: &[u8], client: Dialect, what: &str) {
    let mut framer = Framer::new(codec(client).framing(), DEFAULT_EVENT_LIMIT);
    let mut tape = Tape::new();
    let mut on = |frame: Frame<'_>| {
        assert!(!frame.is_unterminated, "{what}");
        if let Some(data) = frame.data {
            assert!(
                data.trim() == "[DONE]" || tape.parse(data).is_ok(),
                "{what}: {data}"
            );
        }
        Ok(ControlFlow::Continue(()))
    };
    let fed = framer
        .feed(out, &mut on)
        .and_then(|()| framer.finish(&mut on));
    assert_eq!(fed, Ok(()), "{what}");
}

fn check_whole(out: &[u8], client: Dialect, is_raw: bool, what: &str) {
    let text = std::str::from_utf8(out).expect("UTF-8");
    let mut tape = Tape::new();
    let root = tape.parse(text).expect("JSON");
    let read =
        codec(client).decode_response(root, &DecodeContext::default(), &mut |_: Delta<'_>| {});
    assert!(is_raw || read.is_ok(), "{what}: {read:?} from {text}");
}
