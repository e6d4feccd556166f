use super::around::around;
use super::kept::Kept;
use super::make::{self, OPERATORS, Subject};
use super::*;
use downhaul_core::check::check_flag;
use downhaul_core::document::FlagSet;
use downhaul_core::read::{self, Format};
use proptest::prelude::*;
use serde_json::json;

const SET: &str = r#"{"schema": 1, "environment": "e", "revision": 3,
    "regions": {"eu": {"eu-west": {}}}, "tenants": {"acme": {}}, "segments": {"staff": {"include": ["u"]}},
    "flags": [
        {"key": "cart", "owner": "o", "kind": "release", "expires": "2027-01-01", "variants": {"on": true, "off": false},
            "degraded": {"variant": "off", "meaning": "m"}, "default": "on"},
        {"key": "checkout", "owner": "o", "kind": "release", "expires": "2027-01-01", "variants": {"on": true, "off": false},
            "degraded": {"variant": "off", "meaning": "m"}, "requires": [{"flag": "cart", "variants": ["on"]}],
            "rules": [{"name": "staff", "when": [{"segment": ["staff"]}], "serve": "on"},
                {"split": {"by": "targetingKey", "salt": "checkout", "slices": [["on", 25000], ["off", 75000]]}}],
            "default": "off"},
        {"key": "wrap", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {"on": 1, "off": 0},
            "degraded": {"variant": "off", "meaning": "m"}, "requires": [{"flag": "checkout", "variants": ["on"]}], "default": "off"},
        {"key": "other", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {"on": 1, "off": 0},
            "degraded": {"variant": "off", "meaning": "m"}, "default": "off"}]}"#;

fn set() -> FlagSet {
    read::flag_set(SET, Format::Json).unwrap().0
}

fn checkout() -> Value {
    serde_json::to_value(set().flag("checkout").unwrap()).unwrap()
}

fn run(draft: Draft, actions: impl IntoIterator<Item = Action>) -> Rc<Draft> {
    actions.into_iter().fold(Rc::new(draft), |draft, action| draft.reduce(action))
}

fn errors(draft: &Draft) -> Vec<String> {
    let checked = check_flag(&set(), Some("checkout"), &draft.text(), Format::Json, None);
    checked.diagnostics.iter().map(|each| format!("{} {}", each.code, each.place.pointer)).collect()
}

#[test]
fn what_is_typed_is_undone_together_and_other_edits_one_by_one() {
    let put = |text: &str| Action::Type(Edit::put("/description", text));
    let draft = run(
        Draft::over(checkout(), 3),
        [put("O"), put("On"), put("One"), Action::Settle, put("One "), Action::Do(Edit::remove("/rules/0"))],
    );
    let description = |draft: &Draft| draft.tree().unwrap()["description"].as_str().map(str::to_owned);
    assert_eq!(draft.tree().unwrap()["rules"].as_array().map(Vec::len), Some(1));
    let draft = run((*draft).clone(), [Action::Undo]);
    assert_eq!(draft.tree().unwrap()["rules"].as_array().map(Vec::len), Some(2));
    let draft = run((*draft).clone(), [Action::Undo]);
    assert_eq!(description(&draft).as_deref(), Some("One"));
    let draft = run((*draft).clone(), [Action::Undo]);
    assert!(!draft.is_changed() && !draft.can_undo());
    let draft = run((*draft).clone(), [Action::Redo, Action::Redo]);
    assert_eq!(description(&draft).as_deref(), Some("One "));
    let draft = run((*draft).clone(), [put("x")]);
    assert!(!draft.can_redo(), "a new edit takes the place of what was undone");
}

