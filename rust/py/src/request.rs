//! A client's request, and what it becomes for one target.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fastproxy_core::dialect::{self as core, CacheMarkers, Dialect, Profile, Purpose, Replay};
use fastproxy_core::transcode::{self, ClientRequest, Fetched, Routing, Wanted};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::bridge::unlocked;
use crate::error::{dialect, raise};
use crate::state::OpaqueState;

/// A client's request: parsed once, prepared for each target that is tried.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Request {
    pub(crate) inner: ClientRequest,
    pub(crate) version: Option<String>,
    pub(crate) json_array: bool,
    pub(crate) state: Py<OpaqueState>,
}

#[pymethods]
impl Request {
    /// Parse a body. Raises `ProxyError`. `outside`: model and streaming, where the path says them; `json_array`: a stream
    /// is wanted as one array; `owner`: whose kept answers it may refer to; `operation`: which of the dialect's, where
    /// it has several.
    #[staticmethod]
    #[pyo3(signature = (dialect_name, body, state, *, version=None, outside=None, json_array=false, count_only=false, owner=None, purpose="generate", operation=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a Python method")]
    fn parse(
        py: Python<'_>,
        dialect_name: &str,
        body: PyBackedBytes,
        state: Py<OpaqueState>,
        version: Option<String>,
        outside: Option<(String, bool)>,
        json_array: bool,
        count_only: bool,
        owner: Option<&str>,
        purpose: &str,
        operation: Option<String>,
    ) -> PyResult<Self> {
        let purpose = Purpose::from_name(purpose)
            .ok_or_else(|| PyValueError::new_err(format!("unknown purpose {purpose:?}")))?;
        let dialect = dialect(dialect_name)?;
        // The Python bytes are shared, not copied: images make bodies of many megabytes.
        let body = Bytes::from_owner(body);
        let (envelope, responses) = {
            let state = state.get();
            (Arc::clone(&state.envelope), Arc::clone(&state.responses))
        };
        let inner = unlocked(py, body.len(), || {
            let owner = owner.filter(|_| dialect == Dialect::OpenaiResponses);
            let (body, is_expanded) = match owner {
                Some(owner) => responses.expand(owner, body, Instant::now()),
                None => (body, false),
            };
            let cx = core::ClientContext {
                version: version.clone(),
                envelope,
                count_only,
                is_expanded,
                purpose,
                operation,
            };
            ClientRequest::parse(dialect, body, cx, outside)
        })
        .map_err(|error| raise(py, &error))?;
        Ok(Self {
            inner,
            version,
            json_array,
            state,
        })
    }

    /// The model the client named.
    #[getter]
    fn model(&self) -> &str {
        self.inner.model()
    }

    /// Whether the client wants events.
    #[getter]
    fn stream(&self) -> bool {
        self.inner.stream()
    }

    /// The client's dialect.
    #[getter]
    fn dialect(&self) -> &'static str {
        self.inner.dialect().name()
    }

    /// The kept answer that it continues, unless its history stands in it already.
    #[getter]
    fn continues(&self) -> Option<String> {
        self.inner.continues()
    }

    /// The media that a target needs the bytes of: (URL, JSON pointer). Raises `ProxyError`.
    fn wanted_media(&self, py: Python<'_>, target: &Target) -> PyResult<Vec<Wanted>> {
        self.inner
            .wanted_media(target.dialect, &target.inner)
            .map_err(|error| raise(py, &error))
    }

    /// Write the request for a target. Raises `ProxyError` (always the client's). `owner` keeps clients' state apart.
    #[pyo3(signature = (target, *, owner, strict=false, media=HashMap::new()))]
    fn prepare(
        &self,
        py: Python<'_>,
        target: &Target,
        owner: &str,
        strict: bool,
        media: HashMap<String, (String, PyBackedBytes)>,
    ) -> PyResult<Prepared> {
        let ledger = Some((Arc::clone(&self.state.get().ledger), owner.to_owned()));
        let media = media
            .into_iter()
            .map(|(url, (mime, bytes))| (url, Fetched::new(mime, &bytes)));
        let routing = Routing {
            strict,
            media: media.collect(),
            ledger,
        };
        let work = || self.inner.prepare(target.dialect, &target.inner, &routing);
        let inner =
            unlocked(py, self.inner.body().len(), work).map_err(|error| raise(py, &error))?;
        Ok(Prepared {
            inner,
            dialect: target.dialect,
            model: target.inner.model.clone(),
            origin: target.inner.origin.clone(),
            owner: owner.into(),
            is_kept: self.inner.is_kept(),
        })
    }

    /// The whole answer, when no model is asked for anything and an upstream of this dialect could do nothing for it.
    fn own_answer<'py>(&self, py: Python<'py>, target: &Target) -> Option<Bound<'py, PyBytes>> {
        let answer = self.inner.own_answer(target.dialect, unix_now())?;
        Some(PyBytes::new(py, &answer))
    }

    /// A hash of what stays the same over the turns of this request's conversation.
    fn conversation(&self, py: Python<'_>) -> u64 {
        unlocked(py, self.inner.body().len(), || self.inner.conversation())
    }

    /// A local estimate of the prompt's tokens, for upstreams that cannot count.
    fn estimate_tokens(&self, py: Python<'_>) -> PyResult<u64> {
        unlocked(py, self.inner.body().len(), || self.inner.estimate_tokens())
            .map_err(|error| raise(py, &error))
    }
}

