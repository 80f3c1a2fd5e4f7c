//! What each setting of a profile changes, shown: a request, what a plain upstream is sent, and what one with the quirk is.
//!
//! `tests/fixtures/quirks/SETTING[.VALUE].json` names both dialects and holds the request; `tests/golden/quirks/` what
//! comes of it. A setting without a fixture fails, as does a fixture that shows nothing. `UPDATE_EXPECT=1 cargo test --test
//! quirks` rewrites the golden files; every change to them is reviewed as what it is, a change of behaviour.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use expect_test::expect_file;
use fastproxy_core::dialect::{CacheMarkers, ClientContext, Dialect, Profile, Replay, Target};
use fastproxy_core::transcode::{ClientRequest, Fetched, Routing};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// Names and contents, in order.
fn fixtures() -> Vec<(String, Value)> {
    let entries = fs::read_dir(root().join("fixtures/quirks")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let content = fs::read(file).unwrap();
        let content = serde_json::from_slice(&content)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (name, content)
    };
    files.iter().map(read).collect()
}

/// An upstream that differs in this setting alone.
fn quirk(name: &str) -> Profile {
    let mut profile = Profile::default();
    match name {
        "text_as_string" => profile.text_as_string = false,
        "legacy_max_tokens" => profile.legacy_max_tokens = true,
        "no_developer_role" => profile.no_developer_role = true,
        "schema_needs_properties" => profile.schema_needs_properties = true,
        "replay_reasoning.always" => profile.replay_reasoning = Replay::Always,
        "thinking_switch" => profile.thinking_switch = true,
        "reasoning_effort" => profile.reasoning_effort = false,
        "stream_usage" => profile.stream_usage = false,
        "mid_system" => profile.mid_system = true,
        "custom_tools" => profile.custom_tools = false,
        "media_urls" => profile.media_urls = false,
        "cache_markers.breakpoint" => profile.cache_markers = CacheMarkers::Breakpoint,
        "cache_markers.cache_control" => profile.cache_markers = CacheMarkers::CacheControl,
        "adaptive_thinking" => profile.adaptive_thinking = false,
        "body_version" => profile.body_version = Some("vertex-2023-10-16".into()),
        "forbidden" => profile.forbidden = vec!["service_tier".into()],
        "default_max_tokens" => profile.default_max_tokens = 777,
        "max_output_tokens" => profile.max_output_tokens = Some(1000),
        unknown => panic!("no setting {unknown}"),
    }
    profile
}

fn dialect(fixture: &Value, side: &str) -> Dialect {
    let name = fixture[side].as_str().unwrap();
    Dialect::from_name(name).unwrap_or_else(|| panic!("no dialect {name}"))
}

/// What an upstream is sent, and what was lost.
fn sent(fixture: &Value, profile: Profile) -> String {
    let body = Bytes::from(fixture["request"].to_string());
    let (client, upstream) = (dialect(fixture, "client"), dialect(fixture, "upstream"));
    let request = ClientRequest::parse(client, body, ClientContext::default(), None).unwrap();
    let target = Target {
        model: "upstream-model".into(),
        origin: "test".into(),
        profile,
        want_usage: true,
        ..Target::default()
    };
    let wanted = request.wanted_media(upstream, &target).unwrap();
    let fetched = |(url, _)| (url, Fetched::new("image/png".into(), b"PNG"));
    let routing = Routing {
        media: wanted.into_iter().map(fetched).collect(),
        ..Routing::default()
    };
    let prepared = request.prepare(upstream, &target, &routing).unwrap();
    let body: Value = serde_json::from_slice(&prepared.body).unwrap();
    let mut text = serde_json::to_string_pretty(&body).unwrap();
    for loss in prepared.loss.entries() {
        let _ = write!(
            text,
            "\n// {} {}: {}",
            loss.code.name(),
            loss.path,
            loss.detail
        );
    }
    text
}

#[test]
fn each_setting_changes_what_its_fixture_shows() {
    let folder = root().join("golden/quirks");
    for (name, fixture) in fixtures() {
        let (plain, quirky) = (
            sent(&fixture, Profile::default()),
            sent(&fixture, quirk(&name)),
        );
        assert_ne!(plain, quirky, "{name}");
        let shown = format!("// plain\n{plain}\n\n// {name}\n{quirky}\n");
        expect_file![folder.join(format!("{name}.json"))].assert_eq(&shown);
    }
}

#[test]
fn every_setting_has_a_fixture() {
    let shown: BTreeSet<String> = fixtures()
        .into_iter()
        .map(|(name, _)| name.split('.').next().unwrap_or_default().to_owned())
        .collect();
    let told = format!("{:?}", Profile::default());
    let settings: BTreeSet<String> = told
        .trim_start_matches("Profile {")
        .split(", ")
        .filter_map(|member| Some(member.split_once(": ")?.0.trim().to_owned()))
        .collect();
    assert!(settings.len() > 10, "{settings:?}");
    assert_eq!(shown, settings);
}
