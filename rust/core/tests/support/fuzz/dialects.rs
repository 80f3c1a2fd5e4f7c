//! Each dialect's decoders and encoders, driven by the registry.

use std::ops::ControlFlow;

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, DecodeContext, Dialect, Target, codec};
use fastproxy_core::error::{Error, Source};
use fastproxy_core::framing::Framer;
use fastproxy_core::ir::Delta;
use fastproxy_core::json::{Doc, JsonErrorKind, Tape};
use fastproxy_core::sse::Frame;
use fastproxy_core::transcode::{ClientRequest, Routing};

/// A request is refused by the client's fault, or what is sent for it is a request of the target's dialect.
pub(crate) fn request(data: &[u8]) {
    for &from in Dialect::ALL {
        let body = Bytes::copy_from_slice(data);
        let parsed = ClientRequest::parse(from, body, ClientContext::default(), outside(from));
        let request = match parsed {
            Ok(request) => request,
            Err(error) => {
                blames_client(&error);
                continue;
            }
        };
        for &to in Dialect::ALL {
            prepare(&request, to);
        }
    }
}

/// What a dialect says in its path.
fn outside(dialect: Dialect) -> Option<(String, bool)> {
    (dialect == Dialect::Gemini).then(|| ("client-model".into(), false))
}

fn prepare(request: &ClientRequest, to: Dialect) {
    let target = Target {
        model: "upstream-model".into(),
        origin: "fuzz".into(),
        ..Target::default()
    };
    let strict = Routing {
        strict: true,
        ..Routing::default()
    };
    match request.prepare(to, &target, &Routing::default()) {
        Err(error) => {
            blames_client(&error);
            assert!(request.prepare(to, &target, &strict).is_err());
        }
        Ok(prepared) => {
            let refused = prepared
                .loss
                .entries()
                .iter()
                .any(|loss| loss.code.is_refused_in_strict_mode());
            assert_eq!(request.prepare(to, &target, &strict).is_err(), refused);
            reads_back(to, prepared.body);
        }
    }
}

/// What we send is a request that we would accept ourselves.
fn reads_back(dialect: Dialect, body: Bytes) {
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    if let Err(error) = Doc::parse(body.clone()) {
        assert_eq!(error.kind, JsonErrorKind::Depth, "{text}");
        return;
    }
    let again = ClientRequest::parse(dialect, body, ClientContext::default(), outside(dialect));
    let decoded = again
        .as_ref()
        .map_err(Error::clone)
        .and_then(ClientRequest::decode);
    assert!(
        decoded.is_ok(),
        "{} does not read {text}: {:?}",
        dialect.name(),
        decoded.err()
    );
}

fn blames_client(error: &Error) {
    assert_eq!(error.source, Source::Client, "{error:?}");
    assert!((400..500).contains(&error.kind.status()), "{error:?}");
}

/// A dialect's stream decoder says the same however the stream was cut.
pub(crate) fn stream(data: &[u8]) {
    for &dialect in Dialect::ALL {
        let whole = decode(dialect, [data]);
        assert_eq!(
            whole,
            decode(dialect, data.chunks(1)),
            "{} byte by byte",
            dialect.name()
        );
    }
}

/// The deltas of a stream, and how it ended.
pub(super) fn decode<'p>(
    dialect: Dialect,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<String>, Result<(), Error>) {
    let mut decoder = codec(dialect).stream_decoder(&context());
    let mut framer = Framer::new(codec(dialect).framing(), 1 << 20);
    let mut deltas = Vec::new();
    let mut emit = |delta: Delta<'_>| deltas.push(format!("{delta:?}"));
    let mut on = |frame: Frame<'_>| {
        if let Some(data) = frame.data {
            decoder.event(frame.name, data, &mut emit)?;
        }
        Ok(if decoder.is_complete() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    };
    let fed = pieces
        .into_iter()
        .try_for_each(|piece| framer.feed(piece, &mut on));
    let framed = fed.and_then(|()| framer.finish(&mut on));
    let end = framed.and_then(|()| decoder.finish(&mut emit));
    (deltas, end)
}

/// A whole answer is refused, or says something.
pub(crate) fn response(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut tape = Tape::new();
    let Ok(root) = tape.parse(text) else { return };
    for &dialect in Dialect::ALL {
        let mut deltas = 0_usize;
        let mut count = |_: Delta<'_>| deltas += 1;
        let result = codec(dialect).decode_response(root, &context(), &mut count);
        let name = dialect.name();
        assert!(result.is_err() || deltas > 0, "{name} answers with nothing");
    }
}

fn context() -> DecodeContext {
    DecodeContext {
        origin: "fuzz".into(),
        id_seed: "fuzz".into(),
    }
}

/// Any error answer becomes an error of every dialect, and none of them is a success.
pub(crate) fn error(data: &[u8]) {
    for &from in Dialect::ALL {
        for status in [
            400, 401, 402, 403, 404, 408, 413, 418, 422, 429, 500, 503, 529, 599,
        ] {
            let error = codec(from).decode_error(status, data);
            assert_ne!(error.source, Source::Proxy);
            for &to in Dialect::ALL {
                let (status, body) = codec(to).encode_error(&error, "req_fuzz");
                assert!((400..600).contains(&status));
                let body = String::from_utf8(body).expect("UTF-8");
                let mut tape = Tape::new();
                let root = tape.parse_strict(&body).expect("JSON");
                assert!(root.get("error").is_some(), "{body}");
                let read = codec(to).decode_response(root, &context(), &mut |_: Delta<'_>| {});
                assert!(read.is_err(), "{body} is taken for an answer");
            }
        }
    }
}
