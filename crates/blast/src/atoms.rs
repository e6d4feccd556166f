//! Conditions on one attribute each, and the real evaluator's word on which of them hold for a value.
//!
//! Whatever looks at values in bulk asks here, so that nothing but the evaluator says what a condition means.

use downhaul_core::compile::load;
use downhaul_core::context::Prepared;
use downhaul_core::document::{
    ClientKind, Condition, Degraded, Flag, FlagKind, FlagSet, OnStale, Outcome, Reversibility, Rule, Segment, Until,
};
use downhaul_core::evaluate::evaluate_all;
use downhaul_core::ids::{NameError, SegmentKey, VariantKey};
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::prepare_into;
use downhaul_core::validate::validate;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What looks at one attribute of the context and at nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    /// On an attribute, a tenant or a region; never a group or a segment.
    Condition(Condition),
    /// The targetingKey, as text, is one of these: the lists of a segment.
    KeyListed(Vec<String>),
}

impl Atom {
    /// The attribute that it looks at; attributes of a tenant are looked up by `tenant`.
    pub fn attribute(&self) -> &str {
        match self {
            Atom::KeyListed(_) => "targetingKey",
            Atom::Condition(condition) => attribute_of(condition),
        }
    }

    /// Whether declared tenants or the region tree have a say in it.
    pub fn depends_on(&self) -> DependsOn {
        match self {
            Atom::Condition(Condition::Attribute { attribute, .. }) if attribute.starts_with("tenant.") => {
                DependsOn::Tenants
            }
            Atom::Condition(Condition::Region(_)) => DependsOn::Regions,
            Atom::Condition(_) | Atom::KeyListed(_) => DependsOn::Nothing,
        }
    }

    /// Equal for equal atoms.
    pub fn identity(&self) -> String {
        match self {
            Atom::Condition(condition) => serde_json::to_string(condition).unwrap_or_default(),
            Atom::KeyListed(keys) => format!("listed{}", serde_json::to_string(keys).unwrap_or_default()),
        }
    }
}

/// What of a document an atom's answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependsOn {
    Nothing,
    Tenants,
    Regions,
}

/// The attribute that a condition looks at; empty for groups and segments.
pub fn attribute_of(condition: &Condition) -> &str {
    match condition {
        Condition::Tenant(_) => "tenant",
        Condition::Region(_) => "region",
        Condition::Attribute { attribute, .. } if attribute.starts_with("tenant.") => "tenant",
        Condition::Attribute { attribute, .. } => attribute,
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Segment(_) => "",
    }
}

/// The evaluator, loaded with one flag for each atom.
#[derive(Debug)]
pub struct Judge {
    by_attribute: BTreeMap<String, Loaded>,
}

impl Judge {
    /// Atoms are answered by the tenants and regions of `document`.
    ///
    /// # Errors
    /// Where an atom could not stand in a document: one that does not come from a valid one.
    pub fn new<'a>(document: &FlagSet, atoms: impl IntoIterator<Item = &'a Atom>) -> Result<Self, JudgeError> {
        let mut grouped: BTreeMap<&str, Vec<&Atom>> = BTreeMap::new();
        for atom in atoms {
            grouped.entry(atom.attribute()).or_default().push(atom);
        }
        let mut by_attribute = BTreeMap::new();
        for (attribute, atoms) in grouped {
            by_attribute.insert(attribute.to_owned(), load_atoms(document, attribute, &atoms)?);
        }
        Ok(Judge { by_attribute })
    }

    /// Which of the attribute's atoms hold for a value, in the order in which they were given; `None` is absent.
    pub fn truths(&self, attribute: &str, value: Option<&Value>) -> Vec<bool> {
        let mut truths = Vec::new();
        self.asker(attribute).ask(value.cloned(), |held| truths.push(held));
        truths
    }

    /// For asking about many values of one attribute, one after another.
    pub fn asker(&self, attribute: &str) -> Asker<'_> {
        let loaded = self.by_attribute.get(attribute);
        Asker { loaded, attribute: attribute.to_owned(), context: Map::new(), prepared: Prepared::default() }
    }
}

/// Asks the evaluator about one value after another, in the same memory.
#[derive(Debug)]
pub struct Asker<'a> {
    loaded: Option<&'a Loaded>,
    attribute: String,
    context: Map<String, Value>,
    prepared: Prepared,
}

impl Asker<'_> {
    /// Whether each atom holds for a value, in the order in which they were given; `None` is absent.
    pub fn ask(&mut self, value: Option<Value>, mut each: impl FnMut(bool)) {
        let Some(loaded) = self.loaded else { return };
        match (value, self.context.get_mut(&self.attribute)) {
            (Some(value), Some(place)) => *place = value,
            (Some(value), None) => drop(self.context.insert(self.attribute.clone(), value)),
            (None, _) => self.context.clear(),
        }
        prepare_into(loaded, &self.context, &mut self.prepared);
        // A context that was prepared natively has all its texts.
        let _ = evaluate_all(loaded, &[], &mut self.prepared, |_, decision| each(decision.variant == HOLDS));
    }
}

