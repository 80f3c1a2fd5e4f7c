//! `generationConfig` and what is said once per request.

use std::borrow::Cow;

use super::super::schema;
use super::super::spelling::{self, count, get, number};
use super::Reader;
use crate::error::Error;
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Sampling, Visibility};
use crate::json::Node;

const CONFIG: &[&str] = &[
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseLogprobs",
    "logprobs",
    "responseModalities",
    "thinkingConfig",
];
const WIDEST: f64 = f64::MAX;

impl<'a> Reader<'a, '_> {
    pub(super) fn options(
        &mut self,
        body: Node<'a>,
        request: &mut Request<'a>,
    ) -> Result<(), Error> {
        request.service_tier = tier(body)?;
        request.metadata = spelling::object(body, "labels")?.map(|labels| labels.raw().into());
        request.store = spelling::boolean(body, "store")?;
        let Some(config) = spelling::object(body, "generationConfig")? else {
            return Ok(());
        };
        request.max_output_tokens = count(config, "maxOutputTokens", 1)?;
        request.sampling = sampling(config)?;
        request.output_format = self.output_format(config)?;
        request.reasoning = self.thinking(config)?;
        self.modalities(config, request)?;
        spelling::keep_unknown(config, CONFIG, &mut self.ext);
        Ok(())
    }

    fn output_format(&mut self, config: Node<'a>) -> Result<Option<OutputFormat<'a>>, Error> {
        let subset = spelling::object(config, "responseSchema")?;
        let plain = get(config, "responseJsonSchema");
        let schema = match (plain, subset) {
            (Some(plain), _) if plain.is_object() => Some(Cow::Borrowed(plain.raw())),
            (Some(plain), _) => {
                let message = "responseJsonSchema must be an object";
                return Err(Error::bad_request(plain, message));
            }
            (None, Some(subset)) => Some(schema::raise(subset).into()),
            (None, None) => None,
        };
        let mime = spelling::text(config, "responseMimeType")?;
        if let Some(schema) = schema {
            return Ok(Some(OutputFormat::Schema {
                name: None,
                description: None,
                schema,
                strict: None,
            }));
        }
        Ok(match mime.as_deref() {
            Some("application/json") => Some(OutputFormat::Json),
            Some("text/plain") => Some(OutputFormat::Text),
            Some("") | None => None,
            Some(_) => {
                if let Some(node) = get(config, "responseMimeType") {
                    spelling::keep(node, &mut self.ext);
                }
                None
            }
        })
    }

    fn thinking(&mut self, config: Node<'a>) -> Result<Option<ReasoningIntent>, Error> {
        let Some(thinking) = spelling::object(config, "thinkingConfig")? else {
            return Ok(None);
        };
        let mut intent = ReasoningIntent {
            visibility: spelling::boolean(thinking, "includeThoughts")?.map(|is_shown| {
                if is_shown {
                    Visibility::Shown
                } else {
                    Visibility::Hidden
                }
            }),
            ..ReasoningIntent::default()
        };
        if let Some(node) = get(thinking, "thinkingBudget") {
            match (node.raw(), spelling::whole(node)) {
                ("-1" | "\"-1\"", _) => {
                    intent.enabled = Some(true);
                    intent.adaptive = true;
                }
                (_, Some(0)) => intent.enabled = Some(false),
                (_, Some(budget)) => {
                    intent.enabled = Some(true);
                    intent.budget = Some(budget);
                }
                _ => {
                    let message = "thinkingBudget must be a whole number of at least -1";
                    return Err(Error::bad_request(node, message));
                }
            }
        }
        if let Some(level) = spelling::text(thinking, "thinkingLevel")? {
            match Effort::from_name(&level.to_ascii_lowercase()) {
                Some(effort) => intent.effort = Some(effort),
                None if level == "THINKING_LEVEL_UNSPECIFIED" => {}
                None => {
                    let node = get(thinking, "thinkingLevel").unwrap_or(thinking);
                    let message = "thinkingLevel must be MINIMAL, LOW, MEDIUM or HIGH";
                    return Err(Error::bad_request(node, message));
                }
            }
        }
        let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
        spelling::keep_unknown(thinking, &known, &mut self.ext);
        Ok((intent != ReasoningIntent::default()).then_some(intent))
    }

    /// Text is what every upstream answers with. Other forms beside it can be done without, alone they cannot.
    fn modalities(&mut self, config: Node<'a>, request: &mut Request<'a>) -> Result<(), Error> {
        let wanted = spelling::texts(config, "responseModalities")?;
        let is_text = |word: &Cow<'_, str>| word.eq_ignore_ascii_case("TEXT");
        let Some(node) = get(config, "responseModalities").filter(|_| !wanted.iter().all(is_text))
        else {
            return Ok(());
        };
        if wanted.iter().any(is_text) {
            spelling::keep(node, &mut self.ext);
        } else {
            let message = "this model's upstream answers with text only";
            request.native_only = Some(Error::bad_request(node, message));
        }
        Ok(())
    }
}

fn sampling(config: Node<'_>) -> Result<Sampling<'_>, Error> {
    let integer = |key: &str| -> Result<_, Error> {
        let found = number(config, key, -WIDEST, WIDEST)?;
        match found.filter(|n| n.as_f64().is_none_or(|value| value.fract() != 0.0)) {
            Some(_) => {
                let node = get(config, key).unwrap_or(config);
                Err(Error::bad_request(
                    node,
                    format!("{key} must be a whole number"),
                ))
            }
            None => Ok(found),
        }
    };
    Ok(Sampling {
        temperature: number(config, "temperature", 0.0, 2.0)?,
        top_p: number(config, "topP", 0.0, 1.0)?,
        top_k: number(config, "topK", 0.0, WIDEST)?,
        frequency_penalty: number(config, "frequencyPenalty", -2.0, 2.0)?,
        presence_penalty: number(config, "presencePenalty", -2.0, 2.0)?,
        seed: integer("seed")?,
        n: count(config, "candidateCount", 1)?,
        stop: spelling::texts(config, "stopSequences")?,
        logprobs: spelling::boolean(config, "responseLogprobs")?,
        top_logprobs: count(config, "logprobs", 0)?,
        ..Sampling::default()
    })
}

/// In the words that `OpenAI` has for the same.
fn tier(body: Node<'_>) -> Result<Option<Cow<'_, str>>, Error> {
    let Some(tier) = spelling::text(body, "serviceTier")? else {
        return Ok(None);
    };
    let word = tier.to_ascii_lowercase();
    Ok(match word.trim_start_matches("service_tier_") {
        "" | "unspecified" => None,
        "standard" => Some("default".into()),
        other => Some(other.to_owned().into()),
    })
}