/// Unix seconds.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// What a request is prepared for.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Target {
    pub(crate) dialect: Dialect,
    pub(crate) inner: core::Target,
}

#[pymethods]
impl Target {
    #[new]
    #[pyo3(signature = (*, dialect, model, origin, version=None, profile=None, want_usage=true))]
    fn new(
        dialect: &str,
        model: String,
        origin: String,
        version: Option<String>,
        profile: Option<&Bound<'_, PyDict>>,
        want_usage: bool,
    ) -> PyResult<Self> {
        let profile = profile.map(read_profile).transpose()?.unwrap_or_default();
        let inner = core::Target {
            model,
            origin,
            version,
            profile,
            want_usage,
        };
        Ok(Self {
            dialect: self::dialect(dialect)?,
            inner,
        })
    }
}

/// Every key must be known: a misspelt quirk would silently not apply.
fn read_profile(fields: &Bound<'_, PyDict>) -> PyResult<Profile> {
    let mut profile = Profile::default();
    for (key, value) in fields {
        match key.extract::<String>()?.as_str() {
            "text_as_string" => profile.text_as_string = value.extract()?,
            "legacy_max_tokens" => profile.legacy_max_tokens = value.extract()?,
            "no_developer_role" => profile.no_developer_role = value.extract()?,
            "schema_needs_properties" => profile.schema_needs_properties = value.extract()?,
            "replay_reasoning" => {
                profile.replay_reasoning = read_replay(&value.extract::<String>()?)?;
            }
            "thinking_switch" => profile.thinking_switch = value.extract()?,
            "reasoning_effort" => profile.reasoning_effort = value.extract()?,
            "stream_usage" => profile.stream_usage = value.extract()?,
            "mid_system" => profile.mid_system = value.extract()?,
            "custom_tools" => profile.custom_tools = value.extract()?,
            "media_urls" => profile.media_urls = value.extract()?,
            "cache_markers" => {
                profile.cache_markers = read_cache_markers(&value.extract::<String>()?)?;
            }
            "adaptive_thinking" => profile.adaptive_thinking = value.extract()?,
            "body_version" => profile.body_version = value.extract()?,
            "forbidden" => profile.forbidden = value.extract()?,
            "default_max_tokens" => profile.default_max_tokens = value.extract()?,
            "max_output_tokens" => profile.max_output_tokens = value.extract()?,
            unknown => {
                return Err(PyValueError::new_err(format!(
                    "unknown profile setting {unknown:?}"
                )));
            }
        }
    }
    Ok(profile)
}

fn read_cache_markers(name: &str) -> PyResult<CacheMarkers> {
    match name {
        "unknown" => Ok(CacheMarkers::Unknown),
        "breakpoint" => Ok(CacheMarkers::Breakpoint),
        "cache_control" => Ok(CacheMarkers::CacheControl),
        _ => Err(PyValueError::new_err(format!(
            "unknown cache_markers {name:?}"
        ))),
    }
}

fn read_replay(name: &str) -> PyResult<Replay> {
    match name {
        "never" => Ok(Replay::Never),
        "if_issued" => Ok(Replay::IfIssued),
        "always" => Ok(Replay::Always),
        _ => Err(PyValueError::new_err(format!(
            "unknown replay_reasoning {name:?}"
        ))),
    }
}

/// A request ready for one target.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Prepared {
    pub(crate) inner: transcode::Prepared,
    pub(crate) dialect: Dialect,
    model: String,
    pub(crate) origin: String,
    pub(crate) owner: String,
    is_kept: bool,
}

#[pymethods]
impl Prepared {
    /// The body to send.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.body)
    }

    /// The upstream's name of the model.
    #[getter]
    fn model(&self) -> &str {
        &self.model
    }

    /// Whether the upstream was told to keep the answer, as OpenAI Responses does unless told otherwise.
    #[getter]
    fn is_kept_upstream(&self) -> bool {
        self.inner.is_raw && self.is_kept
    }

    /// Whether bytes are relayed (both sides speak the same dialect).
    #[getter]
    fn is_raw(&self) -> bool {
        self.inner.is_raw
    }

    /// The value of `x-fastproxy-loss`, if anything was lost.
    #[getter]
    fn loss_header(&self) -> Option<String> {
        (!self.inner.loss.is_empty()).then(|| self.inner.loss.header())
    }

    /// What was lost: (code, path, detail).
    #[getter]
    fn losses(&self) -> Vec<(&'static str, String, String)> {
        losses(self.inner.loss.entries())
    }

    /// The client's bound of output tokens.
    #[getter]
    fn max_output_tokens(&self) -> Option<u64> {
        self.inner.max_output_tokens
    }
}

/// Losses as Python reads them.
pub(crate) fn losses(
    entries: &[fastproxy_core::loss::Loss],
) -> Vec<(&'static str, String, String)> {
    entries
        .iter()
        .map(|loss| (loss.code.name(), loss.path.clone(), loss.detail.clone()))
        .collect()
}