/// Number of the variant that a flag gives where its atom holds.
const HOLDS: u16 = 0;

/// An atom that no valid document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeError(String);

impl std::fmt::Display for JudgeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a condition cannot be evaluated by itself: {}", self.0)
    }
}

impl std::error::Error for JudgeError {}

impl From<NameError> for JudgeError {
    fn from(why: NameError) -> Self {
        JudgeError(why.to_string())
    }
}

fn load_atoms(document: &FlagSet, attribute: &str, atoms: &[&Atom]) -> Result<Loaded, JudgeError> {
    let mut set = FlagSet::empty(document.environment.clone());
    if attribute == "region" {
        set.regions = document.regions.clone();
    }
    if attribute == "tenant" {
        set.tenants = document.tenants.clone();
    }
    for (number, atom) in atoms.iter().enumerate() {
        let condition = match atom {
            Atom::Condition(condition) => condition.clone(),
            Atom::KeyListed(keys) => {
                let key: SegmentKey = format!("list-{number}").parse()?;
                set.segments.insert(key.clone(), Segment { include: keys.clone(), ..Segment::default() });
                Condition::Segment(vec![key])
            }
        };
        set.flags.push(flag_asking(number, condition)?);
    }
    let (valid, _warnings) = validate(set, None).map_err(|problems| {
        let first = problems.iter().find(|problem| problem.is_error());
        JudgeError(first.map_or_else(String::new, ToString::to_string))
    })?;
    Ok(load(&valid))
}

/// A flag that gives its first variant where a condition holds; of a document, each has another number.
pub(crate) fn flag_asking(number: usize, condition: Condition) -> Result<Flag, NameError> {
    let (holds, fails): (VariantKey, VariantKey) = ("holds".parse()?, "fails".parse()?);
    Ok(Flag {
        key: format!("asking-{number}").parse()?,
        description: String::new(),
        owner: "-".to_owned(),
        kind: FlagKind::Release,
        created: None,
        until: Until::Expires("9999-12-31".to_owned()),
        phase: None,
        unaffected: Vec::new(),
        critical: false,
        clients: vec![ClientKind::Server],
        variants: vec![(holds.clone(), Value::Bool(true)), (fails.clone(), Value::Bool(false))],
        degraded: Degraded { variant: fails.clone(), meaning: "-".to_owned() },
        on_stale: OnStale::Keep,
        requires: Vec::new(),
        rules: vec![Rule { name: None, when: vec![condition], then: Outcome::Serve(holds) }],
        default: fails,
        reversibility: Reversibility::RollbackSafe,
        forward_fix: None,
        breaker: None,
        guards: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read::{self, Format};
    use serde_json::json;

    fn document() -> FlagSet {
        let text = r#"{"schema": 1, "environment": "e", "revision": 1,
            "regions": {"eu": {"de": {}}}, "tenants": {"acme": {"plan": "pro"}}, "flags": []}"#;
        let (document, problems) = read::flag_set(text, Format::Json).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        document
    }

    fn condition(text: &str) -> Atom {
        let flag = format!(
            r#"{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {{"on": true, "off": false}},
               "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off", "rules": [{{"when": [{text}], "serve": "on"}}]}}"#
        );
        let (flag, _) = read::flag(&flag, Format::Json).expect(text);
        Atom::Condition(flag.rules[0].when[0].clone())
    }

    #[test]
    fn the_evaluator_judges_values() {
        let atoms = [
            condition(r#"{"tenant": ["acme"]}"#),
            condition(r#"{"attribute": "tenant.plan", "op": "in", "values": ["pro"]}"#),
            condition(r#"{"region": ["eu"]}"#),
            condition(r#"{"attribute": "a.b", "op": "exists"}"#),
            Atom::KeyListed(vec!["7".to_owned()]),
        ];
        let judge = Judge::new(&document(), &atoms).unwrap();
        assert_eq!(judge.truths("tenant", Some(&json!("acme"))), [true, true]);
        assert_eq!(judge.truths("tenant", Some(&json!("globex"))), [false, false]);
        assert_eq!(judge.truths("region", Some(&json!("de"))), [true]);
        assert_eq!(judge.truths("region", None), [false]);
        assert_eq!(judge.truths("a.b", Some(&json!(false))), [true]);
        assert_eq!(judge.truths("targetingKey", Some(&json!(7.0))), [true]);
        assert_eq!(judge.truths("other", Some(&json!(1))), Vec::<bool>::new());
    }
}
