//! The ledger: what it gives back, to whom, for how long, and that it stays within its bounds.

use std::time::{Duration, Instant};

use fastproxy_core::ir::{
    AnswerPart, Content, Opaque, OpaqueKind, Part, Reasoning, Request, Role, ToolCall, ToolKind,
    Turn,
};
use fastproxy_core::ledger::{Ledger, Limits};
use proptest::prelude::*;

fn opaque(data: &str) -> Opaque<'static> {
    Opaque {
        origin: "vendor".into(),
        kind: OpaqueKind::Signature,
        data: data.to_owned().into(),
    }
}

fn thought(text: &str, states: &[&str]) -> AnswerPart {
    let opaque = states.iter().map(|data| opaque(data)).collect();
    AnswerPart::Reasoning {
        text: text.into(),
        summary: Vec::new(),
        opaque,
    }
}

fn called(id: &str, states: &[&str]) -> AnswerPart {
    AnswerPart::ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: "{}".into(),
        opaque: states.iter().map(|data| opaque(data)).collect(),
    }
}

fn call(id: &str) -> Part<'static> {
    Content::ToolCall(ToolCall {
        id: id.to_owned().into(),
        kind: ToolKind::Function,
        name: "f".into(),
        namespace: None,
        arguments: "{}".into(),
        opaque: Vec::new(),
    })
    .into()
}

fn text(text: &'static str) -> Part<'static> {
    Content::Text(text.into()).into()
}

fn request(turns: Vec<(Role, Vec<Part<'static>>)>) -> Request<'static> {
    let turn = |(role, parts)| Turn {
        role,
        name: None,
        parts,
        pointer: String::new(),
    };
    Request {
        turns: turns.into_iter().map(turn).collect(),
        ..Request::default()
    }
}

/// A turn in short: `T:text`, `R:text[states]`, `C:id[states]`.
fn shape(turn: &Turn<'_>) -> Vec<String> {
    let states = |opaque: &[Opaque<'_>]| {
        opaque
            .iter()
            .map(|state| state.data.to_string())
            .collect::<Vec<_>>()
            .join("+")
    };
    let one = |part: &Part<'_>| match &part.content {
        Content::Text(text) => format!("T:{text}"),
        Content::Reasoning(r) => format!(
            "R:{}[{}]",
            r.text.as_deref().unwrap_or("-"),
            states(&r.opaque)
        ),
        Content::ToolCall(call) => format!("C:{}[{}]", call.id, states(&call.opaque)),
        other => format!("{other:?}"),
    };
    turn.parts.iter().map(one).collect()
}

/// What an assistant turn with these parts looks like after restoring.
fn restored(ledger: &Ledger, owner: &str, parts: Vec<Part<'static>>, now: Instant) -> Vec<String> {
    let mut request = request(vec![(Role::Assistant, parts)]);
    ledger.restore(owner, &mut request, now);
    shape(&request.turns[0])
}

#[test]
fn a_turn_gets_its_reasoning_back_before_everything_else() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    let answer = [
        thought("hm", &["s1"]),
        thought("", &["s2"]),
        called("c1", &[]),
        called("c2", &["t2"]),
    ];
    ledger.remember("key", &answer, now);
    let mut request = request(vec![
        (Role::User, vec![text("q")]),
        (Role::Assistant, vec![text("a"), call("c1"), call("c2")]),
        (Role::Assistant, vec![text("no call")]),
        (Role::Assistant, vec![call("unknown")]),
    ]);
    ledger.restore("key", &mut request, now);
    let shapes: Vec<_> = request.turns.iter().map(shape).collect();
    assert_eq!(
        shapes[1],
        ["R:hm[s1]", "R:-[s2]", "T:a", "C:c1[]", "C:c2[t2]"]
    );
    assert_eq!(
        (&shapes[0], &shapes[2], &shapes[3]),
        (
            &vec!["T:q".into()],
            &vec!["T:no call".into()],
            &vec!["C:unknown[]".into()]
        )
    );
    let once = request.clone();
    ledger.restore("key", &mut request, now);
    assert_eq!(
        shape(&request.turns[1]),
        shape(&once.turns[1]),
        "restoring twice changes nothing"
    );
}

#[test]
fn any_call_of_the_turn_finds_it() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    ledger.remember(
        "key",
        &[thought("hm", &["s"]), called("c1", &[]), called("c2", &[])],
        now,
    );
    for id in ["c1", "c2"] {
        assert_eq!(
            restored(&ledger, "key", vec![call(id)], now),
            ["R:hm[s]".to_owned(), format!("C:{id}[]")]
        );
    }
}

#[test]
fn what_the_client_kept_is_left_alone() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    ledger.remember(
        "key",
        &[thought("hm", &["old"]), called("c", &["old"])],
        now,
    );
    let reasoning = |states: Vec<Opaque<'static>>| -> Part<'static> {
        Content::Reasoning(Reasoning {
            text: Some("mine".into()),
            opaque: states,
            ..Reasoning::default()
        })
        .into()
    };
    let kept = restored(
        &ledger,
        "key",
        vec![reasoning(vec![opaque("kept")]), call("c")],
        now,
    );
    assert_eq!(kept, ["R:mine[kept]", "C:c[old]"]);
    let stripped = restored(&ledger, "key", vec![reasoning(Vec::new()), call("c")], now);
    assert_eq!(
        stripped,
        ["R:hm[old]", "C:c[old]"],
        "text without its state is replaced, not doubled"
    );
    let mut with_state = call("c");
    if let Content::ToolCall(call) = &mut with_state.content {
        call.opaque.push(opaque("kept"));
    }
    assert_eq!(
        restored(&ledger, "key", vec![with_state], now),
        ["R:hm[old]", "C:c[kept]"]
    );
}

