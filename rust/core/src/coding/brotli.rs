//! Brotli.

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::stage::{Step, corrupt};
use crate::error::Error;

/// Decodes `br`.
pub(super) struct Brotli {
    /// Strict: the windows of up to 1 GiB that are not part of RFC 7932 are refused.
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    is_complete: bool,
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli")
            .field("is_complete", &self.is_complete)
            .finish_non_exhaustive()
    }
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        let state = Box::new(BrotliState::new_strict(alloc(), alloc(), alloc()));
        Self {
            state,
            is_complete: false,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Use up the input or the space.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        space: &mut [u8],
        done: &mut Step,
    ) -> Result<(), Error> {
        if !self.is_complete {
            let (mut left, mut free, mut total) = (input.len(), space.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut done.read,
                input,
                &mut free,
                &mut done.made,
                space,
                &mut total,
                &mut self.state,
            );
            match result {
                BrotliResult::ResultFailure => return Err(corrupt("brotli")),
                BrotliResult::ResultSuccess => self.is_complete = true,
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            }
        }
        if self.is_complete && done.read < input.len() {
            return Err(corrupt("brotli"));
        }
        Ok(())
    }
}
