//! Mock and client without anything between them: every mode, every form, nothing wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use fastproxy_loadkit::dialect::Dialect;
use fastproxy_loadkit::load::{self, Mark, Mode, Options};

use crate::runs;

const BOTH: [Dialect; 2] = [Dialect::OpenaiChat, Dialect::Anthropic];

#[test]
fn streams_as_fast_as_possible() {
    let mock = runs::mock();
    for dialect in BOTH {
        // one event, a few, more than one write, long texts, one chunk for all
        for model in [
            "m-1-0",
            "m-16-0",
            "m-5000-0",
            "m-40-0-5000",
            "m-16-0-c",
            "m-5000-0-c",
        ] {
            let options = Options {
                concurrency: 4,
                ..runs::options(mock, dialect, model)
            };
            let report = runs::run(options.clone());
            assert_eq!(
                report.errors.total, 0,
                "{dialect:?} {model}: {:?}",
                report.errors
            );
            assert!(report.requests >= 4, "{dialect:?} {model}");
            assert_eq!(
                report.events,
                report.requests * u64::from(options.plan.events)
            );
            assert_eq!(
                report.ttft_us.expect("streams have a first delta").count,
                report.requests
            );
        }
    }
}

#[test]
fn whole_answers() {
    let mock = runs::mock();
    for dialect in BOTH {
        let options = Options {
            stream: false,
            ..runs::options(mock, dialect, "m-400-0")
        };
        let report = runs::run(options);
        assert_eq!(report.errors.total, 0, "{:?}", report.errors);
        assert!(report.requests > 0);
        assert_eq!(report.events, 0);
        let bytes = report.bytes / report.requests;
        assert!(
            (2000..2400).contains(&bytes),
            "an answer of 2 KB has {bytes}"
        );
    }
}

#[test]
fn paced_streams_keep_their_pace() {
    let mock = runs::mock();
    for dialect in BOTH {
        let options = Options {
            mode: Mode::Paced,
            concurrency: 20,
            window: Duration::from_millis(400),
            warm_up: Duration::from_millis(50),
            ..runs::options(mock, dialect, "m-1-10000")
        };
        let options = options.fitted().expect("fits");
        let mut marks = Vec::new();
        let report = load::run(&options, &mut |mark| marks.push(mark)).expect("epoll works");
        assert_eq!(marks, [Mark::Start, Mark::Stop]);
        assert_eq!(report.errors.total, 0, "{:?}", report.errors);
        assert_eq!(report.streams, 20);
        // 20 streams, 100 a second each, 0.4 s: 800, give or take one per stream at each edge
        assert!(
            report.events.abs_diff(800) <= 60,
            "{} events",
            report.events
        );
        let gap = report.gap_us.expect("deltas follow one another");
        assert!((5_000.0..15_000.0).contains(&gap.p50), "{gap:?}");
    }
}

#[test]
fn the_mock_counts_what_it_did() {
    let mock = runs::mock();
    let report = runs::run(runs::options(mock, Dialect::OpenaiChat, "m-16-0"));
    let stats = runs::stats(mock);
    assert!(
        stats.contains(&format!("\"requests\":{},", report.requests)),
        "{stats}"
    );
    assert!(
        stats.contains(&format!("\"events\":{},", report.events)),
        "{stats}"
    );
    assert!(
        stats.contains("\"open_streams\":0,\"cut_streams\":0,"),
        "{stats}"
    );

    let body = r#"{"model":"m-9-3600000000","stream":true,"messages":[{}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut leaver = TcpStream::connect(mock).expect("listens");
    leaver.write_all(request.as_bytes()).expect("reads");
    leaver.read_exact(&mut [0; 64]).expect("answers");
    drop(leaver);
    assert!(runs::stats(mock).contains("\"open_streams\":0,\"cut_streams\":1,"));
}

#[test]
fn refusals_are_faults() {
    let mock = runs::mock();
    let options = Options {
        prefix: "unknown/".to_owned(),
        ..runs::options(mock, Dialect::Anthropic, "m-4-0")
    };
    let report = runs::run(options);
    assert_eq!(report.requests, 0);
    assert_eq!(
        report.errors.by_kind.keys().copied().collect::<Vec<_>>(),
        ["status"]
    );
    assert!(
        report.errors.first[0].contains("unknown/m-4-0"),
        "{:?}",
        report.errors.first
    );
}

#[test]
fn nobody_listens() {
    let address = std::net::TcpListener::bind(("127.0.0.1", 0))
        .expect("a port")
        .local_addr();
    let report = runs::run(runs::options(
        address.expect("bound"),
        Dialect::OpenaiChat,
        "m-4-0",
    ));
    assert_eq!(report.requests, 0);
    assert_eq!(
        report.errors.by_kind.keys().copied().collect::<Vec<_>>(),
        ["connect"]
    );
}
