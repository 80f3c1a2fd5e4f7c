//! Requests in the IR, as other dialects' decoders make them.

use fastproxy_core::ir::{
    Content, Media, MediaKind, MediaSource, Opaque, OpaqueKind, Part, Reasoning, Request, Role,
    Tool, ToolCall, ToolKind, ToolMode, ToolResult, Turn,
};

/// A request of these turns. Each gets its place as its pointer.
pub(crate) fn request(turns: Vec<Turn<'static>>) -> Request<'static> {
    let mut request = Request {
        model: "client-model".into(),
        max_output_tokens: Some(2048),
        turns,
        ..Request::default()
    };
    for (at, turn) in request.turns.iter_mut().enumerate() {
        turn.pointer = format!("/messages/{at}");
    }
    request
}

pub(crate) fn turn(role: Role, contents: Vec<Content<'static>>) -> Turn<'static> {
    Turn {
        role,
        name: None,
        parts: contents.into_iter().map(Part::from).collect(),
        pointer: String::new(),
    }
}

pub(crate) fn says(role: Role, text: &'static str) -> Turn<'static> {
    turn(role, vec![Content::Text(text.into())])
}

pub(crate) fn user(text: &'static str) -> Turn<'static> {
    says(Role::User, text)
}

pub(crate) fn call(
    id: &'static str,
    name: &'static str,
    arguments: &'static str,
) -> Content<'static> {
    Content::ToolCall(ToolCall {
        id: id.into(),
        kind: ToolKind::Function,
        name: name.into(),
        namespace: None,
        arguments: arguments.into(),
        opaque: Vec::new(),
    })
}

pub(crate) fn result(id: &'static str, text: &'static str) -> Content<'static> {
    Content::ToolResult(ToolResult {
        id: id.into(),
        name: None,
        parts: vec![Content::Text(text.into()).into()],
        is_error: None,
        pointer: format!("/results/{id}"),
    })
}

pub(crate) fn calls(ids: &[&'static str]) -> Turn<'static> {
    turn(
        Role::Assistant,
        ids.iter().map(|id| call(id, "f", "{}")).collect(),
    )
}

pub(crate) fn results(ids: &[&'static str]) -> Turn<'static> {
    turn(Role::Tool, ids.iter().map(|id| result(id, id)).collect())
}

pub(crate) fn thought(
    text: &'static str,
    origin: &'static str,
    kind: OpaqueKind,
) -> Content<'static> {
    Content::Reasoning(Reasoning {
        text: Some(text.into()),
        opaque: vec![Opaque {
            origin: origin.into(),
            kind,
            data: "c2lnbmVk".into(),
        }],
        ..Reasoning::default()
    })
}

pub(crate) fn function(name: &'static str, schema: &'static str) -> Tool<'static> {
    Tool {
        kind: ToolMode::Function {
            parameters: Some(schema.into()),
            strict: None,
        },
        pointer: format!("/tools/{name}"),
        name: name.into(),
        namespace: None,
        description: Some("does it".into()),
        cache: None,
    }
}

pub(crate) fn media(kind: MediaKind, source: MediaSource<'static>) -> Content<'static> {
    Content::Media(Media {
        kind,
        source,
        name: None,
        detail: None,
        pointer: "/messages/0/content/1".into(),
    })
}
