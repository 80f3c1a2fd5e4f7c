//! Redaction: what an upstream says in its errors, made safe to show to a client and to log.
//!
//! Upstreams repeat keys ("Incorrect API key provided: sk-…"), addresses and whole requests in their messages. Every
//! text of foreign origin goes through [`redact`] before it becomes part of an [`crate::error::Error`]. It rather masks
//! a harmless token too many than a secret too few; what it masks is a word, never the sentence around it.

use std::borrow::Cow;

/// Characters of a message that are kept.
const MAX_BYTES: usize = 2_000;
/// Stands for a key, a token, a password.
const SECRET: &str = "[redacted]";
/// Stands for the host of an address.
const HOST: &str = "[host]";
/// How keys of well-known services begin.
const KEY_PREFIXES: [&str; 17] = [
    "sk-",
    "sk_",
    "pk-",
    "pk_",
    "rk-",
    "rk_",
    "gsk_",
    "xai-",
    "hf_",
    "AIza",
    "ya29.",
    "ghp_",
    "github_pat_",
    "AKIA",
    "r8_",
    "nvapi-",
    "eyJ",
];
/// Shortest text behind a prefix that is taken for a key: `sk-` alone is prose about keys.
const MIN_KEY: usize = 8;
/// A word of letters and digits of this length is nobody's prose. UUIDs (36) stay: they are request ids.
const LONG_TOKEN: usize = 40;
/// How ids begin that a request is told by, and that a client must find again in the message about it.
const ID_PREFIXES: [&str; 9] = [
    "resp_",
    "msg_",
    "rs_",
    "fc_",
    "ctc_",
    "call_",
    "toolu_",
    "chatcmpl-",
    "file-",
];
/// Names whose value is a secret, compared without case and with `_` for `-`.
const SECRET_NAMES: [&str; 12] = [
    "authorization",
    "proxy_authorization",
    "bearer",
    "x_api_key",
    "api_key",
    "apikey",
    "x_goog_api_key",
    "access_token",
    "refresh_token",
    "secret",
    "password",
    "token",
];

/// Mask API-key-like tokens, the values of authorization headers and the hosts of URLs, and cap the length at 2,000
/// bytes. Borrows when there is nothing to mask.
pub fn redact(message: &str) -> Cow<'_, str> {
    let mut rest = cap(message);
    let mut masked: Option<String> = None;
    let mut previous = "";
    let kept = rest;
    while let Some((gap, word, tail)) = next_word(rest) {
        let replacement = mask(previous, word);
        if let Some(new) = &replacement {
            let done = kept.len() - rest.len();
            masked
                .get_or_insert_with(|| kept[..done].into())
                .push_str(gap);
            append(&mut masked, new);
        } else {
            append(&mut masked, gap);
            append(&mut masked, word);
        }
        // In `"api_key": "…"` only a colon stands between the name and its value.
        if word != ":" && word != "=" {
            previous = word;
        }
        rest = tail;
    }
    append(&mut masked, rest);
    masked.map_or(Cow::Borrowed(kept), Cow::Owned)
}

fn append(masked: &mut Option<String>, text: &str) {
    if let Some(masked) = masked {
        masked.push_str(text);
    }
}

fn cap(message: &str) -> &str {
    if message.len() <= MAX_BYTES {
        return message;
    }
    let mut end = MAX_BYTES;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

/// What stands before the next word, the word, and what follows it.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(|c| !is_border(c))?;
    let length = text[start..].find(is_border).unwrap_or(text.len() - start);
    Some((
        &text[..start],
        &text[start..start + length],
        &text[start + length..],
    ))
}

fn is_border(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';'
        )
}

/// What to show instead of `word`; `None`: itself.
fn mask(previous: &str, word: &str) -> Option<String> {
    if let Some((scheme, address)) = word.split_once("://") {
        if address.is_empty() {
            // Masked before: the brackets of `[host]` are borders.
            return None;
        }
        return Some(mask_address(scheme, address));
    }
    if let Some((name, value)) = word.split_once(['=', ':'])
        && is_secret_name(name)
        && !value.is_empty()
    {
        return Some(format!("{name}{}{SECRET}", &word[name.len()..=name.len()]));
    }
    let is_value = is_secret_name(previous.trim_end_matches([':', '='])) && looks_random(word);
    if is_value || is_key(word) {
        return Some(SECRET.into());
    }
    is_ipv4(word).then(|| HOST.into())
}

