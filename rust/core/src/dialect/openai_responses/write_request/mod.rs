//! IR → an upstream's body.

mod content;
mod input;
mod options;
mod outputs;
mod reasoning;
mod tools;

use self::input::Items;
use crate::dialect::names::Names;
use crate::dialect::openai::fields::Fields;
use crate::dialect::{EncodedRequest, Target};
use crate::error::Error;
use crate::ir::Request;
use crate::json::write;
use crate::loss::LossReport;

/// OpenAI refuses smaller bounds of output tokens ("Expected a value >= 16").
const MIN_OUTPUT: u64 = 16;

/// Write a request. `Err`: media that no upstream of this dialect can be sent, or nothing is left of the
/// conversation.
pub(super) fn write(
    request: &Request<'_>,
    target: &Target,
    loss: &mut LossReport,
) -> Result<EncodedRequest, Error> {
    content::check(request)?;
    let mut names = Names::new(request, &target.profile, loss);
    let mut body = Vec::with_capacity(4096);
    let mut said = Ok(());
    write::object(&mut body, |o| {
        o.str("model", &target.model);
        o.array("input", |list| {
            said = Items::new(target, &names, loss).write(list, request);
        });
        let profile = &target.profile;
        let mut fields = Fields { o, profile, loss };
        if request.stream {
            fields.o.bool("stream", true);
        }
        options::write_tools(&mut fields, request, &names);
        options::write_sampling(&mut fields, &request.sampling);
        fields.limit("max_output_tokens", request.max_output_tokens, MIN_OUTPUT);
        options::write_text(&mut fields, request);
        options::write_reasoning(&mut fields, request.reasoning);
        options::write_state(&mut fields, request);
        options::write_rest(&mut fields, request);
    });
    said?;
    Ok(EncodedRequest {
        body,
        names: std::mem::take(&mut names.map),
    })
}
