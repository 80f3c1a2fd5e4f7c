//! What the two dialects of OpenAI have in common: errors, counts, media, schemas, the rules for single fields.
//!
//! Neither dialect knows the other; both know this.

pub(in crate::dialect) mod cache;
pub(in crate::dialect) mod calls;
pub(in crate::dialect) mod error;
pub(in crate::dialect) mod fields;
pub(in crate::dialect) mod media;
pub(in crate::dialect) mod offers;
pub(in crate::dialect) mod read;
pub(in crate::dialect) mod sampling;
pub(in crate::dialect) mod schema;
pub(in crate::dialect) mod settings;
pub(in crate::dialect) mod tools;
pub(in crate::dialect) mod usage;
