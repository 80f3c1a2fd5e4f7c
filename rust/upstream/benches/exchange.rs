//! What one exchange costs over loopback, with a transcoder that only copies: connection checkout, hyper, timers, sink.
//!
//! Measured is the processor time of the calling thread, system calls included: wall time would be that of the thread
//! switches to the upstream, a blocking thread that writes a prepared answer at once. `direct` is the same exchange of
//! bytes without this crate.

#![expect(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark, with criterion's macros"
)]

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::transcode::Report;
use fastproxy_upstream::{
    Answer, Call, Client, ClientSettings, EndpointSettings, Exchange, Header, Keepalive, Push,
    Sink, Status, Stop, Timeouts,
};
use http::Method;
use rustix::time::{ClockId, clock_gettime};

const EVENTS: usize = 256;
const REQUEST: usize = 2048;

/// Serves `answer` for every request, on a thread per connection.
fn serve(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<[u8]> = answer.into();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                while take_request(&mut stream) && stream.write_all(&answer).is_ok() {}
            });
        }
    });
    address
}

/// Every request ends with the last byte of its body, which is an `!`.
fn take_request(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) if buffer[count - 1] == b'!' => return true,
            Ok(_) => {}
        }
    }
}

fn event_stream() -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let event = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        "x".repeat(130)
    );
    for _ in 0..EVENTS {
        write!(answer, "{:x}\r\n{event}\r\n", event.len()).unwrap();
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

/// Copies; complete when the body ends.
struct Copy {
    is_stream: bool,
    has_content: bool,
}

impl Answer for Copy {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.has_content = true;
        out.extend_from_slice(bytes);
        Ok(())
    }
    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }
    fn abort(&mut self, _: &Error, _: &mut Vec<u8>) {}
    fn keepalive(&mut self, _: &mut Vec<u8>) {}
    fn has_content(&self) -> bool {
        self.has_content
    }
    fn is_complete(&self) -> bool {
        false
    }
    fn is_stream(&self) -> bool {
        self.is_stream
    }
    fn report(&self) -> Report {
        Report::default()
    }
    fn decode_error(&self, status: u16, _: &[u8]) -> Error {
        Error::new(Kind::from_status(status), Source::Upstream, "refused")
    }
}

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn start(&mut self, _: u16, _: &[Header]) -> Push {
        Push::Accepted
    }
    fn push(&mut self, bytes: &[u8]) -> Push {
        self.0 += black_box(bytes).len();
        Push::Accepted
    }
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<bool> {
        Poll::Ready(true)
    }
}

/// Time `routine` by what this thread used of the processor.
fn on_thread_time(bencher: &mut criterion::Bencher<'_>, mut routine: impl FnMut()) {
    let used = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    bencher.iter_custom(|rounds| {
        let before = used();
        for _ in 0..rounds {
            routine();
        }
        used().saturating_sub(before)
    });
}

fn exchange(bencher: &mut criterion::Bencher<'_>, address: SocketAddr, is_stream: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = Client::new(ClientSettings::default());
    let endpoint = client
        .endpoint(&EndpointSettings::new(format!("http://{address}")))
        .unwrap();
    let body = bytes::Bytes::from(vec![b'!'; REQUEST]);
    on_thread_time(bencher, || {
        let call = Call::new(
            &endpoint,
            Method::POST,
            "/v1/chat/completions",
            body.clone(),
        )
        .and_then(|call| call.header("authorization", "Bearer sk-test-3"))
        .and_then(|call| call.header("content-type", "application/json"))
        .unwrap();
        let exchange = Exchange {
            call,
            answer: Copy {
                is_stream,
                has_content: false,
            },
            head: Vec::new(),
            timeouts: Timeouts::default(),
            keepalive: Keepalive::default(),
            hold_back: true,
            max_response_bytes: u64::MAX,
            stop: Stop::new(),
        };
        let outcome = runtime.block_on(exchange.run(&client, &mut Count::default()));
        assert_eq!(outcome.status, Status::Completed);
    });
}

fn direct(bencher: &mut criterion::Bencher<'_>, address: SocketAddr, length: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = vec![b'!'; REQUEST + 200];
    let mut answer = vec![0; length];
    on_thread_time(bencher, || {
        stream.write_all(&request).unwrap();
        stream.read_exact(&mut answer).unwrap();
    });
}

fn benches(criterion: &mut Criterion) {
    let document = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {REQUEST}\r\n\r\n{}",
        "y".repeat(REQUEST)
    )
    .into_bytes();
    let stream = event_stream();
    let mut group = criterion.benchmark_group("document");
    let (length, address) = (document.len(), serve(document));
    group.bench_function("direct", |bencher| direct(bencher, address, length));
    group.bench_function("exchange", |bencher| exchange(bencher, address, false));
    group.finish();
    let mut group = criterion.benchmark_group("stream of 256 chunks");
    group.throughput(Throughput::Elements(EVENTS as u64));
    let (length, address) = (stream.len(), serve(stream));
    group.bench_function("direct", |bencher| direct(bencher, address, length));
    group.bench_function("exchange", |bencher| exchange(bencher, address, true));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
