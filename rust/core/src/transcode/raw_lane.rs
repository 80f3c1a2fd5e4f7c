//! The raw lane: every valid stream is relayed byte for byte, and vouched for.

use std::ops::{ControlFlow, Range};

use super::answer::Report;
use super::request::splice_into;
use crate::dialect::{EncodeContext, Relay, RelayFraming, Verdict};
use crate::error::Error;
use crate::json::{Node, write};
use crate::sse::Frame;

/// Relays one answer.
pub(super) struct RawLane {
    relay: Box<dyn Relay>,
    has_written: bool,
    has_content: bool,
    content_bytes: u64,
}

impl RawLane {
    pub(super) fn new(relay: Box<dyn Relay>) -> Self {
        Self {
            relay,
            has_written: false,
            has_content: false,
            content_bytes: 0,
        }
    }

    pub(super) fn frame(
        &mut self,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<()>, Error> {
        let before = out.len();
        // A byte order mark makes two SDKs lose the first event, and means nothing: the one byte sequence left out.
        let mark = if frame.has_bom { 3 } else { 0 };
        let is_as_sent = self.relay.framing() == RelayFraming::AsSent;
        if is_as_sent
            && !self.has_written
            && !frame.has_bom
            && frame.raw.starts_with(b"\xEF\xBB\xBF")
        {
            // In mid-stream it is no mark, and must not become one because nothing before it was relayed.
            out.push(b'\n');
        }
        let flow = self.relay_frame(frame, mark, out);
        self.has_written |= out.len() > before;
        flow
    }

    fn relay_frame(
        &mut self,
        frame: &Frame<'_>,
        mark: usize,
        out: &mut Vec<u8>,
    ) -> Result<ControlFlow<()>, Error> {
        let framing = self.relay.framing();
        let Some(data) = frame.data else {
            // Half a line at the end of the stream says nothing and would run into what we append. Among lines of JSON
            // a blank one is an error to every client that parses each.
            if !frame.is_unterminated && framing == RelayFraming::AsSent {
                out.extend_from_slice(&frame.raw[mark..]);
            }
            return Ok(ControlFlow::Continue(()));
        };
        let verdict = self.relay.event(frame.name, data)?;
        if verdict.has_content {
            self.has_content = true;
            self.content_bytes += data.len() as u64;
        }
        if !verdict.drop {
            match framing {
                RelayFraming::AsSent => write_frame(frame, mark, data, &verdict, out),
                RelayFraming::DataOnly if is_plain(frame, &frame.raw[mark..]) => {
                    write_frame(frame, mark, data, &verdict, out);
                }
                RelayFraming::DataOnly => {
                    out.extend_from_slice(b"data: ");
                    write_line(data, &verdict.edits, out);
                    out.extend_from_slice(b"\n\n");
                }
                RelayFraming::Array => {
                    out.extend_from_slice(if self.has_written { b",\n" } else { b"[" });
                    write_line(data, &verdict.edits, out);
                }
                RelayFraming::Lines if has_line_breaks(data) => {
                    write_line(data, &verdict.edits, out);
                    out.push(b'\n');
                }
                RelayFraming::Lines => {
                    write_data(frame, &frame.raw[mark..], mark, data, &verdict.edits, out);
                    if frame.is_unterminated {
                        out.push(b'\n');
                    }
                }
            }
        }
        Ok(if verdict.is_terminal {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let rest = self.relay.finish()?;
        out.extend_from_slice(rest);
        Ok(())
    }

    pub(super) fn whole(
        &mut self,
        text: &str,
        root: Node<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let edits = self.relay.response(root)?;
        self.has_content = true;
        self.content_bytes = text.len() as u64;
        splice_into(text.as_bytes(), &edits, out);
        Ok(())
    }

    /// Append the error event, when it depends on what was relayed.
    pub(super) fn abort(&self, error: &Error, cx: &EncodeContext, out: &mut Vec<u8>) -> bool {
        self.relay.abort(error, cx, out)
    }

    pub(super) fn has_content(&self) -> bool {
        self.has_content
    }

    pub(super) fn is_complete(&self) -> bool {
        self.relay.is_complete()
    }

    pub(super) fn report(&self) -> Report {
        let (id, model) = self.relay.served();
        Report {
            usage: self.relay.usage(),
            finish: self.relay.finish_reason().map(Into::into),
            upstream_id: id.map(Into::into),
            upstream_model: model.map(Into::into),
            losses: Vec::new(),
            output_bytes: self.content_bytes,
        }
    }
}

fn write_frame(frame: &Frame<'_>, mark: usize, data: &str, verdict: &Verdict, out: &mut Vec<u8>) {
    let raw = &frame.raw[mark..];
    if let Some(name) = verdict.name {
        // Leading blank lines would end an event that has only a name.
        let blank = raw
            .iter()
            .take_while(|b| matches!(b, b'\n' | b'\r'))
            .count();
        out.extend_from_slice(format!("event: {name}\n").as_bytes());
        write_data(
            frame,
            &raw[blank..],
            mark + blank,
            data,
            &verdict.edits,
            out,
        );
    } else {
        write_data(frame, raw, mark, data, &verdict.edits, out);
    }
    if frame.is_unterminated {
        // After a CR the first LF would only make it a CRLF.
        let ended = raw.ends_with(b"\n");
        out.extend_from_slice(if ended { b"\n" } else { b"\n\n" });
    }
}

/// Whether an event is one data line and nothing else, in the form and with the characters that readers of lines take.
fn is_plain(frame: &Frame<'_>, raw: &[u8]) -> bool {
    let lines = raw.trim_ascii_end();
    frame.name.is_empty()
        && !frame.is_unterminated
        && lines.starts_with(b"data: ")
        && memchr::memchr2(b'\r', b'\n', lines).is_none()
        && !frame.data.is_some_and(has_line_breaks)
}

/// Whether readers that split lines the Unicode way (google-genai, ollama for Python) would cut this in two.
fn has_line_breaks(data: &str) -> bool {
    data.contains(['\u{85}', '\u{2028}', '\u{2029}'])
}

/// The data on one line, edited.
fn write_line(data: &str, edits: &[(Range<usize>, String)], out: &mut Vec<u8>) {
    let mut edited = Vec::with_capacity(data.len());
    splice_into(data.as_bytes(), edits, &mut edited);
    match std::str::from_utf8(&edited) {
        Ok(json) => write::raw(out, json),
        Err(_) => out.extend_from_slice(&edited),
    }
}

/// `raw` is the frame from `offset` on.
fn write_data(
    frame: &Frame<'_>,
    raw: &[u8],
    offset: usize,
    data: &str,
    edits: &[(Range<usize>, String)],
    out: &mut Vec<u8>,
) {
    match (&frame.span, edits) {
        (_, []) => out.extend_from_slice(raw),
        (Some(span), edits) => {
            out.extend_from_slice(&raw[..span.start - offset]);
            splice_into(data.as_bytes(), edits, out);
            out.extend_from_slice(&raw[span.end - offset..]);
        }
        (None, edits) => {
            // JSON over several data lines: its line breaks are white space, so one line says the same.
            let line = data.replace(['\n', '\r'], " ");
            if !frame.name.is_empty() {
                out.extend_from_slice(format!("event: {}\n", frame.name).as_bytes());
            }
            out.extend_from_slice(b"data: ");
            splice_into(line.as_bytes(), edits, out);
            out.extend_from_slice(b"\n\n");
        }
    }
}