/// The scheme and the path stay: they tell which call failed. Query and fragment may hold keys.
fn mask_address(scheme: &str, address: &str) -> String {
    let path = address.find('/').map_or("", |at| &address[at..]);
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let path: Vec<_> = path
        .split('/')
        .map(|part| if is_key(part) { SECRET } else { part })
        .collect();
    format!("{scheme}://{HOST}{}", path.join("/"))
}

fn is_secret_name(word: &str) -> bool {
    SECRET_NAMES.iter().any(|name| {
        name.len() == word.len()
            && name.bytes().zip(word.bytes()).all(|(want, have)| {
                want == have.to_ascii_lowercase() || (want == b'_' && have == b'-')
            })
    })
}

/// Behind `Bearer` or `token`: prose ("Bearer authentication failed") has no digits.
fn looks_random(word: &str) -> bool {
    word.len() >= MIN_KEY && (word.bytes().any(|b| b.is_ascii_digit() || b == b'*') || is_key(word))
}

fn is_key(word: &str) -> bool {
    let word = word.trim_matches(['.', ':', '!', '?']);
    let known = KEY_PREFIXES.iter().any(|prefix| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() + prefix.len() >= MIN_KEY && rest.chars().all(is_key_char)
        })
    });
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_id = ID_PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    let is_long = word.len() >= LONG_TOKEN && digits > 0 && letters > 0;
    known || (is_long && !is_id && word.chars().all(is_key_char))
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.' | '+' | '/' | '=' | '…')
}

fn is_ipv4(word: &str) -> bool {
    let address = word.split(':').next().unwrap_or(word).trim_end_matches('.');
    address.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_hosts_are_masked() {
        let cases = [
            (
                "Incorrect API key provided: sk-test-abc***xyz. Find it",
                "Incorrect API key provided: [redacted] Find it",
            ),
            (
                "Authorization: Bearer abcdef123456 was refused",
                "Authorization: Bearer [redacted] was refused",
            ),
            (
                "header x-api-key=abc, then",
                "header x-api-key=[redacted], then",
            ),
            (r#"{"api_key":"k3yk3yk3y"}"#, r#"{"api_key":"[redacted]"}"#),
            (
                "dial https://user:pw@10.0.0.5:8443/v1/chat?key=abc: refused",
                "dial https://[host]/v1/chat refused",
            ),
            ("see http://internal.example", "see http://[host]"),
            ("connect 192.168.1.20:9000 failed", "connect [host] failed"),
            ("key AIzaSyTestTestTest_1 bad", "key [redacted] bad"),
            (
                "token 0123456789abcdef0123456789abcdef01234567 x",
                "token [redacted] x",
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(redact(message), expected);
        }
    }

    #[test]
    fn what_is_masked_stays_as_it_is() {
        let once = redact("dial https://user:pw@10.0.0.5:8443/v1/chat with sk-test-0123456789")
            .into_owned();
        assert_eq!(redact(&once), once);
    }

    #[test]
    fn prose_is_left_alone_and_not_copied() {
        for message in [
            "The model `gpt-x` does not exist (request req_0123456789abcdef).",
            "Bearer authentication failed: token expired at 12:30",
            "max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
            "request 123e4567-e89b-12d3-a456-426614174000 timed out, version 1.2.3",
            "Response with id 'resp_01a1fb54-06ef-70c3-a923-7af7e426dc44' not found.",
            "",
        ] {
            assert!(
                matches!(redact(message), Cow::Borrowed(same) if same == message),
                "{message}"
            );
        }
    }

    #[test]
    fn the_length_is_capped_between_characters() {
        let long = "é".repeat(3_000);
        assert_eq!(redact(&long), "é".repeat(1_000));
        let odd = format!("x{long}");
        assert_eq!(redact(&odd).len(), 1_999);
    }
}
