//! The loss report: every place that drops, approximates or invents says so here.

/// What happened to something that could not be carried over as it was. Closed: docs and tests are generated from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The field has no counterpart and was left out.
    FieldDropped,
    /// The value was moved into the range the other side accepts.
    ValueClamped,
    /// The other side forbids this parameter (for this model or version).
    ParamForbidden,
    /// A turn took another role or place.
    RoleMoved,
    /// The order of parts could not be kept.
    OrderLost,
    /// A JSON schema was rewritten in a narrower form.
    SchemaLowered,
    /// A URL was fetched and its bytes inlined.
    MediaFetched,
    /// A part's media could not be carried and a text stands in its place.
    MediaDropped,
    /// An identifier or name was rewritten (and is restored on the way back).
    IdRewritten,
    /// Opaque reasoning state of another vendor was left out.
    OpaqueDropped,
    /// A documented placeholder stands for opaque state that is missing.
    OpaqueFilled,
    /// A tool result that the history lacks was made up.
    ResultSynthesised,
    /// A stop reason has no exact counterpart.
    StopApproximated,
    /// A value was required, but not known, and a default stands in.
    DefaultFilled,
    /// Token counts are missing or estimated.
    UsageUnknown,
    /// A tool of this kind does not exist on the other side.
    ToolUnsupported,
    /// Tool arguments are not valid JSON and were wrapped.
    ArgsInvalidJson,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::FieldDropped,
        Self::ValueClamped,
        Self::ParamForbidden,
        Self::RoleMoved,
        Self::OrderLost,
        Self::SchemaLowered,
        Self::MediaFetched,
        Self::MediaDropped,
        Self::IdRewritten,
        Self::OpaqueDropped,
        Self::OpaqueFilled,
        Self::ResultSynthesised,
        Self::StopApproximated,
        Self::DefaultFilled,
        Self::UsageUnknown,
        Self::ToolUnsupported,
        Self::ArgsInvalidJson,
    ];

    /// The name in headers, logs and docs.
    pub fn name(self) -> &'static str {
        match self {
            Self::FieldDropped => "field_dropped",
            Self::ValueClamped => "value_clamped",
            Self::ParamForbidden => "param_forbidden",
            Self::RoleMoved => "role_moved",
            Self::OrderLost => "order_lost",
            Self::SchemaLowered => "schema_lowered",
            Self::MediaFetched => "media_fetched",
            Self::MediaDropped => "media_dropped",
            Self::IdRewritten => "id_rewritten",
            Self::OpaqueDropped => "opaque_dropped",
            Self::OpaqueFilled => "opaque_filled",
            Self::ResultSynthesised => "result_synthesised",
            Self::StopApproximated => "stop_approximated",
            Self::DefaultFilled => "default_filled",
            Self::UsageUnknown => "usage_unknown",
            Self::ToolUnsupported => "tool_unsupported",
            Self::ArgsInvalidJson => "args_invalid_json",
        }
    }

    /// Whether `strict` mode refuses a request over it. Reversible renames and documented defaults are not refused.
    pub fn is_refused_in_strict_mode(self) -> bool {
        !matches!(
            self,
            Self::IdRewritten | Self::DefaultFilled | Self::OpaqueFilled
        )
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What happened.
    pub code: Code,
    /// Where: a JSON pointer into the client's request, or a field name of the answer.
    pub path: String,
    /// For people.
    pub detail: String,
}

/// Entries kept; what comes after is counted only.
pub const MAX_LOSSES: usize = 32;
/// Bytes of the header before the note that there is more.
const MAX_HEADER: usize = 1000;
const MORE: &str = "; ...=more";

/// All losses of one request, at most one entry per code and path.
#[derive(Clone, Debug, Default)]
pub struct LossReport {
    entries: Vec<Loss>,
    total: usize,
}

impl LossReport {
    /// An empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Report one.
    pub fn add(&mut self, code: Code, path: impl AsRef<str>, detail: impl AsRef<str>) {
        let path = path.as_ref();
        if self
            .entries
            .iter()
            .any(|loss| loss.code == code && loss.path == path)
        {
            return;
        }
        self.total += 1;
        if self.entries.len() < MAX_LOSSES {
            self.entries.push(Loss {
                code,
                path: path.into(),
                detail: detail.as_ref().into(),
            });
        }
    }

    /// The entries kept.
    pub fn entries(&self) -> &[Loss] {
        &self.entries
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `x-fastproxy-loss`: the count, then `code=path` each, as far as 1,000 bytes go. Paths hold names
    /// that the client chose: whatever may not stand in a header is replaced.
    pub fn header(&self) -> String {
        let mut text = self.total.to_string();
        for loss in &self.entries {
            let path = loss
                .path
                .replace(|c: char| !c.is_ascii_graphic() || c == ';', "_");
            let entry = format!("; {}={path}", loss.code.name());
            if text.len() + entry.len() > MAX_HEADER {
                text.push_str(MORE);
                break;
            }
            text.push_str(&entry);
        }
        text
    }
}
