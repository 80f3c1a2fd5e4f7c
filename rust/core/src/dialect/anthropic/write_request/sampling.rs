//! Sampling parameters. Version `2026-10-21` has none of them but stop texts.

use super::Writer;
use crate::dialect::anthropic::Version;
use crate::ir::Sampling;
use crate::json::Number;
use crate::json::write::Object;
use crate::loss::Code;

impl Writer<'_, '_> {
    /// `is_manual`: thinking has a budget.
    pub(super) fn sampling(
        &mut self,
        sampling: &Sampling<'_>,
        is_manual: bool,
        o: &mut Object<'_>,
    ) {
        self.stop(sampling, o);
        // With a thinking budget the API takes the default temperature only, and top_p near its default.
        let clamped = self.temperature(sampling.temperature);
        let fits = |n: Number<'_>| !is_manual || n.as_f64() == Some(1.0);
        self.number("temperature", clamped, fits, o);
        let near = |n: Number<'_>| !is_manual || n.as_f64().is_some_and(|p| p >= 0.95);
        self.number("top_p", sampling.top_p, near, o);
        self.number("top_k", sampling.top_k, |_| !is_manual, o);
        let counts = |n: &Option<Number<'_>>| n.is_some_and(|n| n.as_f64() != Some(0.0));
        self.dropped("/frequency_penalty", counts(&sampling.frequency_penalty));
        self.dropped("/presence_penalty", counts(&sampling.presence_penalty));
        self.dropped("/logit_bias", sampling.logit_bias.is_some());
        self.dropped("/seed", sampling.seed.is_some());
        self.dropped("/logprobs", sampling.logprobs == Some(true));
        self.dropped(
            "/top_logprobs",
            sampling.top_logprobs.is_some_and(|n| n > 0),
        );
    }

    /// The API refuses stop texts of white space.
    fn stop(&mut self, sampling: &Sampling<'_>, o: &mut Object<'_>) {
        let is_blank = |text: &&str| text.trim().is_empty();
        let (blank, stop): (Vec<&str>, Vec<&str>) =
            sampling.stop.iter().map(AsRef::as_ref).partition(is_blank);
        if !blank.is_empty() {
            let detail = "stop texts of white space only are not accepted upstream";
            self.loss.add(Code::FieldDropped, "/stop", detail);
        }
        if self.may_send("stop_sequences", "/stop", !stop.is_empty()) {
            o.array("stop_sequences", |a| {
                for text in stop {
                    a.str(text);
                }
            });
        }
    }

    fn temperature<'n>(&mut self, temperature: Option<Number<'n>>) -> Option<Number<'n>> {
        let number = temperature?;
        let is_high = number.as_f64().is_some_and(|value| value > 1.0);
        if is_high && self.version == Version::V2023 {
            let detail = "the highest temperature upstream is 1";
            self.loss.add(Code::ValueClamped, "/temperature", detail);
        }
        Some(if is_high { Number("1.0") } else { number })
    }

    fn number(
        &mut self,
        key: &str,
        value: Option<Number<'_>>,
        fits: impl Fn(Number<'_>) -> bool,
        o: &mut Object<'_>,
    ) {
        let Some(number) = value else {
            return;
        };
        let pointer = format!("/{key}");
        let problem = if self.version == Version::V2026 {
            "this version of the API has no sampling parameters"
        } else if !fits(number) {
            "not accepted together with a thinking budget"
        } else {
            if self.may_send(key, &pointer, true) {
                o.raw(key, number.0);
            }
            return;
        };
        self.loss.add(Code::ParamForbidden, pointer, problem);
    }
}
