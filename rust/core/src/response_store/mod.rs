//! Answers that are kept for OpenAI Responses clients of upstreams that keep none: `previous_response_id`, item
//! references, `GET` and `DELETE /v1/responses/{id}` and its `input_items`.
//!
//! Bounded in entries, bytes and time; of each answer the whole history is kept, so that a conversation does not depend
//! on its earlier answers being there still. What is not found is told as the API would tell it.

mod listing;

pub use listing::Page;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use crate::dialect::openai_responses::{Kept, expand};
use crate::error::{Error, Kind, Source};
use crate::json::{Doc, Tape, write};
pub use crate::shelf::Limits;
use crate::shelf::{Shelf, key};
use crate::transcode::splice;

/// Keeps answers by client and id.
#[derive(Debug, Default)]
pub struct ResponseStore {
    shelf: Mutex<Shelf<Arc<Kept>>>,
    limits: Limits,
}

impl ResponseStore {
    /// With these bounds.
    pub fn new(limits: Limits) -> Self {
        Self {
            shelf: Mutex::default(),
            limits,
        }
    }

    /// Keep an answer: `input` is what [`crate::dialect::Codec::kept_input`] made of its request, `response` the
    /// response object. `owner` keeps clients apart. What has no id, or alone would fill a quarter of the room, is not
    /// kept.
    pub fn put(&self, owner: &str, input: String, response: &[u8], now: Instant) {
        let Ok(response) = std::str::from_utf8(response) else {
            return;
        };
        let mut tape = Tape::new();
        let id = tape.parse(response).ok().and_then(|root| root.text("id"));
        let Some(id) = id.map(std::borrow::Cow::into_owned) else {
            return;
        };
        let size = input.len() + response.len() + id.len() + 128;
        if size > self.limits.bytes / 4 {
            return;
        }
        let record = Kept {
            input,
            response: response.into(),
        };
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.put(key(owner, &id), Arc::new(record), size, now);
        shelf.make_room(&self.limits, now);
    }

    fn find(&self, owner: &str, id: &str, now: Instant) -> Option<Arc<Kept>> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.get(&key(owner, id), &self.limits, now)
    }

    /// Put what a request refers to into its body, and whether anything was (for
    /// [`crate::dialect::ClientContext::is_expanded`]). A body that refers to nothing, or to what is not kept here, is
    /// given back as it is; so is one that is not JSON: whoever reads it next says so.
    pub fn expand(&self, owner: &str, body: Bytes, now: Instant) -> (Bytes, bool) {
        let has = |word: &str| memchr::memmem::find(&body, word.as_bytes()).is_some();
        if !has("previous_response_id") && !has("item_reference") {
            return (body, false);
        }
        let Ok(doc) = Doc::parse(body.clone()) else {
            return (body, false);
        };
        match expand(doc.root(), &|id| self.find(owner, id, now)) {
            Some(edits) => (splice(doc.bytes(), &edits), true),
            None => (body, false),
        }
    }

    /// The response object of a kept answer.
    pub fn get(&self, owner: &str, id: &str, now: Instant) -> Result<Vec<u8>, Error> {
        let record = self.find(owner, id, now).ok_or_else(|| unknown(id))?;
        Ok(record.response.clone().into_bytes())
    }

    /// Forget an answer: what the API says to that.
    pub fn delete(&self, owner: &str, id: &str, now: Instant) -> Result<Vec<u8>, Error> {
        self.find(owner, id, now).ok_or_else(|| unknown(id))?;
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remove(&key(owner, id));
        let mut out = Vec::new();
        write::object(&mut out, |o| {
            o.str("id", id);
            o.str("object", "response");
            o.bool("deleted", true);
        });
        Ok(out)
    }

    /// A page of the items that led to a kept answer.
    pub fn input_items(
        &self,
        owner: &str,
        id: &str,
        page: &Page,
        now: Instant,
    ) -> Result<Vec<u8>, Error> {
        let record = self.find(owner, id, now).ok_or_else(|| unknown(id))?;
        listing::write(id, &record.input, page)
    }

    /// Answers and bytes kept now.
    pub fn size(&self) -> (usize, usize) {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.size()
    }
}

fn unknown(id: &str) -> Error {
    let text = format!("Response with id '{id}' not found.");
    Error::new(Kind::NotFound, Source::Client, text).with_code("response_not_found")
}
