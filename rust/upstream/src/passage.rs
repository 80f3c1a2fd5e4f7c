//! An answer that is passed on as it comes: its bytes are nobody's business here but the upstream's and the client's.

use fastproxy_core::dialect::{Dialect, codec};
use fastproxy_core::error::Error;
use fastproxy_core::transcode::Report;
use http::HeaderMap;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED,
};

use crate::exchange::Answer;
use crate::sink::Header;

/// What a client may see of the upstream's headers: they describe the body, and nothing else does.
const DESCRIBING: [HeaderName; 7] = [
    CONTENT_TYPE,
    CONTENT_DISPOSITION,
    CONTENT_RANGE,
    ACCEPT_RANGES,
    CACHE_CONTROL,
    ETAG,
    LAST_MODIFIED,
];

/// Passes one answer on.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    dialect: Dialect,
    has_content: bool,
}

impl Passage {
    /// Of an upstream that tells its errors in this dialect.
    pub fn of(dialect: Dialect) -> Self {
        Self {
            dialect,
            has_content: false,
        }
    }
}

impl Answer for Passage {
    fn head(&mut self, status: u16, headers: &HeaderMap) -> Option<(u16, Vec<Header>)> {
        let mut names = DESCRIBING.to_vec();
        // A coding is removed on the way, and with it the length changes.
        if !headers.contains_key(CONTENT_ENCODING) {
            names.push(CONTENT_LENGTH);
        }
        let described = names.iter().filter_map(|name| {
            let value = headers.get(name)?;
            Some((name.as_str().into(), value.as_bytes().into()))
        });
        Some((status, described.collect()))
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.has_content = true;
        out.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    /// The abnormal close that follows is all that can be said inside a body of unknown form.
    fn abort(&mut self, _error: &Error, _out: &mut Vec<u8>) {}

    fn keepalive(&mut self, _out: &mut Vec<u8>) {}

    fn has_content(&self) -> bool {
        self.has_content
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn report(&self) -> Report {
        Report::default()
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        codec(self.dialect).decode_error(status, body)
    }
}
