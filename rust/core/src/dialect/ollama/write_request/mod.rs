//! IR → the body of `/api/chat`.

mod messages;
mod options;
mod tools;

use crate::dialect::names::Names;
use crate::dialect::openai::fields::Fields;
use crate::dialect::openai::media;
use crate::dialect::{EncodedRequest, Profile, Target};
use crate::error::Error;
use crate::ir::Request;
use crate::json::write;
use crate::loss::{Code, LossReport};

use super::image;

/// Write a request. `Err`: media that Ollama cannot be sent, or no message is left (which would only load the model).
pub(super) fn write(
    request: &Request<'_>,
    target: &Target,
    loss: &mut LossReport,
) -> Result<EncodedRequest, Error> {
    media::all(request).try_for_each(image::check)?;
    let profile = profile(&target.profile);
    let mut names = Names::new(request, &profile, loss);
    let mut body = Vec::with_capacity(4096);
    let mut has_messages = true;
    write::object(&mut body, |o| {
        o.str("model", &target.model);
        o.array("messages", |list| {
            messages::write(list, request, target, &names, loss);
            has_messages = !list.is_empty();
        });
        let mut fields = Fields {
            o,
            profile: &profile,
            loss,
        };
        tools::write(&mut fields, request, &names);
        // Streaming is the default here.
        fields.o.bool("stream", request.stream);
        options::format(&mut fields, request.output_format.as_ref());
        options::think(&mut fields, request.reasoning);
        options::logprobs(&mut fields, &request.sampling);
        options::options(&mut fields, request);
        options::dropped(&mut fields, request);
    });
    if let (false, Some(turn)) = (has_messages, request.turns.first()) {
        let message = "nothing of the conversation can be carried to this model's upstream";
        return Err(Error::client(message).at(&turn.pointer));
    }
    Ok(EncodedRequest {
        body,
        names: std::mem::take(&mut names.map),
    })
}

/// What no upstream of this dialect has, whatever is configured: free-text tools; and templates walk through
/// `properties` without looking whether there are any.
fn profile(configured: &Profile) -> Profile {
    Profile {
        custom_tools: false,
        schema_needs_properties: true,
        ..configured.clone()
    }
}

/// Report something that is there and has no field.
fn drop_if(is_there: bool, pointer: &str, detail: &str, loss: &mut LossReport) {
    if is_there {
        loss.add(Code::FieldDropped, pointer, detail);
    }
}
