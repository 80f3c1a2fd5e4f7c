//! Errors, both ways. Kinds come from codes, types and statuses; the text is for people and never matched.

mod body;
mod decode;
mod encode;

pub(in crate::dialect) use decode::{decode, in_band};
pub(in crate::dialect) use encode::{Shown, encode, write};

use crate::error::Kind;

/// Codes and types that say more than the status does, whatever the status is.
fn strong(word: &str) -> Option<Kind> {
    Some(match word {
        "context_length_exceeded" | "exceed_context_size_error" | "context_window_exceeded" => {
            Kind::ContextTooLong
        }
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "insufficient_balance"
        | "insufficient_credits"
        | "enforced_spend_limit_reached" => Kind::Billing,
        "model_not_found" | "deployment_not_found" | "DeploymentNotFound" => Kind::NotFound,
        "invalid_api_key" | "API_KEY_INVALID" | "account_deactivated" => Kind::Auth,
        "unsupported_country_region_territory" => Kind::Permission,
        _ => return None,
    })
}

/// Codes and types that stand for a status where none was sent: errors inside a 200.
fn weak(word: &str) -> Option<Kind> {
    Some(match word {
        "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" | "RESOURCE_EXHAUSTED" => {
            Kind::RateLimit
        }
        "overloaded_error"
        | "engine_overloaded"
        | "service_unavailable"
        | "unavailable_error"
        | "UNAVAILABLE" => Kind::Overloaded,
        "timeout" | "timeout_error" | "DEADLINE_EXCEEDED" => Kind::Timeout,
        "invalid_request_error"
        | "BadRequestError"
        | "INVALID_ARGUMENT"
        | "content_filter"
        | "content_policy_violation"
        | "invalid_prompt"
        | "image_content_policy_violation"
        | "image_parse_error"
        | "image_too_small"
        | "invalid_base64_image"
        | "invalid_image"
        | "invalid_image_format"
        | "invalid_image_mode"
        | "invalid_image_url"
        | "unsupported_image_media_type"
        | "empty_image_file"
        | "failed_to_download_image"
        | "image_file_not_found" => Kind::BadRequest,
        "authentication_error" | "UNAUTHENTICATED" => Kind::Auth,
        "permission_error" | "PERMISSION_DENIED" => Kind::Permission,
        "not_found_error" | "NotFoundError" | "NOT_FOUND" => Kind::NotFound,
        "request_too_large" | "image_too_large" | "image_file_too_large" => Kind::TooLarge,
        _ => return None,
    })
}
