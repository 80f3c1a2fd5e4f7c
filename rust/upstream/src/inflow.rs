//! A request's body that is still arriving from its client: a bounded queue of pieces, so that an upload of any size
//! holds a few of them and no more. It can be sent once.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces that wait for the upstream. A server hands over at most a few hundred kilobytes at once.
const QUEUE: usize = 4;

/// The upstream's end. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct Inflow {
    /// An empty piece is the proper end; a queue that just ends is not.
    pieces: Arc<Mutex<Receiver<Bytes>>>,
    length: Option<u64>,
}

/// The client's end. Dropping it before [`Feeder::end`] breaks the request off.
#[derive(Clone, Debug)]
pub struct Feeder(Sender<Bytes>);

/// A body of this length, or of one that nobody knows yet.
pub fn inflow(length: Option<u64>) -> (Feeder, Inflow) {
    let (sender, receiver) = channel(QUEUE);
    let pieces = Arc::new(Mutex::new(receiver));
    (Feeder(sender), Inflow { pieces, length })
}

impl Feeder {
    /// Hand over a piece; waits while the queue is full. `false`: nobody takes more.
    pub async fn feed(&self, piece: Bytes) -> bool {
        piece.is_empty() || self.0.send(piece).await.is_ok()
    }

    /// There is no more.
    pub async fn end(self) {
        // Nobody is left to be told when this fails.
        let _gone = self.0.send(Bytes::new()).await;
    }
}

impl Inflow {
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece; an empty one is the end, `None` a body that was broken off.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.poll_recv(cx)
    }
}

/// A body as hyper takes it.
pub(crate) enum Payload {
    Whole(Full<Bytes>),
    Arriving(Inflow),
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Arriving(inflow) => Poll::Ready(match ready!(inflow.poll(cx)) {
                Some(piece) if piece.is_empty() => None,
                Some(piece) => Some(Ok(Frame::data(piece))),
                None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Arriving(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Arriving(inflow) => inflow
                .length
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
