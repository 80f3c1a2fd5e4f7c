//! Whatever is said once per request, and what this dialect cannot say.

use super::Writer;
use crate::ir::Request;
use crate::json::write::Object;

impl Writer<'_, '_> {
    pub(super) fn rest(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        let tier = match request.service_tier.as_deref() {
            None | Some("auto") => None,
            Some("default" | "standard" | "standard_only") => Some("standard"),
            Some("flex") => Some("flex"),
            Some("priority" | "fast") => Some("priority"),
            Some(_) => {
                self.dropped("/service_tier", true);
                None
            }
        };
        if let Some(tier) = tier
            && self.may_send("serviceTier", "/service_tier")
        {
            o.str("serviceTier", tier);
        }
        self.dropped("/user", request.end_user.is_some());
        self.dropped("/metadata", request.metadata.is_some());
        // Not to keep an answer is what this API does anyway.
        self.dropped("/store", request.store == Some(true));
        self.dropped("/prompt_cache_key", request.cache_key.is_some());
        self.dropped("/cache_control", request.cache.is_some());
        self.dropped("/verbosity", request.verbosity.is_some());
    }
}
