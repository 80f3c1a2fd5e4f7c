//! IR → an upstream's body.

mod content;
mod options;
mod replay;
mod results;
mod tools;
mod turns;

use crate::dialect::names::Names;
use crate::dialect::openai::fields::Fields;
use crate::dialect::{EncodedRequest, Target};
use crate::error::Error;
use crate::ir::Request;
use crate::json::write;
use crate::loss::{Code, LossReport};

/// Write a request. `Err`: media that no Chat upstream can be sent, or no message is left.
pub(super) fn write(
    request: &Request<'_>,
    target: &Target,
    loss: &mut LossReport,
) -> Result<EncodedRequest, Error> {
    content::check(request)?;
    let mut names = Names::new(request, &target.profile, loss);
    let mut body = Vec::with_capacity(4096);
    let mut has_messages = true;
    write::object(&mut body, |o| {
        o.str("model", &target.model);
        o.array("messages", |list| {
            turns::write(list, request, target, &names, loss);
            has_messages = !list.is_empty();
        });
        let mut fields = Fields {
            o,
            profile: &target.profile,
            loss,
        };
        fields.stream(request, target.want_usage);
        write_tools(&mut fields, request, &names);
        fields.sampling(&request.sampling);
        fields.limits(request);
        fields.format(request);
        fields.reasoning(request.reasoning);
        fields.rest(request);
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

fn write_tools(fields: &mut Fields<'_, '_>, request: &Request<'_>, names: &Names<'_>) {
    let sendable = tools::sendable(request, fields.loss);
    let has_tools = !sendable.is_empty() && fields.allows("tools");
    if has_tools {
        let (profile, loss) = (fields.profile, &mut *fields.loss);
        fields.o.array("tools", |list| {
            tools::write(list, &sendable, profile, names, loss);
        });
    }
    // Both are errors without tools.
    if let Some(choice) = &request.tool_choice {
        if !has_tools {
            fields.report_choice(choice);
        } else if fields.allows("tool_choice") {
            tools::write_choice(fields.o.key("tool_choice"), choice, names);
        }
    }
    if let Some(parallel) = request.parallel_tool_calls.filter(|_| has_tools)
        && fields.allows("parallel_tool_calls")
    {
        fields.o.bool("parallel_tool_calls", parallel);
    }
}

impl Fields<'_, '_> {
    fn report_choice(&mut self, choice: &crate::ir::ToolChoice<'_>) {
        use crate::ir::ToolChoice;
        if !matches!(choice, ToolChoice::Auto | ToolChoice::None) {
            self.loss.add(
                Code::FieldDropped,
                "/tool_choice",
                "there is no tool left to choose",
            );
        }
    }
}
