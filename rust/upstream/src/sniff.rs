//! Whether a 2xx body is what was asked for, by its first byte: content types are often wrong.

/// What a 2xx body must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Server-sent events.
    EventStream,
    /// JSON: one document, or one per line.
    Json,
}

/// What the beginning of a body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// Nothing but white space yet.
    Blank,
    /// As expected, or not recognisably otherwise.
    Right,
    /// JSON in the place of events: an error object, mostly.
    Document,
    /// A web page: a captive portal, a firewall, a proxy on the way.
    Page,
}

/// Judge the first bytes of a body. White space and a byte order mark are skipped.
pub(crate) fn look(expect: Expect, bytes: &[u8]) -> Looks {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match (bytes.trim_ascii_start().first(), expect) {
        (None, _) => Looks::Blank,
        (Some(b'<'), _) => Looks::Page,
        // No line of an event stream that means anything begins like this.
        (Some(b'{' | b'['), Expect::EventStream) => Looks::Document,
        _ => Looks::Right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells() {
        for (expect, bytes, looks) in [
            (Expect::EventStream, "data: {}\n\n", Looks::Right),
            (Expect::EventStream, "\n\n: ping\n", Looks::Right),
            (Expect::EventStream, "\u{feff} {\"error\":1}", Looks::Document),
            (Expect::EventStream, "<!doctype html>", Looks::Page),
            (Expect::Json, "\r\n{\"a\":1}", Looks::Right),
            (Expect::Json, " <html>", Looks::Page),
            (Expect::Json, " \n", Looks::Blank),
        ] {
            assert_eq!(look(expect, bytes.as_bytes()), looks, "{bytes}");
        }
    }
}
