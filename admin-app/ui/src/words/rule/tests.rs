use super::*;
use downhaul_core::read::{self, Format};

/// A rule for people who meet the condition, in words.
fn words(condition: &str) -> String {
    let flag = format!(
        r#"{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {{"on": true, "off": false}},
            "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off",
            "rules": [{{"when": [{condition}], "serve": "on"}}]}}"#
    );
    let (flag, _) = read::flag(&flag, Format::Json).expect(condition);
    rule(&flag.rules[0]).to_string()
}

#[test]
fn every_condition_has_its_words() {
    let conditions = [
        r#"{"tenant": ["acme"]}"#,
        r#"{"tenant": ["acme", "globex", "initech"]}"#,
        r#"{"region": ["eu", "us"]}"#,
        r#"{"segment": ["staff"]}"#,
        r#"{"attribute": "plan", "op": "in", "values": ["free", 3, "3", true, "true"]}"#,
        r#"{"attribute": "plan", "op": "not_in", "values": ["free"]}"#,
        r#"{"attribute": "email", "op": "contains", "values": ["@", "."]}"#,
        r#"{"attribute": "email", "op": "starts_with", "values": ["a"]}"#,
        r#"{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}"#,
        r#"{"attribute": "path", "op": "matches", "values": ["^/shop/"]}"#,
        r#"{"attribute": "beta", "op": "exists"}"#,
        r#"{"attribute": "age", "op": "lt", "values": [18]}"#,
        r#"{"attribute": "age", "op": "le", "values": [18.5]}"#,
        r#"{"attribute": "age", "op": "gt", "values": [18]}"#,
        r#"{"attribute": "age", "op": "ge", "values": [18]}"#,
        r#"{"attribute": "age", "op": "between", "values": [18, 65]}"#,
        r#"{"attribute": "app.version", "op": "semver", "values": [">=2.3.0 <3.0.0", "^4.1"]}"#,
        r#"{"attribute": "now", "op": "before", "values": ["2027-01-01T00:00:00Z"]}"#,
        r#"{"attribute": "now", "op": "after", "values": [1764000000000]}"#,
        r#"{"attribute": "ip", "op": "ip_in", "values": ["10.0.0.0/8", "::1"]}"#,
        r#"{"all": [{"tenant": ["a"]}, {"region": ["eu"]}]}"#,
        r#"{"any": [{"tenant": ["a"]}, {"all": [{"region": ["eu"]}, {"segment": ["s"]}]}]}"#,
        r#"{"any": [{"tenant": ["a"]}]}"#,
        r#"{"all": []}"#,
        r#"{"any": []}"#,
        r#"{"not": {"tenant": ["a"]}}"#,
        r#"{"not": {"region": ["eu"]}}"#,
        r#"{"not": {"segment": ["s"]}}"#,
        r#"{"not": {"attribute": "beta", "op": "exists"}}"#,
        r#"{"not": {"attribute": "plan", "op": "in", "values": ["free"]}}"#,
        r#"{"not": {"any": [{"tenant": ["a"]}, {"region": ["eu"]}]}}"#,
        r#"{"tenant": ["1", "2", "3", "4", "5", "6", "7"]}"#,
        r#"{"tenant": ["1", "2", "3", "4", "5", "6", "7", "8"]}"#,
    ];
    let text: Vec<String> = conditions.into_iter().map(words).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn rules_say_what_they_serve() {
    let flag = r#"{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {"on": true, "off": false},
        "degraded": {"variant": "off", "meaning": "m"}, "default": "off", "rules": [
            {"serve": "on"},
            {"split": {"slices": [["on", 50000], ["off", 50000]]}},
            {"when": [{"tenant": ["a"]}, {"region": ["eu"]}], "split": {"by": "company", "slices": [["on", 100000]]}}]}"#;
    let (flag, _) = read::flag(flag, Format::Json).unwrap();
    let text: Vec<String> = flag.rules.iter().map(|each| rule(each).to_string()).collect();
    insta::assert_snapshot!(text.join("\n"), @"
    For everyone serve [on]
    For everyone split by user
    If tenant is [a] and region is within [eu] split by [company]
    ");
}

#[test]
fn segments_say_whom_they_hold() {
    let words = |text: &str| segment(&read::segment(text, Format::Json).unwrap().0).to_string();
    let when = r#""when": [{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}]"#;
    assert_eq!(words("{}"), "no one");
    assert_eq!(words(&format!("{{{when}}}")), "[email] ends with [@example.com]");
    assert_eq!(
        words(&format!(r#"{{"include": ["user-7"], "exclude": ["user-9", "user-8"], {when}}}"#)),
        "user is [user-7], or [email] ends with [@example.com]; never [user-9] or [user-8]"
    );
}
