//! Errors of this crate: settings that cannot work, and failures of an attempt with their retry class.

use std::time::Duration;

use fastproxy_core::error::{Error, Kind, Retry, Source};

use crate::outcome::RetryClass;

/// Settings that can never work. The text names the setting and never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingsError {
    /// The setting at fault.
    pub setting: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl SettingsError {
    pub(crate) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self {
            setting,
            reason: reason.into(),
        }
    }
}

/// Why an attempt failed, and whether repeating it is safe.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) class: RetryClass,
}

impl Failure {
    /// The connection could not be made: nothing was asked of the upstream.
    pub(crate) fn unreachable(code: &str, message: impl Into<String>) -> Self {
        Self::safe(Kind::Unreachable, code, message)
    }

    /// A step of making the connection took too long.
    pub(crate) fn connect_timeout(code: &str, step: &str, limit: Duration) -> Self {
        Self::safe(
            Kind::Timeout,
            code,
            format!("{step} took longer than {limit:?}"),
        )
    }

    /// The upstream surely did no work (R0).
    pub(crate) fn safe(kind: Kind, code: &str, message: impl Into<String>) -> Self {
        let error = Error::new(kind, Source::Upstream, message).with_code(code);
        Self {
            error,
            class: RetryClass::Safe,
        }
    }

    /// The request went out and nothing is known of it (R1).
    pub(crate) fn ambiguous(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            error: Error::new(kind, Source::Upstream, message),
            class: RetryClass::Ambiguous,
        }
    }

    /// The upstream did not answer in time, and may still be at work (R1).
    pub(crate) fn too_slow(what: &str, limit: Duration) -> Self {
        Self::ambiguous(Kind::Timeout, format!("{what} longer than {limit:?}"))
    }

    /// The upstream answered, but not with something that can be relayed (R2 as long as nothing was delivered).
    pub(crate) fn answer(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            error: Error::new(kind, Source::Upstream, message),
            class: RetryClass::HeldBack,
        }
    }

    /// The body ended before its end.
    pub(crate) fn truncated(message: impl Into<String>) -> Self {
        Self {
            error: Error::truncated(message),
            class: RetryClass::HeldBack,
        }
    }

    /// An error in an answer that had begun: a transcoder's or a decoder's (R2 unless it says that it is final).
    pub(crate) fn begun(error: Error) -> Self {
        let class = if error.retry == Retry::Never {
            RetryClass::Never
        } else {
            RetryClass::HeldBack
        };
        Self { error, class }
    }
}
