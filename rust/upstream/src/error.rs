//! Errors of this crate.

/// Settings that can never work. The text names the setting and never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingsError {
    /// The setting at fault.
    pub setting: &'static str,
    /// What is wrong with it.
    pub reason: String,
}
