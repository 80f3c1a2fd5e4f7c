//! What can go wrong, whose fault it is, and whether trying again helps. Texts are for people and never matched on.

use std::fmt;

use crate::json::{JsonError, JsonErrorKind, Node};

/// The class of an error; each client dialect has its own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is malformed or asks for something impossible.
    BadRequest,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The credential is missing or wrong.
    Auth,
    /// No money left (HTTP 402, `insufficient_quota`, spend limits).
    Billing,
    /// The credential may not do this.
    Permission,
    /// No such model or path.
    NotFound,
    /// The path does not take this method.
    Method,
    /// The request did not arrive in time (HTTP 408).
    RequestTimeout,
    /// Two requests are in each other's way (HTTP 409).
    Conflict,
    /// The request is too large.
    TooLarge,
    /// The request's media type or coding is not understood.
    MediaType,
    /// Well-formed, but refused for its meaning (HTTP 422).
    Unprocessable,
    /// Too many requests or tokens per time.
    RateLimit,
    /// The upstream or we are out of capacity (503, 529).
    Overloaded,
    /// The upstream answered, but with a failure of its own (5xx), or with something that is not an answer.
    Upstream,
    /// The upstream could not be reached.
    Unreachable,
    /// Something took longer than allowed.
    Timeout,
    /// The answer was cut short.
    Truncated,
    /// Our bug.
    Internal,
    /// The client went away, or we are shutting down.
    Cancelled,
}

impl Kind {
    /// A stable name for logs, metrics and Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::Unprocessable => "unprocessable",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::Upstream => "upstream",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Internal => "internal",
            Self::Cancelled => "cancelled",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::BadRequest,
        Self::ContextTooLong,
        Self::Auth,
        Self::Billing,
        Self::Permission,
        Self::NotFound,
        Self::Method,
        Self::RequestTimeout,
        Self::Conflict,
        Self::TooLarge,
        Self::MediaType,
        Self::Unprocessable,
        Self::RateLimit,
        Self::Overloaded,
        Self::Upstream,
        Self::Unreachable,
        Self::Timeout,
        Self::Truncated,
        Self::Internal,
        Self::Cancelled,
    ];

    /// The kind with this [`Kind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The HTTP status a client is shown where its dialect has no special one (Anthropic: 529 for overloaded).
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::ContextTooLong => 400,
            Self::Auth => 401,
            Self::Billing => 402,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::Unprocessable => 422,
            Self::RateLimit => 429,
            Self::Overloaded => 503,
            Self::Upstream | Self::Unreachable | Self::Truncated => 502,
            Self::Timeout => 504,
            Self::Internal => 500,
            Self::Cancelled => 499,
        }
    }

    /// The kind that an HTTP error status stands for.
    pub fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            405 => Self::Method,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            415 => Self::MediaType,
            422 => Self::Unprocessable,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            504 => Self::Timeout,
            400..=499 => Self::BadRequest,
            _ => Self::Upstream,
        }
    }
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Who called us.
    Client,
    /// Whom we called.
    Upstream,
    /// Ourselves.
    Proxy,
}

impl Source {
    /// Whose fault an error answer of this kind is. A request that the upstream calls wrong was wrong before it reached
    /// us: no account is to blame.
    pub fn of_refusal(kind: Kind) -> Self {
        match kind {
            Kind::BadRequest
            | Kind::ContextTooLong
            | Kind::TooLarge
            | Kind::MediaType
            | Kind::Unprocessable => Self::Client,
            _ => Self::Upstream,
        }
    }
}

/// Whether the same request may be sent again (`R0` to `R3` in docs/explanation/retries.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It cannot help.
    Never,
    /// At once, on another account.
    OtherAccount,
    /// On the same account after this many milliseconds; on another at once.
    SameAfter(u64),
}

/// An error on its way to whoever must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class.
    pub kind: Kind,
    /// Whose fault it is.
    pub source: Source,
    /// Whether trying again may help.
    pub retry: Retry,
    /// One sentence for people. Never holds keys, account names or upstream addresses.
    pub message: String,
    /// JSON pointer of the request field that is at fault.
    pub pointer: Option<String>,
    /// The native code (`context_length_exceeded`, `invalid_api_key`, …), where one is known.
    pub code: Option<String>,
    /// The HTTP status the upstream answered with, if it did.
    pub upstream_status: Option<u16>,
    /// When the upstream said that trying again makes sense, in milliseconds from now.
    pub retry_after_ms: Option<u64>,
}

impl Error {
    /// An error of this kind with no further details.
    pub fn new(kind: Kind, source: Source, message: impl Into<String>) -> Self {
        let retry = match (source, kind) {
            (Source::Client, _) | (_, Kind::Cancelled | Kind::Internal) => Retry::Never,
            _ => Retry::OtherAccount,
        };
        Self {
            kind,
            source,
            retry,
            message: message.into(),
            pointer: None,
            code: None,
            upstream_status: None,
            retry_after_ms: None,
        }
    }

    /// The client's mistake, at this place of its request.
    pub fn bad_request(at: Node<'_>, message: impl Into<String>) -> Self {
        Self::client(message).at(at.pointer())
    }

    /// The client's mistake.
    pub fn client(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, Source::Client, message)
    }

    /// The upstream sent something that is not an answer in its dialect.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Upstream, Source::Upstream, message)
    }

    /// The upstream's answer ended before its end.
    pub fn truncated(message: impl Into<String>) -> Self {
        Self::new(Kind::Truncated, Source::Upstream, message)
    }

    /// Name the field at fault.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Attach the native code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// A client's body that is not acceptable JSON.
    pub fn from_json(error: JsonError) -> Self {
        let kind = if error.kind == JsonErrorKind::TooLarge {
            Kind::TooLarge
        } else {
            Kind::BadRequest
        };
        Self::new(kind, Source::Client, format!("request body: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.pointer {
            Some(pointer) => write!(f, " (at {pointer})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
