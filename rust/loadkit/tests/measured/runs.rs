//! A mock in this process, and short runs against it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fastproxy_loadkit::dialect::Dialect;
use fastproxy_loadkit::http::{Body, ResponseHead};
use fastproxy_loadkit::load::{self, Mode, Options, Report};
use fastproxy_loadkit::mock::Mock;

/// Start a mock; it ends with the process.
pub(crate) fn mock() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    // bound in its thread: what epoll fills in cannot move to another
    thread::spawn(move || {
        let mut mock = Mock::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        sender
            .send(mock.address().expect("bound"))
            .expect("the test waits");
        mock.run().expect("epoll works");
    });
    receiver.recv().expect("the mock is bound")
}

/// A short closed run of one connection.
pub(crate) fn options(address: SocketAddr, dialect: Dialect, model: &str) -> Options {
    Options {
        address,
        host: address.to_string(),
        base: String::new(),
        dialect,
        mode: Mode::Closed,
        stream: true,
        concurrency: 1,
        plan: model.parse().expect("a plan"),
        prefix: String::new(),
        key: "sk-test-load".to_owned(),
        window: Duration::from_millis(20),
        warm_up: Duration::ZERO,
        timeout: Duration::from_secs(10),
    }
}

pub(crate) fn run(options: Options) -> Report {
    let options = options.fitted().expect("options that go together");
    load::run(&options, &mut |_| {}).expect("epoll works")
}

/// Send a request to the mock and take its answer apart.
pub(crate) fn ask(mock: SocketAddr, request: &[u8]) -> Vec<String> {
    let mut upstream = TcpStream::connect(mock).expect("the mock listens");
    upstream.write_all(request).expect("the mock reads");
    let (mut bytes, mut payload) = (Vec::new(), Vec::new());
    let mut body: Option<Body> = None;
    while !body.is_some_and(Body::is_done) {
        let mut piece = [0; 16384];
        let length = upstream.read(&mut piece).expect("the mock answers");
        assert!(length > 0, "the mock closed before its answer's end");
        bytes.extend_from_slice(&piece[..length]);
        if body.is_none() {
            let head = ResponseHead::read(&bytes).expect("a good head");
            body = head.map(|head| {
                bytes.drain(..head.length);
                head.body
            });
        }
        if let Some(body) = &mut body {
            let mut rest = bytes.as_slice();
            while let Some(found) = body.next(&mut rest).expect("good chunks") {
                payload.extend_from_slice(found);
            }
            bytes = rest.to_vec();
        }
    }
    let text = String::from_utf8(payload).expect("UTF-8");
    text.split_inclusive("\n\n").map(str::to_owned).collect()
}

/// `GET /stats` of a mock. It answers after it has noticed every connection that was closed before.
pub(crate) fn stats(mock: SocketAddr) -> String {
    ask(mock, b"GET /stats HTTP/1.1\r\n\r\n").concat()
}
