//! Item types and their ids.

use crate::dialect::make_id;

/// Whether items of this type are what the model did; those of other unknown types came from the application.
pub(super) fn is_models(kind: &str) -> bool {
    kind.ends_with("_call") || matches!(kind, "mcp_list_tools" | "mcp_approval_request" | "program")
}

/// Whether an item of this type, which no other dialect has, is one of this dialect.
pub(super) fn is_native(kind: &str) -> bool {
    is_models(kind)
        || kind.ends_with("_call_output")
        || matches!(
            kind,
            "compaction"
                | "compaction_trigger"
                | "additional_tools"
                | "tool_search_output"
                | "program_output"
                | "mcp_approval_response"
        )
}

/// The media type of a picture made by the model.
pub(super) fn image_mime(format: Option<&str>) -> &'static str {
    match format {
        Some("jpeg" | "jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => "image/png",
    }
}

/// What the ids of one answer are made of: the same for stream and one-shot, and for who looks the answer up later.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// The answer's id without its prefix.
    base: String,
}

/// Prefix of answer ids.
const RESPONSE: &str = "resp_";
/// Longest base: OpenAI takes item ids of 64 characters.
const MAX_BASE: usize = 52;

impl Ids {
    /// The upstream's id when it is one of this dialect (whoever looks the answer up there must find it), else made
    /// from the request's.
    pub(super) fn new(upstream: Option<&str>, request_id: &str) -> Self {
        let native = upstream.and_then(|id| id.strip_prefix(RESPONSE));
        let own = ["req_", "req-"]
            .iter()
            .find_map(|prefix| request_id.strip_prefix(prefix))
            .unwrap_or(request_id);
        let base = native.unwrap_or(own);
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let fits = (1..=MAX_BASE).contains(&base.len()) && base.bytes().all(is_plain);
        let base = match (native, fits) {
            (Some(native), _) => native.into(),
            (None, true) => base.into(),
            (None, false) => make_id("", base, 0),
        };
        Self { base }
    }

    /// The answer's id.
    pub(super) fn response(&self) -> String {
        format!("{RESPONSE}{}", self.base)
    }

    /// The id of the item at this place.
    pub(super) fn item(&self, prefix: &str, index: u64) -> String {
        format!("{prefix}{}_{index}", self.base)
    }
}

/// The answer that an item id of ours belongs to.
pub(crate) fn response_of(item: &str) -> Option<String> {
    let (_, rest) = item.split_once('_')?;
    let (base, index) = rest.rsplit_once('_')?;
    index.parse::<u64>().ok()?;
    Some(format!("{RESPONSE}{base}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_request_or_the_vendor() {
        let own = Ids::new(Some("chatcmpl-1"), "req_abc");
        assert_eq!(own.response(), "resp_abc");
        assert_eq!(own.item("msg_", 2), "msg_abc_2");
        assert_eq!(Ids::new(Some("resp_x"), "req_abc").response(), "resp_x");
        let odd = Ids::new(None, &"é/".repeat(40));
        assert_eq!(odd.response().len(), 29);
    }

    #[test]
    fn an_item_leads_to_its_answer() {
        let ids = Ids::new(None, "req_a_b");
        for prefix in ["msg_", "rs_", "fc_", "ctc_"] {
            assert_eq!(response_of(&ids.item(prefix, 11)), Some(ids.response()));
        }
        assert_eq!(response_of("msg_abc"), None);
        assert_eq!(response_of("x"), None);
    }
}
