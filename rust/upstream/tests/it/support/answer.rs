//! A double of the transcoder that speaks lines.

use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::transcode::Report;
use fastproxy_upstream::Answer;

/// `text X` is content, `role` is not, `ping` gives nothing, `fail` is the upstream's error, `done` the terminator. As a
/// document, the whole body is the answer and must end with `}`.
pub(crate) struct Lines {
    is_stream: bool,
    partial: Vec<u8>,
    has_content: bool,
    is_complete: bool,
}

impl Lines {
    pub(crate) fn stream() -> Self {
        Self {
            is_stream: true,
            partial: Vec::new(),
            has_content: false,
            is_complete: false,
        }
    }

    pub(crate) fn document() -> Self {
        Self {
            is_stream: false,
            ..Self::stream()
        }
    }

    fn line(&mut self, line: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("text", text) => {
                self.has_content = true;
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            ("role", _) => out.extend_from_slice(b"role\n"),
            ("ping" | "", _) => {}
            ("done", _) => {
                self.is_complete = true;
                out.extend_from_slice(b"done\n");
            }
            ("fail", _) => {
                return Err(Error::new(Kind::Overloaded, Source::Upstream, "overloaded"));
            }
            _ => return Err(Error::malformed("not a line of the dialect")),
        }
        Ok(())
    }
}

impl Answer for Lines {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.is_stream {
            self.partial.extend_from_slice(bytes);
            return Ok(());
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") && !self.is_complete {
                let line = std::mem::take(&mut self.partial);
                self.line(std::str::from_utf8(&line[..line.len() - 1]).unwrap(), out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.is_stream && self.partial.ends_with(b"}") {
            out.append(&mut self.partial);
            self.is_complete = true;
        }
        if self.is_complete {
            Ok(())
        } else {
            Err(Error::truncated("no terminator"))
        }
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("error {}\n", error.kind.name()).as_bytes());
    }

    fn keepalive(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": wait\n");
    }

    fn has_content(&self) -> bool {
        self.has_content
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn is_stream(&self) -> bool {
        self.is_stream
    }

    fn report(&self) -> Report {
        Report {
            finish: self.is_complete.then(|| "stop".into()),
            ..Report::default()
        }
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        let text = String::from_utf8_lossy(body).into_owned();
        Error::new(Kind::from_status(status), Source::Upstream, text)
    }
}