#[test]
fn rules_are_moved_added_and_taken_away() {
    let names = |draft: &Draft| -> Vec<String> {
        let rules = draft.tree().unwrap()["rules"].as_array().cloned().unwrap_or_default();
        rules.iter().map(|rule| rule["name"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let list = || "/rules".to_owned();
    let insert =
        |at, name: &str| Action::Do(Edit::Insert { list: list(), at, value: json!({ "name": name, "serve": "on" }) });
    let draft = run(
        Draft::over(checkout(), 3),
        [insert(0, "a"), insert(9, "z"), Action::Do(Edit::Move { list: list(), from: 0, to: 2 })],
    );
    assert_eq!(names(&draft), ["staff", "-", "a", "z"]);
    let none = Action::Do(Edit::Move { list: list(), from: 0, to: 9 });
    assert_eq!(names(&run((*draft).clone(), [none])), names(&draft), "out of the list is nowhere");
    let gone = (0..4).map(|_| Action::Do(Edit::remove("/rules/0")));
    let empty = run((*draft).clone(), gone);
    assert_eq!(empty.tree().unwrap().get("rules"), None, "an empty list is left out, as a document leaves it out");
    assert_eq!(errors(&empty), Vec::<String>::new());
}

#[test]
fn a_text_that_is_no_json_is_the_draft_until_it_is_one() {
    let draft = run(Draft::over(checkout(), 3), [Action::Type(Edit::Text("{\"key\": ".into()))]);
    assert_eq!((draft.text().as_str(), draft.tree()), ("{\"key\": ", None));
    let draft = run((*draft).clone(), [Action::Do(Edit::put("/owner", "x"))]);
    assert_eq!(draft.text(), "{\"key\": ", "a form edits no half-typed text");
    let twice = run((*draft).clone(), [Action::Do(Edit::Text("{\"key\": 1, \"key\": 2}".into()))]);
    assert_eq!(twice.tree(), None, "a key twice is nothing that could be chosen from");
    let back = run((*twice).clone(), [Action::Undo, Action::Undo]);
    assert!(!back.is_changed());
}

#[test]
fn numbers_stay_as_they_are_written() {
    for text in ["-17758171904076263", "1.50", "1e3", "18446744073709551615"] {
        let parsed = text::parse(&format!("{{\"a\": {text}}}")).unwrap();
        assert_eq!(parsed["a"], serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
}

#[test]
fn a_variant_is_renamed_everywhere() {
    let draft = run(Draft::over(checkout(), 3), [Action::Do(make::rename_variant(&checkout(), "on", "one-page"))]);
    let tree = draft.tree().unwrap();
    assert_eq!(tree["variants"], json!({ "off": false, "one-page": true }));
    assert_eq!(tree["rules"][0]["serve"], "one-page");
    assert_eq!(tree["rules"][1]["split"]["slices"], json!([["one-page", 25_000], ["off", 75_000]]));
    // Another flag requires `on`.
    assert_eq!(errors(&draft), ["unknown-variant "]);
    let taken = run(Draft::over(checkout(), 3), [Action::Do(make::rename_variant(&checkout(), "on", "off"))]);
    assert!(!taken.is_changed(), "never two into one");
}

#[test]
fn switching_between_one_variant_and_a_split_moves_nobody() {
    let rule = json!({ "serve": "on" });
    let mut tree = checkout();
    tree["rules"] = json!([rule]);
    let split = run(Draft::over(tree.clone(), 3), [Action::Do(make::as_split("/rules/0", &rule))]);
    let after = split.tree().unwrap()["rules"][0].clone();
    assert_eq!(after, json!({ "split": { "slices": [["on", 100_000]] } }));
    let back = run((*split).clone(), [Action::Do(make::as_serve("/rules/0", &after))]);
    assert_eq!(back.tree(), Some(&tree));
}

#[test]
fn every_condition_begins_as_one_and_says_what_it_lacks() {
    for subject in Subject::ALL {
        let condition = subject.condition(None);
        assert_eq!(Subject::of(&condition), Some(subject));
        let mut tree = checkout();
        tree["rules"][0]["when"] = json!([condition]);
        let found = errors(&Draft::over(tree, 3));
        assert!(found.iter().all(|each| each.contains("/rules/0/when/0")), "{subject:?}: {found:?}");
    }
    let tenant = json!({ "tenant": ["acme"] });
    let grouped = Subject::Any.condition(Some(&tenant));
    assert_eq!(grouped, json!({ "any": [{ "tenant": ["acme"] }] }));
    assert_eq!(Subject::Not.condition(Some(&grouped)), json!({ "not": { "tenant": ["acme"] } }));
    assert_eq!(Subject::All.condition(Some(&grouped)), json!({ "all": [{ "tenant": ["acme"] }] }));
}

#[test]
fn operators_keep_values_that_can_mean_the_same() {
    let condition = json!({ "attribute": "a", "op": "in", "values": ["x", 1] });
    let with = |op: &str| {
        let mut tree = checkout();
        tree["rules"][0]["when"] = json!([condition]);
        let edit = make::operator("/rules/0/when/0", &condition, op);
        run(Draft::over(tree, 3), [Action::Do(edit)]).tree().unwrap()["rules"][0]["when"][0].clone()
    };
    assert_eq!(with("contains")["values"], json!(["x", 1]));
    assert_eq!(with("exists"), json!({ "attribute": "a", "op": "exists" }));
    assert_eq!(with("between")["values"], json!([]));
    for (op, ..) in OPERATORS {
        assert_eq!(with(op)["op"], op);
    }
}

#[test]
fn a_duplicate_shares_nothing_but_what_it_is_told_to() {
    let copy = make::duplicate(&checkout());
    assert_eq!(copy["key"], "");
    assert_eq!(copy["rules"][1]["split"].get("salt"), None, "else both flags would move the same people");
    let mut layered = checkout();
    layered["rules"][1]["split"]["salt"] = json!("layer-1");
    assert_eq!(make::duplicate(&layered)["rules"][1]["split"]["salt"], "layer-1");
    let named = run(Draft::new(copy, 3), [Action::Type(Edit::put("/key", "checkout-2"))]);
    let checked = check_flag(&set(), None, &named.text(), Format::Json, None);
    assert!(checked.valid.is_some(), "{:?}", checked.diagnostics);
}

#[test]
fn a_new_flag_lacks_only_what_people_must_say() {
    let draft = Draft::new(make::flag("2027-02-24"), 3);
    let found = check_flag(&set(), None, &draft.text(), Format::Json, None).diagnostics;
    let mut places: Vec<&str> = found.iter().map(|each| each.place.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/degraded/meaning", "/key", "/owner"], "{found:?}");
}

#[test]
fn only_what_a_flag_has_to_do_with_is_kept() {
    let keys = |around: FlagSet| around.flags.iter().map(|flag| flag.key.to_string()).collect::<Vec<_>>();
    assert_eq!(keys(around(&set(), "checkout", Some(&checkout()))), ["cart", "checkout", "wrap"]);
    assert_eq!(keys(around(&set(), "", Some(&json!({ "requires": [{ "flag": "other" }] })))), ["other"]);
    assert_eq!(keys(around(&set(), "", None)), Vec::<String>::new());
}

#[test]
fn a_kept_draft_comes_back_with_one_undo_to_where_it_began() {
    let draft =
        run(Draft::over(checkout(), 3), [Action::Do(Edit::put("/owner", "a")), Action::Do(Edit::Text("{".into()))]);
    let text = serde_json::to_string(&Kept::of(&draft, 7.0)).unwrap();
    let back = Kept::read(&text).unwrap().into_draft();
    assert_eq!((&back.doc, &back.base, back.revision), (&draft.doc, &draft.base, 3));
    assert!(!run(back, [Action::Undo]).is_changed());
    assert_eq!(Kept::read(r#"{"form": 9}"#), None);
    assert_eq!(Kept::read("nonsense"), None);
}

#[test]
fn what_others_published_can_be_undone_to_the_own_draft() {
    let mut theirs = checkout();
    theirs["owner"] = json!("someone");
    let mine = run(Draft::over(checkout(), 3), [Action::Do(Edit::put("/default", "on"))]);
    let rebased =
        run((*mine).clone(), [Action::Rebase { base: theirs.clone(), revision: 4, doc: Doc::Tree(theirs.clone()) }]);
    assert!(!rebased.is_changed());
    assert_eq!((rebased.base.as_ref(), rebased.revision), (Some(&theirs), 4));
    assert_eq!(run((*rebased).clone(), [Action::Undo]).doc, mine.doc);
}

#[test]
fn what_follows_others_unedited_has_nothing_to_undo() {
    let mut theirs = checkout();
    theirs["owner"] = json!("someone");
    let follow = Action::Rebase { base: theirs.clone(), revision: 4, doc: Doc::Tree(theirs.clone()) };
    let followed = run(Draft::over(checkout(), 3), [follow.clone()]);
    assert_eq!((followed.tree(), followed.is_changed(), followed.can_undo()), (Some(&theirs), false, false));
    // What was discarded before comes back all the same.
    let mine = Action::Do(Edit::put("/default", "on"));
    let dropped = run(Draft::over(checkout(), 3), [mine, Action::Drop, follow, Action::Undo]);
    assert_eq!(dropped.tree().and_then(|tree| tree["default"].as_str()), Some("on"));
}

fn edits() -> impl Strategy<Value = Vec<Action>> {
    let place = prop_oneof![
        Just("/description"),
        Just("/rules/0/name"),
        Just("/rules/1/split/slices/0"),
        Just("/rules/0/when/0/segment"),
        Just("/rules/7"),
        Just("/degraded/meaning"),
        Just("/new/deep/place"),
        Just(""),
    ];
    let value =
        prop_oneof![Just(json!("x")), Just(json!(7)), Just(json!(["a"])), Just(json!({ "b": 1 })), Just(checkout())];
    let edit = prop_oneof![
        (place.clone(), value.clone()).prop_map(|(at, value)| Edit::put(at, value)),
        place.clone().prop_map(Edit::remove),
        (0_usize..4, value).prop_map(|(at, value)| Edit::Insert { list: "/rules".into(), at, value }),
        (0_usize..4, 0_usize..4).prop_map(|(from, to)| Edit::Move { list: "/rules".into(), from, to }),
        prop_oneof![Just("{"), Just("{\"a\": 1}"), Just("[]"), Just("5")].prop_map(|text| Edit::Text(text.into())),
        Just(make::rename_variant(&checkout(), "on", "one")),
    ];
    let action = prop_oneof![
        3 => edit.clone().prop_map(Action::Do),
        3 => edit.prop_map(Action::Type),
        1 => Just(Action::Settle),
        1 => Just(Action::Undo),
        1 => Just(Action::Redo),
        1 => Just(Action::Drop),
    ];
    proptest::collection::vec(action, 0..30)
}

/// Any JSON that a flag could have somewhere.
fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
        "[ -~äß日\"\\\\]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z/~. ]{0,8}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_was_done_all_undone_is_where_it_began(actions in edits()) {
        let began = Draft::over(checkout(), 3);
        let mut draft = run(began.clone(), actions);
        let end = draft.doc.clone();
        let mut steps = 0;
        while draft.can_undo() {
            draft = run((*draft).clone(), [Action::Undo]);
            steps += 1;
        }
        prop_assert_eq!(&draft.doc, &began.doc);
        for _ in 0..steps {
            draft = run((*draft).clone(), [Action::Redo]);
        }
        prop_assert_eq!(&draft.doc, &end, "and all done again is where it ended");
    }

    #[test]
    fn json_to_the_editor_and_back_is_the_same_document(value in json_values()) {
        let draft = Draft::over(value.clone(), 3);
        prop_assert_eq!(text::parse(&draft.text()).unwrap(), value);
    }

    #[test]
    fn a_kept_draft_is_the_same_draft(actions in edits()) {
        let draft = run(Draft::over(checkout(), 3), actions);
        let kept = serde_json::to_string(&Kept::of(&draft, 1.0)).unwrap();
        let back = Kept::read(&kept).unwrap().into_draft();
        prop_assert_eq!(&back.doc, &draft.doc);
        prop_assert_eq!(back.is_changed(), draft.is_changed());
    }
}