#[test]
fn owners_are_kept_apart() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    ledger.remember("a", &[thought("of a", &["s"]), called("b c", &[])], now);
    for (owner, id) in [
        ("b", "b c"),
        ("", "a b c"),
        ("a b", "c"),
        ("a\nb", "c"),
        ("a", "c"),
    ] {
        assert_eq!(
            restored(&ledger, owner, vec![call(id)], now),
            [format!("C:{id}[]")],
            "{owner:?} {id:?}"
        );
    }
    assert_eq!(restored(&ledger, "a", vec![call("b c")], now).len(), 2);
}

#[test]
fn turns_without_calls_or_state_are_not_kept() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    ledger.remember("key", &[thought("hm", &["s"])], now);
    ledger.remember("key", &[thought("hm", &[]), called("c", &[])], now);
    ledger.remember("key", &[], now);
    assert_eq!(ledger.size(), (0, 0));
}

#[test]
fn state_is_forgotten_after_its_time() {
    let ttl = Duration::from_secs(60);
    let ledger = Ledger::new(Limits {
        ttl,
        ..Limits::default()
    });
    let start = Instant::now();
    ledger.remember("key", &[thought("hm", &["s"]), called("c", &[])], start);
    let at = |seconds| {
        restored(
            &ledger,
            "key",
            vec![call("c")],
            start + Duration::from_secs(seconds),
        )
        .len()
    };
    assert_eq!((at(0), at(59), at(60)), (2, 2, 1));
    ledger.remember(
        "key",
        &[thought("hm", &["s"]), called("d", &[])],
        start + ttl,
    );
    assert_eq!(ledger.size().0, 1, "what has expired makes room");
}

#[test]
fn the_newest_answer_under_an_id_counts() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    for (at, state) in ["s1", "s2"].iter().enumerate() {
        let now = now + Duration::from_secs(at as u64);
        ledger.remember("key", &[thought("hm", &[state]), called("c", &[])], now);
    }
    assert_eq!(
        restored(&ledger, "key", vec![call("c")], now),
        ["R:hm[s2]", "C:c[]"]
    );
    assert_eq!(ledger.size().0, 1);
}

#[test]
fn one_turn_may_not_fill_the_ledger() {
    let ledger = Ledger::new(Limits {
        bytes: 4000,
        ..Limits::default()
    });
    let now = Instant::now();
    ledger.remember(
        "key",
        &[thought("hm", &[&"x".repeat(1000)]), called("c", &[])],
        now,
    );
    assert_eq!(ledger.size(), (0, 0));
}

proptest! {
    #[test]
    fn bounds_hold_and_what_is_found_is_right(
        puts in prop::collection::vec((0_u8..30, 1_usize..4, 0_usize..300, 0_u64..40), 1..80),
        entries in 1_usize..20,
    ) {
        let limits = Limits { entries, bytes: 4000, ttl: Duration::from_secs(60) };
        let ledger = Ledger::new(limits);
        let mut now = Instant::now();
        let mut newest = std::collections::HashMap::new();
        for (at, (id, calls, length, pause)) in puts.into_iter().enumerate() {
            now += Duration::from_secs(pause);
            let state = format!("{at}:{}", "x".repeat(length));
            let ids: Vec<_> = (0..calls).map(|call| format!("c{}", usize::from(id) + call)).collect();
            let mut answer = vec![thought("", &[&state])];
            answer.extend(ids.iter().map(|id| called(id, &[])));
            ledger.remember("key", &answer, now);
            newest.extend(ids.iter().map(|id| (id.clone(), (state.clone(), now))));
            let (kept, bytes) = ledger.size();
            prop_assert!(kept <= entries && bytes <= limits.bytes, "{kept} entries, {bytes} bytes");
            if calls <= entries {
                prop_assert_eq!(restored(&ledger, "key", vec![call(&ids[calls - 1])], now).len(), 2, "just remembered");
            }
        }
        for (id, (state, put)) in newest {
            let found = restored(&ledger, "key", vec![call(&id)], now);
            if found.len() == 2 {
                prop_assert_eq!(&found[0], &format!("R:-[{state}]"));
                prop_assert!(now - put < limits.ttl);
            }
        }
    }
}

#[test]
fn threads_share_one_ledger() {
    let ledger = Ledger::new(Limits {
        entries: 50,
        ..Limits::default()
    });
    let now = Instant::now();
    std::thread::scope(|scope| {
        for owner in ["a", "b", "c", "d"] {
            let ledger = &ledger;
            scope.spawn(move || {
                for at in 0..200 {
                    let id = format!("c{at}");
                    ledger.remember(owner, &[thought(owner, &["s"]), called(&id, &[])], now);
                    let found = restored(ledger, owner, vec![call(&id)], now);
                    assert!(found.len() == 1 || found[0] == format!("R:{owner}[s]"));
                }
            });
        }
    });
    assert!(ledger.size().0 <= 50);
    assert_eq!(
        restored(&ledger, "a", vec![call("none")], now)
            .first()
            .unwrap(),
        "C:none[]"
    );
}
