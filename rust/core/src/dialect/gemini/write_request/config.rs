//! `generationConfig`.

use super::Writer;
use crate::ir::{OutputFormat, Request, Sampling};
use crate::json::Number;
use crate::json::write::{self, Object};
use crate::loss::Code;

/// Texts to stop at that one request may have.
const MAX_STOPS: usize = 5;

impl Writer<'_, '_> {
    pub(super) fn config(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        let mut config = Vec::new();
        write::object(&mut config, |o| {
            self.sampling(&request.sampling, o);
            self.limit(request, o);
            self.format(request, o);
            self.thinking(request.reasoning, o);
        });
        if config.len() > 2 {
            o.key("generationConfig").extend_from_slice(&config);
        }
    }

    fn sampling(&mut self, sampling: &Sampling<'_>, o: &mut Object<'_>) {
        let numbers = [
            ("temperature", "/temperature", sampling.temperature),
            ("topP", "/top_p", sampling.top_p),
            ("topK", "/top_k", sampling.top_k),
            (
                "presencePenalty",
                "/presence_penalty",
                sampling.presence_penalty,
            ),
            (
                "frequencyPenalty",
                "/frequency_penalty",
                sampling.frequency_penalty,
            ),
        ];
        for (key, pointer, number) in numbers {
            if let Some(number) = number
                && self.may_send(key, pointer)
            {
                o.raw(key, number.0);
            }
        }
        if let Some(seed) = sampling.seed
            && self.may_send("seed", "/seed")
        {
            self.seed(seed, o);
        }
        self.stops(sampling, o);
        if let Some(is_wanted) = sampling.logprobs
            && self.may_send("responseLogprobs", "/logprobs")
        {
            o.bool("responseLogprobs", is_wanted);
            o.opt_u64("logprobs", sampling.top_logprobs.filter(|_| is_wanted));
        }
        self.dropped("/logit_bias", sampling.logit_bias.is_some());
    }

    /// Seeds have 32 bits here: a larger one is folded, always to the same.
    fn seed(&mut self, seed: Number<'_>, o: &mut Object<'_>) {
        if seed.0.parse::<i32>().is_ok() {
            o.raw("seed", seed.0);
            return;
        }
        let detail = "seeds have 32 bits upstream";
        self.loss.add(Code::ValueClamped, "/seed", detail);
        let folded = seed.0.bytes().fold(0_u64, |sum, byte| {
            (sum * 31 + u64::from(byte)) % 2_147_483_647
        });
        o.u64("seed", folded);
    }

    fn stops(&mut self, sampling: &Sampling<'_>, o: &mut Object<'_>) {
        let stops: Vec<_> = sampling
            .stop
            .iter()
            .filter(|text| !text.is_empty())
            .collect();
        if stops.is_empty() || !self.may_send("stopSequences", "/stop") {
            return;
        }
        if stops.len() > MAX_STOPS {
            let detail = format!("only the first {MAX_STOPS} stop texts are sent");
            self.loss.add(Code::ValueClamped, "/stop", detail);
        }
        o.array("stopSequences", |list| {
            stops.iter().take(MAX_STOPS).for_each(|text| list.str(text));
        });
    }

    fn limit(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        let Some(wanted) = request.max_output_tokens else {
            return;
        };
        if !self.may_send("maxOutputTokens", "/max_tokens") {
            return;
        }
        let most = self.target.profile.max_output_tokens.unwrap_or(u64::MAX);
        if wanted > most {
            let detail = format!("the model produces {most} tokens at most");
            self.loss.add(Code::ValueClamped, "/max_tokens", detail);
        }
        if wanted == 0 {
            let detail = "at least one token must be allowed";
            self.loss.add(Code::ValueClamped, "/max_tokens", detail);
        }
        o.u64("maxOutputTokens", wanted.clamp(1, most.max(1)));
    }

    fn format(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        let schema = match &request.output_format {
            None | Some(OutputFormat::Text) => return,
            Some(OutputFormat::Json) => None,
            Some(OutputFormat::Schema {
                name,
                description,
                schema,
                strict,
            }) => {
                if name.is_some() || description.is_some() || strict.is_some() {
                    let detail =
                        "only the schema itself is sent: name, description and strict are not";
                    self.loss
                        .add(Code::FieldDropped, "/response_format", detail);
                }
                Some(schema)
            }
        };
        if !self.may_send("responseMimeType", "/response_format") {
            return;
        }
        o.str("responseMimeType", "application/json");
        if let Some(schema) = schema {
            let pointer = "/response_format";
            self.schema(schema, "responseJsonSchema", "responseSchema", pointer, o);
        }
    }
}
