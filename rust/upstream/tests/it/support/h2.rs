//! An upstream that speaks HTTP/2.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use fastproxy_upstream::EndpointSettings;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};

use super::{Identity, Upstream};

pub(crate) type Stream = (Request<RecvStream>, SendResponse<Bytes>);

/// An HTTP/2 upstream: `script` gets each stream with its number.
pub(crate) fn h2_upstream<F>(
    script: impl Fn(usize, Stream) -> F + Send + Sync + 'static,
) -> (Upstream, EndpointSettings)
where
    F: Future<Output = ()> + Send + 'static,
{
    let identity = Identity::of("upstream.test");
    let script = Arc::new(script);
    let count = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::start_tls(identity.server(&[b"h2"]), move |connection| {
        let (script, count) = (Arc::clone(&script), Arc::clone(&count));
        async move {
            let mut connection = h2::server::handshake(connection.into_stream())
                .await
                .unwrap();
            while let Some(Ok(stream)) = connection.accept().await {
                tokio::spawn(script(count.fetch_add(1, Ordering::SeqCst), stream));
            }
        }
    });
    let settings = EndpointSettings {
        extra_ca: Some(identity.authority()),
        ..EndpointSettings::new(upstream.url())
    };
    (upstream, settings)
}

/// A head and the beginning of a body.
pub(crate) fn respond(
    stream: &mut SendResponse<Bytes>,
    body: &'static str,
    is_end: bool,
) -> h2::SendStream<Bytes> {
    let head = Response::builder()
        .status(200)
        .header("x-request-id", "req_h2")
        .body(())
        .unwrap();
    let mut sending = stream.send_response(head, false).unwrap();
    sending
        .send_data(Bytes::from_static(body.as_bytes()), is_end)
        .unwrap();
    sending
}
