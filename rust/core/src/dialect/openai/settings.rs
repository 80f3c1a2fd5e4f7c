//! Settings of a client's request that both dialects say alike.

use super::read;
use crate::error::Error;
use crate::ir::{OutputFormat, Request};
use crate::json::Node;

/// The members of a JSON schema format.
pub(in crate::dialect) fn schema_format(node: Node<'_>) -> Result<OutputFormat<'_>, Error> {
    let text = |key: &str| {
        node.get(key)
            .map(|node| read::string(node, key))
            .transpose()
    };
    Ok(OutputFormat::Schema {
        name: text("name")?,
        description: text("description")?,
        schema: match node.get("schema") {
            Some(schema) => read::object(schema, "schema")?.raw().into(),
            None => "{}".into(),
        },
        strict: node
            .get("strict")
            .map(|node| read::boolean(node, "strict"))
            .transpose()?,
    })
}

/// `safety_identifier` is the newer name of `user`.
pub(in crate::dialect) fn end_user<'a>(
    request: &mut Request<'a>,
    body: Node<'a>,
) -> Result<(), Error> {
    let read = |key: &str| {
        body.get(key)
            .map(|node| read::string(node, key))
            .transpose()
    };
    let (new, old) = (read("safety_identifier")?, read("user")?);
    if let (true, Some(node)) = (new.is_some() && new != old, body.get("user")) {
        read::keep(&mut request.ext, "", "user", node);
    }
    request.end_user = new.or(old);
    Ok(())
}

/// `stream_options.include_obfuscation`: we never obfuscate, so only asking for it cannot be met.
pub(in crate::dialect) fn obfuscation<'a>(request: &mut Request<'a>, options: Node<'a>) {
    let asked = options
        .get("include_obfuscation")
        .filter(|on| on.as_bool() != Some(false));
    if let Some(on) = asked {
        let at = "/stream_options";
        read::keep(&mut request.ext, at, "include_obfuscation", on);
    }
}
