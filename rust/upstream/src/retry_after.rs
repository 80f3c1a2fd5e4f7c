//! When an upstream says that trying again makes sense, and whether. Pure: the current time comes in.
//!
//! Read are `retry-after-ms`, `Retry-After` (seconds or date), OpenAI's `x-ratelimit-reset-*`, Anthropic's
//! `anthropic-ratelimit-*-reset`, and `x-should-retry`. Times in the past are zero, the far future is one day, and what
//! cannot be read is as if it were not there: a bad header must neither block an account for ever nor free it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;

/// The longest wait that is believed.
pub const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What an error answer's headers say about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryHint {
    /// How long to wait.
    pub after: Option<Duration>,
    /// `x-should-retry`.
    pub should_retry: Option<bool>,
}

/// Read the hints of these headers.
pub fn parse(headers: &HeaderMap, now: SystemTime) -> RetryHint {
    let should_retry = match text(headers, "x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    RetryHint {
        after: explicit(headers, now).or_else(|| from_limits(headers, now)),
        should_retry,
    }
}

/// What was said about this very answer.
fn explicit(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let milliseconds = text(headers, "retry-after-ms")
        .and_then(number)
        .map(|value| value / 1000.0);
    if let Some(wait) = milliseconds.and_then(clamp) {
        return Some(wait);
    }
    let value = text(headers, "retry-after")?;
    match number(value) {
        Some(seconds) => clamp(seconds),
        None => Some(until(httpdate::parse_http_date(value).ok()?, now)),
    }
}

/// When the windows that are used up open again: the latest of them. A window with something left does not count.
fn from_limits(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    const OPENAI: [&str; 2] = ["requests", "tokens"];
    const ANTHROPIC: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];
    let openai = OPENAI.iter().filter_map(|window| {
        let is_open = has_left(headers, &format!("x-ratelimit-remaining-{window}"));
        let reset = text(headers, &format!("x-ratelimit-reset-{window}"))?;
        if is_open {
            None
        } else {
            reset_wait(reset, now)
        }
    });
    let anthropic = ANTHROPIC.iter().filter_map(|window| {
        let is_open = has_left(headers, &format!("anthropic-ratelimit-{window}-remaining"));
        let reset = text(headers, &format!("anthropic-ratelimit-{window}-reset"))?;
        if is_open {
            None
        } else {
            Some(until(rfc3339(reset)?, now))
        }
    });
    openai.chain(anthropic).max()
}

fn has_left(headers: &HeaderMap, name: &str) -> bool {
    text(headers, name)
        .and_then(number)
        .is_some_and(|left| left > 0.0)
}

/// `6m0s`, `120ms`, seconds, or the unix time of the reset.
fn reset_wait(value: &str, now: SystemTime) -> Option<Duration> {
    let Some(seconds) = number(value) else {
        return go_duration(value);
    };
    // No wait is as long as the years since 1970: such a number is a point in time.
    if seconds >= 1e9 {
        let at = Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| UNIX_EPOCH.checked_add(since))?;
        return Some(until(at, now));
    }
    clamp(seconds)
}

/// Go's `time.Duration` text: numbers with units, largest first (`1h2m3.5s`, `120ms`).
fn go_duration(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, tail) = rest.split_at(digits);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let factor = match unit {
            "d" => 86400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number(amount)? * factor;
        rest = tail;
    }
    if value.is_empty() {
        None
    } else {
        clamp(seconds)
    }
}

/// A plain decimal number. Rust's parser also takes `inf`, `NaN` and a leading `+`.
fn number(text: &str) -> Option<f64> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    if is_plain { text.parse().ok() } else { None }
}

/// Seconds as a wait: negative ones mean nothing, large ones a day.
fn clamp(seconds: f64) -> Option<Duration> {
    if seconds < 0.0 || seconds.is_nan() {
        return None;
    }
    Some(
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(MAX_WAIT)
            .min(MAX_WAIT),
    )
}

/// From now to then; nothing when it is past.
fn until(at: SystemTime, now: SystemTime) -> Duration {
    at.duration_since(now).unwrap_or_default().min(MAX_WAIT)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `2026-11-20T19:04:34.5Z` or with an offset (RFC 3339 §5.6).
fn rfc3339(text: &str) -> Option<SystemTime> {
    let field = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse().ok()
        } else {
            None
        }
    };
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark))
        || !matches!(bytes.get(10), Some(b'T' | b't' | b' '))
    {
        return None;
    }
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let zone = text
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
        - offset(zone)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

/// `Z`, `+02:00` or `-02:00` in seconds east.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let seconds = hours.parse::<u32>().ok()? * 3600 + minutes.parse::<u32>().ok()? * 60;
    match sign {
        "+" => Some(i64::from(seconds)),
        "-" => Some(-i64::from(seconds)),
        _ => None,
    }
}

/// Days of the proleptic Gregorian calendar, counted with years that begin in March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
