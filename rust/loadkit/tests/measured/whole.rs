//! Answers that are not streamed.

use fastproxy_loadkit::dialect::Dialect;
use fastproxy_loadkit::load::Options;

use crate::changed::{BOTH, assert_only, assert_right};
use crate::relay::{self, Answer, Reply};
use crate::runs;

#[test]
fn whole_answers_are_checked_too() {
    let whole = |edit: fn(String) -> String| {
        move |dialect: Dialect| {
            let relay = relay::start(
                runs::mock(),
                Box::new(move |answer: Answer| {
                    let body = edit(answer.frames.concat());
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
                    Reply::Send(
                        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes(),
                    )
                }),
            );
            runs::run(Options {
                stream: false,
                ..runs::options(relay, dialect, "m-16-0")
            })
        }
    };
    for dialect in BOTH {
        assert_right(&whole(|body| body)(dialect));
        assert_only(
            &whole(|body| body.replacen("abc", "abd", 1))(dialect),
            "text",
        );
        assert_only(
            &whole(|body| body.replacen("_tokens\":16", "_tokens\":1", 1))(dialect),
            "usage",
        );
        assert_only(
            &whole(|body| body.replacen("assistant", "user", 1))(dialect),
            "grammar",
        );
        assert_only(
            &whole(|body| body[..body.len() - 1].to_owned())(dialect),
            "grammar",
        );
        assert_only(
            &whole(|body| body.replacen('@', "@0", 1).replacen('z', "", 1))(dialect),
            "text",
        );
    }
}
