use super::Subject;
use downhaul_control::policy;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{FlagSet, Flags};
use downhaul_core::ids::{SegmentKey, TenantId};
use downhaul_core::read::{self, Format};
use downhaul_core::validate::validate;
use serde_json::{Value, json};

/// What is wrong with a draft, by pointers from its own root; what it breaks elsewhere has an empty pointer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|each| each.is_error()).count()
    }
}

/// Checks a draft as it would stand in the flag set, by the core itself.
pub fn check(subject: &Subject, document: &FlagSet, draft: &Value) -> Checked {
    let text = draft.to_string();
    let diagnostics = match subject {
        Subject::Segment(key) => segment(key, document, &text),
        Subject::Tenant(tenant) => self::tenant(tenant, document, draft),
        Subject::Regions => regions(document, &text),
        Subject::Policy => policy::read(draft).err().unwrap_or_default(),
    };
    Checked { diagnostics }
}

/// Without what a segment or a tenant cannot break.
fn alone(document: &FlagSet) -> FlagSet {
    FlagSet { flags: Flags::default(), kills: Vec::new(), ..document.clone() }
}

fn segment(key: &str, document: &FlagSet, text: &str) -> Vec<Diagnostic> {
    let key: SegmentKey = match key.parse() {
        Ok(key) => key,
        Err(why) => return vec![Diagnostic::error("name", "", format!("{why}"))],
    };
    let (segment, mut diagnostics) = match read::segment(text, Format::Json) {
        Ok(read) => read,
        Err(problems) => return problems,
    };
    let mut whole = alone(document);
    let root = format!("/segments/{}", escaped(key.as_str()));
    whole.segments.insert(key, segment);
    diagnostics.extend(within(&root, whole));
    diagnostics
}

fn tenant(name: &str, document: &FlagSet, attributes: &Value) -> Vec<Diagnostic> {
    let tenant: TenantId = match name.parse() {
        Ok(tenant) => tenant,
        Err(why) => return vec![Diagnostic::error("name", "", format!("{why}"))],
    };
    let root = format!("/{}", escaped(name));
    let text = json!({ name: attributes }).to_string();
    let strip = |mut each: Diagnostic| {
        each.place.pointer = each.place.pointer.strip_prefix(&root).unwrap_or_default().to_owned();
        each
    };
    let (read, diagnostics) = match read::tenants(&text, Format::Json) {
        Ok(read) => read,
        Err(problems) => return problems.into_iter().map(strip).collect(),
    };
    let mut diagnostics: Vec<Diagnostic> = diagnostics.into_iter().map(strip).collect();
    let mut whole = alone(document);
    if let Some(attributes) = read.into_iter().next().map(|(_, attributes)| attributes) {
        whole.tenants.insert(tenant, attributes);
    }
    diagnostics.extend(within(&format!("/tenants{root}"), whole));
    diagnostics
}

fn regions(document: &FlagSet, text: &str) -> Vec<Diagnostic> {
    let (regions, mut diagnostics) = match read::regions(text, Format::Json) {
        Ok(read) => read,
        Err(problems) => return problems,
    };
    // A region that goes is missed by whatever names it: by flags and kills, too.
    diagnostics.extend(within("/regions", FlagSet { regions, ..document.clone() }));
    diagnostics
}

/// What is wrong with the whole: what lies within the draft by its place in it, and errors elsewhere.
fn within(root: &str, whole: FlagSet) -> Vec<Diagnostic> {
    let found = match validate(whole, None) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    let own = |mut each: Diagnostic| {
        let rest = each.place.pointer.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match rest {
            Some(rest) => {
                each.place.pointer = rest.to_owned();
                Some(each)
            }
            None if each.is_error() => {
                each.place.pointer = String::new();
                Some(each)
            }
            None => None,
        }
    };
    found.into_iter().filter_map(own).collect()
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> FlagSet {
        let flag = json!({
            "key": "f", "owner": "o", "kind": "ops", "review": "2099-01-01", "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "m" }, "default": "off",
            "rules": [{ "when": [{ "region": ["eu"] }, { "segment": ["staff"] }], "serve": "on" }],
        });
        serde_json::from_value(json!({
            "schema": 1, "environment": "production", "revision": 3, "regions": { "eu": { "de": {} } },
            "tenants": { "acme": { "plan": "free" } }, "segments": { "staff": { "include": ["user-1"] } }, "flags": [flag],
        }))
        .unwrap()
    }

    fn found(subject: Subject, draft: Value) -> Vec<(String, String)> {
        let checked = check(&subject, &document(), &draft);
        checked.diagnostics.into_iter().map(|each| (each.place.pointer, each.code.to_string())).collect()
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        let segment = || Subject::Segment("beta".to_owned());
        assert_eq!(found(segment(), json!({ "when": [{ "region": ["de"] }], "include": ["a"] })), []);
        let pointers = |subject, draft| found(subject, draft).into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(pointers(segment(), json!({ "when": [{ "region": ["dee"] }] })), ["/when/0/region/0"]);
        assert_eq!(pointers(segment(), json!({ "wen": [] })), ["/wen"]);
        assert_eq!(pointers(segment(), json!({ "when": [{ "segment": ["beta"] }] })).len(), 1, "a segment in itself");
        let policy = json!({ "drill_days": 0 });
        assert_eq!(pointers(Subject::Policy, policy), ["/drill_days"]);
        assert_eq!(pointers(Subject::Policy, json!({ "budget": { "share": 2.0 } })), ["/budget/share"]);
    }

    #[test]
    fn what_a_tree_takes_away_is_missed() {
        assert_eq!(found(Subject::Regions, json!({ "eu": {}, "us": {} })), [], "nothing names what lies within it");
        let missed = found(Subject::Regions, json!({ "us": {} }));
        assert_eq!(missed.len(), 1, "{missed:?}");
        assert_eq!(missed[0].0, "", "it is said of the whole");
        let twice = found(Subject::Regions, json!({ "eu": { "us": {} }, "us": {} }));
        assert!(!twice.is_empty(), "a name stands once");
    }

    #[test]
    fn tenants_have_plain_attributes() {
        let tenant = |name: &str| Subject::Tenant(name.to_owned());
        assert_eq!(found(tenant("Globex Ltd"), json!({ "plan": "paid", "seats": 3 })), []);
        assert!(!found(tenant(""), json!({})).is_empty());
        assert!(!found(tenant("acme"), json!(["plan"])).is_empty());
    }
}
