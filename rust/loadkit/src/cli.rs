//! `loadkit mock …` and `loadkit load …`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use fastproxy_loadkit::dialect::Dialect;
use fastproxy_loadkit::load::{self, Mark, Mode, Options, OptionsError};
use fastproxy_loadkit::mock::Mock;
use fastproxy_loadkit::plan::Plan;
use lexopt::prelude::*;

/// Printed for `--help`, and after a mistake.
pub(crate) const USAGE: &str = "\
loadkit mock [--port P]
    Mock upstream on 127.0.0.1 (port 0: any free one; the address is printed), Chat Completions and Messages.
    The model's name says the answer: m-<events>-<interval us>[-<text bytes per event>][-c]; interval 0: as fast as
    the client reads; -c: the whole stream in one HTTP chunk. GET /stats: what it has done.

loadkit load --url http://HOST:PORT[/PATH] [options]
    --dialect openai_chat|anthropic   what the client speaks (openai_chat)
    --mode closed|paced               next request after the answer | one long stream per connection (closed)
    --no-stream                       ask for whole answers (closed only)
    --concurrency N                   connections (1)
    --seconds S                       measured window (3)
    --warm-up S                       paced: time before it (1)
    --events E                        deltas per stream; paced: as many as the run lasts (256)
    --interval US                     microseconds between deltas (0)
    --text BYTES                      text per delta, or of the whole answer
    --one-chunk                       the mock sends the whole stream in one HTTP chunk
    --prefix P                        put before the model's name to choose an upstream (\"chat/\")
    --key K                           client key (sk-test-load)
    --timeout S                       longest time without a byte (30)
    Prints JSON lines: {\"kind\":\"start\"} and {\"kind\":\"stop\"} at the window's edges, then the report.
    Exit status 1 when an answer was wrong.";

/// Why the program ends without having done its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{0}")]
    Arguments(#[from] lexopt::Error),
    #[error("{0}")]
    Options(#[from] OptionsError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Usage(String),
}

/// Run the command of these arguments; whether everything was right.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<bool, CliError> {
    let mut parser = lexopt::Parser::from_args(arguments);
    match parser.next()? {
        Some(Value(command)) if command == "mock" => mock(parser),
        Some(Value(command)) if command == "load" => load(parser),
        Some(Short('h') | Long("help")) => {
            writeln!(io::stdout(), "{USAGE}")?;
            Ok(true)
        }
        Some(argument) => Err(argument.unexpected().into()),
        None => Err(CliError::Usage(
            "a command is needed: mock or load".to_owned(),
        )),
    }
}

fn mock(mut parser: lexopt::Parser) -> Result<bool, CliError> {
    let mut port = 0;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => port = parser.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let mut mock = Mock::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))?;
    writeln!(io::stdout(), "{}", mock.address()?)?;
    mock.run()?;
    Ok(true)
}

fn load(mut parser: lexopt::Parser) -> Result<bool, CliError> {
    let options = load_options(&mut parser)?.fitted()?;
    let report = load::run(&options, &mut |mark| {
        let kind = if mark == Mark::Start { "start" } else { "stop" };
        // a reader that has gone is noticed when the report is written
        let _ = print_line(&format!(r#"{{"kind":"{kind}"}}"#));
    })?;
    let body = serde_json::to_string(&report).map_err(io::Error::from)?;
    print_line(&format!(r#"{{"kind":"report","report":{body}}}"#))?;
    Ok(report.errors.total == 0)
}

fn print_line(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn load_options(parser: &mut lexopt::Parser) -> Result<Options, CliError> {
    let mut url = None;
    let mut options = defaults();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("url") => url = Some(parser.value()?.string()?),
            Long("dialect") => options.dialect = parser.value()?.parse::<Dialect>()?,
            Long("mode") => options.mode = parser.value()?.parse_with(mode)?,
            Long("no-stream") => options.stream = false,
            Long("concurrency") => options.concurrency = parser.value()?.parse()?,
            Long("seconds") => options.window = parser.value()?.parse_with(seconds)?,
            Long("warm-up") => options.warm_up = parser.value()?.parse_with(seconds)?,
            Long("events") => options.plan.events = parser.value()?.parse()?,
            Long("interval") => options.plan.interval = parser.value()?.parse()?,
            Long("text") => options.plan.text = Some(parser.value()?.parse()?),
            Long("one-chunk") => options.plan.one_chunk = true,
            Long("prefix") => options.prefix = parser.value()?.string()?,
            Long("key") => options.key = parser.value()?.string()?,
            Long("timeout") => options.timeout = parser.value()?.parse_with(seconds)?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let url = url.ok_or_else(|| CliError::Usage("--url is needed".to_owned()))?;
    (options.address, options.host, options.base) = load::parse_url(&url)?;
    Ok(options)
}

fn defaults() -> Options {
    Options {
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        host: String::new(),
        base: String::new(),
        dialect: Dialect::OpenaiChat,
        mode: Mode::Closed,
        stream: true,
        concurrency: 1,
        plan: Plan {
            events: 256,
            interval: 0,
            text: None,
            one_chunk: false,
        },
        prefix: String::new(),
        key: "sk-test-load".to_owned(),
        window: Duration::from_secs(3),
        warm_up: Duration::from_secs(1),
        timeout: Duration::from_secs(30),
    }
}

fn mode(name: &str) -> Result<Mode, CliError> {
    match name {
        "closed" => Ok(Mode::Closed),
        "paced" => Ok(Mode::Paced),
        _ => Err(CliError::Usage(format!(
            "unknown mode {name:?}: closed or paced"
        ))),
    }
}

fn seconds(digits: &str) -> Result<Duration, CliError> {
    let seconds = digits
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| *time <= Duration::from_secs(86_400))
        .ok_or_else(|| {
            CliError::Usage(format!("{digits:?} is not a number of seconds up to a day"))
        })
}
