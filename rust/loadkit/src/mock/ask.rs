//! What a request asks for, and whether its dialect's own API would take it.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::dialect::Dialect;
use crate::plan::Plan;

/// A request that will be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) dialect: Dialect,
    pub(super) plan: Plan,
    pub(super) stream: bool,
    /// Usage inside the stream was asked for (Chat only; Messages always has it).
    pub(super) usage: bool,
}

/// A request that will not: the message of the 400.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    model: Cow<'b, str>,
    stream: Option<bool>,
    messages: Vec<IgnoredAny>,
    max_tokens: Option<u64>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

impl Ask {
    /// `has_version`: an `anthropic-version` header came along.
    pub(super) fn read(dialect: Dialect, has_version: bool, body: &[u8]) -> Result<Self, Refusal> {
        let body: Body<'_> =
            serde_json::from_slice(body).map_err(|error| Refusal(format!("body: {error}")))?;
        let plan = body
            .model
            .parse()
            .map_err(|error| Refusal(format!("{error}")))?;
        let stream = body.stream.unwrap_or(false);
        let missing = match dialect {
            _ if body.messages.is_empty() => Some("messages: at least one is needed"),
            Dialect::Anthropic if body.max_tokens.is_none() => Some("max_tokens: field required"),
            Dialect::Anthropic if !has_version => Some("anthropic-version: header is required"),
            Dialect::OpenaiChat if body.stream_options.is_some() && !stream => {
                Some("stream_options: only allowed when stream is true")
            }
            _ => None,
        };
        match missing {
            Some(reason) => Err(Refusal(reason.to_owned())),
            None => Ok(Self {
                dialect,
                plan,
                stream,
                usage: body
                    .stream_options
                    .is_some_and(|options| options.include_usage),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, has_version: bool, body: &str) -> Result<Ask, Refusal> {
        Ask::read(dialect, has_version, body.as_bytes())
    }

    #[test]
    fn takes_what_the_apis_take() {
        let body = r#"{"temperature":0.5,"model":"m-3-0","stream":true,"messages":[{"role":"user","content":"a"}],
            "stream_options":{"include_usage":true}}"#;
        let ask = read(Dialect::OpenaiChat, false, body).expect("a good request");
        assert!(ask.stream && ask.usage);
        assert_eq!(ask.plan.events, 3);
        let body = r#"{"model":"m-3-0","stream":null,"max_tokens":9,"messages":[{}]}"#;
        let ask = read(Dialect::Anthropic, true, body).expect("a good request");
        assert!(!ask.stream && !ask.usage);
    }

    #[test]
    fn refuses_what_the_apis_refuse() {
        let chat = [
            "",
            "[]",
            r#"{"model":"m-1-0"}"#,
            r#"{"model":"m-1-0","messages":[]}"#,
            r#"{"model":"gpt-4","messages":[{}]}"#,
            r#"{"model":"m-1-0","messages":[{}],"stream_options":{}}"#,
        ];
        for body in chat {
            assert!(read(Dialect::OpenaiChat, false, body).is_err(), "{body}");
        }
        let whole = r#"{"model":"m-1-0","messages":[{}],"max_tokens":5}"#;
        assert!(
            read(Dialect::Anthropic, false, whole).is_err(),
            "no version"
        );
        assert!(
            read(
                Dialect::Anthropic,
                true,
                r#"{"model":"m-1-0","messages":[{}]}"#
            )
            .is_err()
        );
        assert!(read(Dialect::Anthropic, true, whole).is_ok());
    }
}
