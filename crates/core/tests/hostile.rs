//! No input makes reading panic, hang or eat memory.

use downhaul_core::check::{Source, check};
use downhaul_core::document::{Condition, FlagSet};
use downhaul_core::read::{self, Format};
use proptest::prelude::*;

const SHOP: &str = include_str!("documents/shop.json");

fn look_at(text: &str) {
    for format in [Format::Json, Format::Yaml] {
        let checked = check(&[Source { name: "a".into(), text: text.into(), format }], Some("2026-11-24"));
        assert_eq!(checked.valid.is_some(), checked.diagnostics.iter().all(|diagnostic| !diagnostic.is_error()));
        let _ = read::flag(text, format);
        let _ = read::kill(text, format);
        for diagnostic in &checked.diagnostics {
            if let Some(span) = diagnostic.place.span {
                assert!(text.get(span.start..span.end).is_some(), "{diagnostic:?}");
                assert!(span.line > 0 && span.column > 0, "{diagnostic:?}");
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_before_anything_recurses() {
    for open in ["[", "{\"a\":", "[[{\"a\":", "- ", "? ", "{a: ", "\n- - - ", "!!x [", "&a [", "[ ? "] {
        look_at(&open.repeat(100_000));
    }
    let mut text = String::new();
    for level in 0..2_000 {
        text.push_str(&" ".repeat(level));
        text.push_str("a:\n");
    }
    look_at(&text);
}

#[test]
fn serde_refuses_deep_nesting_too() {
    let deep = format!("{}{}", "{\"not\":".repeat(100), "}".repeat(100));
    assert!(serde_json::from_str::<Condition>(&deep).unwrap_err().to_string().contains("nested"), "{deep}");
    assert!(serde_json::from_str::<FlagSet>(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_text_too_long_is_refused_unread() {
    let text = " ".repeat(read::SIZE_LIMIT + 1);
    let diagnostics = read::flag_set(&text, Format::Json).unwrap_err();
    assert_eq!(diagnostics[0].code, "too-large");
    let half = || Source { name: "a".into(), text: " ".repeat(read::SIZE_LIMIT / 2) + "{}", format: Format::Json };
    assert_eq!(check(&[half(), half(), half()], None).diagnostics[0].code, "too-large");
}

#[test]
fn very_many_problems_are_counted_not_told() {
    let flags = "1,".repeat(9_000);
    let text = format!("{{\"schema\": 1, \"environment\": \"e\", \"revision\": 1, \"flags\": [{flags}1]}}");
    let checked = check(&[Source { name: "a".into(), text, format: Format::Json }], None);
    assert_eq!(checked.diagnostics.len(), read::PROBLEM_LIMIT + 1);
    assert_eq!(checked.diagnostics.last().unwrap().message, "8001 or more problems are not shown");
}

#[test]
fn ten_thousand_flags_are_read_and_one_more_is_refused() {
    let flags = |count: usize| {
        let flags: Vec<String> = (0..count)
            .map(|number| {
                format!(
                    r#"{{"key": "f{number}", "owner": "o", "kind": "release", "expires": "2027-01-31", "variants": {{"on": true}}, "degraded": {{"variant": "on", "meaning": "m"}}, "default": "on"}}"#
                )
            })
            .collect();
        format!(r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [{}]}}"#, flags.join(","))
    };
    let look = |count| check(&[Source { name: "a".into(), text: flags(count), format: Format::Json }], None);
    assert_eq!(look(10_000).diagnostics, []);
    let told = look(10_001).diagnostics;
    assert_eq!((told.len(), told[0].code.as_str(), told[0].place.pointer.as_str()), (1, "too-many-flags", "/flags"));
}

/// Bits of documents, to be thrown together.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "d800", "null", "true", "1e999", "-", "0", " ", "\n", "\r", "\t",
            "\u{feff}", "\u{2028}", "'", "#", "&a ", "*a", "!!str ", "---\n", "...\n", "- ", "? ", "|\n", ">-\n", "%YAML 1.2\n",
            "\"flags\":", "\"key\":", "key: ", "\"when\":", "\"not\":", "\"values\":", "\"split\":", "\"slices\":", "\"scope\":",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
        1 => any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        look_at(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_fragments(fragments in prop::collection::vec(fragment(), 0..60)) {
        look_at(&fragments.concat());
    }

    #[test]
    fn a_good_document_with_pieces_exchanged(edits in prop::collection::vec((0..SHOP.len(), 0..12_usize, fragment()), 1..5)) {
        let mut text = SHOP.to_owned();
        for (at, length, piece) in edits {
            let start = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let end = (start + length..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            text.replace_range(start..end.max(start), &piece);
        }
        look_at(&text);
    }
}

/// Each is cheap to write and dear to look at without care.
#[test]
fn work_grows_with_the_text_only() {
    let flag = |variants: &str, rules: &str| {
        format!(
            r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [{{"key": "f", "owner": "o", "kind": "release", "expires": "2027-01-31", "variants": {{{variants}}}, "degraded": {{"variant": "v0", "meaning": "m"}}, "default": "v0", "rules": [{rules}]}}]}}"#
        )
    };
    let joined = |count: usize, of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<Vec<_>>().join(",");
    let variants = joined(5_000, &|number| format!(r#""v{number}": true"#));
    look_at(&flag(&variants, &joined(5_000, &|number| format!(r#"{{"serve": "v{number}"}}"#))));
    look_at(&flag(&variants, &joined(5_000, &|number| format!(r#"{{"serve": "w{number}"}}"#))));
    let patterns = joined(5_000, &|number| format!(r#""[01]*1[01]{{13}}x{number}""#));
    let rule = format!(r#"{{"serve": "v0", "when": [{{"attribute": "a", "op": "matches", "values": [{patterns}]}}]}}"#);
    look_at(&flag(r#""v0": true"#, &rule));
    let segments =
        joined(5_000, &|number| format!(r#""s{number}": {{"when": [{{"segment": ["s{}"]}}]}}"#, (number + 1) % 5_000));
    look_at(&format!(r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [], "segments": {{{segments}}}}}"#));
    look_at(&format!("{{{}}}", joined(50_000, &|number| format!("\"k{}\": 1", number / 2))));
}
