//! IR → upstream: the order of turns, calls and results.

use fastproxy_core::ir::{Content, Request, Role, Turn};
use proptest::prelude::*;
use serde_json::json;

use super::build::{call, calls, request, result, results, says, turn, user};
use super::{encoded, losses, target};

#[test]
fn leading_system_turns_become_system_blocks_kept_apart() {
    let turns = vec![
        says(Role::System, "one"),
        says(Role::Developer, "two"),
        says(Role::System, ""),
        user("hi"),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    assert_eq!(
        body["system"],
        json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}])
    );
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    assert!(loss.is_empty(), "{:?}", losses(&loss));
}

/// Row 23.
#[test]
fn later_system_text_stays_in_its_place() {
    let turns = || {
        let system = [
            says(Role::System, "now count"),
            says(Role::Developer, "down"),
        ];
        let [one, two] = system;
        request(vec![
            user("a"),
            says(Role::Assistant, "b"),
            one,
            two,
            user("c"),
        ])
    };
    let (body, loss) = encoded(&turns(), &target());
    let last = &body["messages"][2];
    assert_eq!(last["role"], "user");
    assert!(
        last["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("\nnow count\n")
    );
    assert_eq!(last["content"][2]["text"], "c");
    assert_eq!(
        losses(&loss),
        [("role_moved", "/messages/2"), ("role_moved", "/messages/3")]
    );

    let mut target = target();
    target.profile.mid_system = true;
    let (body, loss) = encoded(&turns(), &target);
    assert_eq!(body["messages"][2]["role"], "system");
    assert_eq!(body["messages"][2]["content"][1]["text"], "down");
    assert_eq!(body["messages"][3]["content"][0]["text"], "c");
    assert!(loss.is_empty());
}

#[test]
fn same_roles_are_merged_as_separate_blocks() {
    let turns = vec![
        user("a"),
        user("b"),
        says(Role::Assistant, "c"),
        says(Role::Assistant, "d"),
        user("e"),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    let texts = |at: usize| body["messages"][at]["content"].as_array().unwrap().len();
    assert_eq!((texts(0), texts(1), texts(2)), (2, 2, 1));
    assert!(loss.is_empty());
}

/// Row 107: parallel calls that a dialect put into separate turns are one turn here, with all results after it.
#[test]
fn parallel_calls_and_their_results_are_regrouped() {
    let turns = vec![
        user("go"),
        calls(&["a"]),
        calls(&["b", "c"]),
        results(&["c"]),
        results(&["a", "b"]),
        user("and?"),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    let answers = body["messages"][2]["content"].as_array().unwrap();
    let ids: Vec<_> = answers
        .iter()
        .map(|block| block["tool_use_id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [Some("a"), Some("b"), Some("c"), None],
        "call order, then the text"
    );
    assert!(loss.is_empty(), "{:?}", losses(&loss));
}

/// Rows 29 and 33: nothing stands between a call and its results.
#[test]
fn results_come_first_and_together() {
    let picture = Content::Text("picture".into());
    let turns = vec![
        user("go"),
        calls(&["a", "b"]),
        turn(Role::Tool, vec![result("a", "1")]),
        turn(Role::User, vec![picture]),
        turn(Role::Tool, vec![result("b", "2")]),
    ];
    let (body, _) = encoded(&request(turns), &target());
    assert_eq!(body["messages"][2]["content"][1]["tool_use_id"], "b");
    assert_eq!(body["messages"][2]["content"][2]["text"], "picture");
}

#[test]
fn missing_results_are_made_up_and_reported() {
    let turns = vec![
        user("go"),
        calls(&["a", "b"]),
        results(&["b"]),
        calls(&["c"]),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    let first = &body["messages"][2]["content"][0];
    assert_eq!(
        (first["tool_use_id"].as_str(), first["is_error"].as_bool()),
        (Some("a"), Some(true))
    );
    assert_eq!(first["content"], "[no result recorded]");
    assert_eq!(body["messages"][4]["content"][0]["tool_use_id"], "c");
    let expected = [
        ("result_synthesised", "/messages/1"),
        ("result_synthesised", "/messages/3"),
    ];
    assert_eq!(losses(&loss), expected);
}

#[test]
fn late_results_are_moved_and_orphans_told_as_text() {
    let turns = vec![
        user("go"),
        calls(&["a"]),
        user("wait"),
        says(Role::Assistant, "ok"),
        results(&["a"]),
        results(&["ghost"]),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    assert_eq!(body["messages"][2]["content"][0]["content"], "a");
    let last = body["messages"][4]["content"].as_array().unwrap();
    assert_eq!(last[1]["text"], "ghost");
    assert_eq!(
        losses(&loss),
        [
            ("order_lost", "/results/a"),
            ("role_moved", "/results/ghost")
        ]
    );
}

#[test]
fn ids_are_cleaned_and_made_unique() {
    let turns = vec![
        user("go"),
        calls(&["call.0"]),
        results(&["call.0"]),
        calls(&["call.0"]),
        results(&["call.0"]),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    let id = |at: usize| {
        body["messages"][at]["content"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_ne!(id(1), id(3));
    assert_eq!(
        body["messages"][4]["content"][0]["tool_use_id"],
        id(3).as_str()
    );
    assert_eq!(losses(&loss)[0], ("id_rewritten", "/messages/1"));
}

/// Row 96.
#[test]
fn empty_blocks_and_empty_turns_are_left_out() {
    let turns = vec![
        turn(
            Role::User,
            vec![Content::Text("".into()), Content::Text("hi".into())],
        ),
        says(Role::Assistant, ""),
        user(" \n"),
        user("bye"),
    ];
    let (body, loss) = encoded(&request(turns), &target());
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    assert_eq!(
        losses(&loss),
        [
            ("field_dropped", "/messages/1"),
            ("field_dropped", "/messages/2")
        ]
    );
}

#[test]
fn a_conversation_begins_with_the_user() {
    for turns in [
        vec![says(Role::Assistant, "Welcome!"), user("hi")],
        vec![says(Role::System, "only this")],
        vec![user("")],
    ] {
        let (body, loss) = encoded(&request(turns), &target());
        assert_eq!(body["messages"][0]["role"], "user");
        assert!(losses(&loss).contains(&("default_filled", "/messages")));
    }
}

#[test]
fn a_prefilled_answer_stays_but_not_its_last_white_space() {
    let turns = vec![user("json"), says(Role::Assistant, "{\"a\": ")];
    let (body, loss) = encoded(&request(turns), &target());
    assert_eq!(body["messages"][1]["content"][0]["text"], "{\"a\":");
    assert_eq!(losses(&loss), [("value_clamped", "/messages")]);
}

fn any_turn() -> impl Strategy<Value = Turn<'static>> {
    let id = prop::sample::select(vec!["a", "b", "c", "d:1", ""]);
    let text = prop::sample::select(vec!["", " ", "x", "two words", "\n"]);
    let content = prop_oneof![
        3 => text.clone().prop_map(|text| Content::Text(text.into())),
        2 => (id.clone(), prop::sample::select(vec!["", "{}", "{\"k\":1}", "[", "null"]))
            .prop_map(|(id, arguments)| call(id, "f.g", arguments)),
        2 => (id, text).prop_map(|(id, text)| result(id, text)),
        1 => Just(super::build::thought("t", super::ORIGIN, fastproxy_core::ir::OpaqueKind::Signature)),
    ];
    let role = prop::sample::select(vec![
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
    ]);
    (role, prop::collection::vec(content, 0..5)).prop_map(|(role, contents)| turn(role, contents))
}

fn any_request() -> impl Strategy<Value = Request<'static>> {
    prop::collection::vec(any_turn(), 0..12).prop_map(request)
}

proptest! {
    /// However broken a history is, what is sent obeys the API (checked in `encoded`), and says the same each time.
    #[test]
    fn every_history_becomes_a_request_that_the_api_takes(request in any_request(), mid in any::<bool>()) {
        let mut target = target();
        target.profile.mid_system = mid;
        let (body, _) = encoded(&request, &target);
        prop_assert_eq!(encoded(&request, &target).0, body);
    }
}
