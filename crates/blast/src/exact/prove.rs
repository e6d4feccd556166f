//! Claims about a change, each proved or refuted by a counterexample.

use super::cone::Cone;
use super::decide::{Given, Space};
use super::difference::{Moved, difference};
use super::domain::{Domain, Side};
use super::report::{Confirm, Options, Transition, transition};
use super::{Stop, cone};
use downhaul_core::document::{Condition, Flag, FlagSet};
use downhaul_core::ids::{FlagKey, VariantKey};
use downhaul_core::validate::Valid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Claims, as a file holds them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertions {
    pub assertions: Vec<Assertion>,
}

/// One claim, about some flags or all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The flags that it is about; all of them if absent.
    #[serde(default)]
    pub flags: Option<Vec<FlagKey>>,
    pub claim: Claim,
    /// Only contexts for which all of these hold, by the new document.
    #[serde(default)]
    pub when: Vec<Condition>,
}

/// What is claimed of the contexts that `when` speaks of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Each is given the variant that it was given.
    ChangesNothing,
    /// Whoever is given another variant is given the degraded one.
    OnlyNarrows,
    /// In the new document none is given this variant.
    NeverServes(VariantKey),
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    pub name: String,
    pub outcome: Outcome,
    /// Where it is refuted, or could not be decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Counterexample>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds for every context there can be.
    Proved,
    /// A context shows that it does not hold.
    Refuted,
    /// Neither: the work ended at its limit, or no context could be found that shows it.
    Open,
}

/// A context for which a claim does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counterexample {
    pub flag: String,
    /// Absent where none could be found, or the work ended at its limit.
    pub context: Option<Map<String, Value>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
    pub why: String,
    /// A flag that came or went shows it by itself.
    #[serde(skip)]
    needs_no_context: bool,
}

/// Judges claims about the change from one flag set to another, kills included.
pub fn prove(old: &Valid, new: &Valid, assertions: &[Assertion], options: &Options) -> Vec<Verdict> {
    let confirm = Confirm::new(old, new);
    let documents = [old.document(), new.document()];
    assertions.iter().map(|assertion| judge(documents, assertion, options, &confirm)).collect()
}

fn judge(documents: [&FlagSet; 2], assertion: &Assertion, options: &Options, confirm: &Confirm) -> Verdict {
    let [old, new] = documents;
    let mut against = Vec::new();
    for key in named(documents, assertion) {
        let found = match (old.flag(key.as_str()), new.flag(key.as_str()), &assertion.claim) {
            (_, Some(flag), Claim::NeverServes(variant)) => {
                serves([new, new], flag, variant, &assertion.when, options, confirm)
            }
            (Some(before), Some(after), _) => moves(documents, [before, after], assertion, options, confirm),
            (None, Some(_), _) => Ok(Some(Counterexample::by_itself(&key, "the flag is new"))),
            (Some(_), None, _) => Ok(Some(Counterexample::by_itself(&key, "the flag is gone"))),
            (None, None, _) => Ok(Some(Counterexample::by_itself(&key, "there is no such flag"))),
        };
        match found {
            Ok(found) => against.extend(found),
            Err(Stop::TooMuch) => {
                against.push(Counterexample::without_context(&key, "the comparison ended at its limit of work"));
            }
        }
    }
    let outcome = if against.is_empty() {
        Outcome::Proved
    } else if against.iter().any(|example| example.context.is_some() || example.needs_no_context) {
        Outcome::Refuted
    } else {
        Outcome::Open
    };
    Verdict { name: assertion.words(), outcome, against }
}

/// The flags that an assertion is about.
fn named([old, new]: [&FlagSet; 2], assertion: &Assertion) -> Vec<FlagKey> {
    if let Some(flags) = &assertion.flags {
        return flags.clone();
    }
    let only_old = old.flags.iter().filter(|flag| new.flag(flag.key.as_str()).is_none());
    let all = new.flags.iter().chain(only_old);
    match &assertion.claim {
        Claim::NeverServes(variant) => new
            .flags
            .iter()
            .filter(|flag| flag.variants.iter().any(|(key, _)| key == variant))
            .map(|flag| flag.key.clone())
            .collect(),
        Claim::ChangesNothing | Claim::OnlyNarrows => all.map(|flag| flag.key.clone()).collect(),
    }
}

/// A move that the claim forbids.
fn moves(
    documents: [&FlagSet; 2],
    flags: [&Flag; 2],
    assertion: &Assertion,
    options: &Options,
    confirm: &Confirm,
) -> Result<Option<Counterexample>, Stop> {
    let ([old, new], [before, after]) = (documents, flags);
    let cones = [Cone::of(old, before), Cone::of(new, after)];
    let [was, will_be] = &cones;
    if was.is_alike(old, will_be, new) {
        return Ok(None);
    }
    let mut space = space(documents, [was, will_be], &assertion.when, options)?;
    let scope = space.all(Side::New, &assertion.when)?;
    let found = difference(&mut space, flags, [was, will_be])?;
    let degraded = after.degraded.variant.as_str();
    for moved in found.variants {
        let allowed = assertion.claim == Claim::OnlyNarrows
            && space.variants.get(moved.to.variant).is_some_and(|variant| variant.key == degraded);
        let set = space.sets.and(moved.set, scope)?;
        if allowed || set.is_empty() {
            continue;
        }
        let moved = Moved { set, ..moved };
        if super::difference::possible(&mut space, set, &moved.runs)?.is_some() {
            return Ok(Some(shown(&space, &moved, after, confirm)));
        }
    }
    Ok(None)
}

/// A context that is given the variant.
fn serves(
    documents: [&FlagSet; 2],
    flag: &Flag,
    variant: &VariantKey,
    when: &[Condition],
    options: &Options,
    confirm: &Confirm,
) -> Result<Option<Counterexample>, Stop> {
    let [_, new] = documents;
    let cone = Cone::of(new, flag);
    let mut space = space(documents, [&cone, &cone], when, options)?;
    let scope = space.all(Side::New, when)?;
    for (set, tree) in space.decide(Side::New, flag, scope)? {
        for (runs, given) in tree.leaves() {
            let is_it = space.variants.get(given.variant).is_some_and(|known| known.key == variant.as_str());
            let moved = Moved { set, runs, from: *given, to: *given };
            if is_it && super::difference::possible(&mut space, set, &moved.runs)?.is_some() {
                return Ok(Some(served(&space, &moved, flag, confirm)));
            }
        }
    }
    Ok(None)
}

fn shown(space: &Space<'_>, moved: &Moved, flag: &Flag, confirm: &Confirm) -> Counterexample {
    let transition = transition(space, moved.from, moved.to);
    let key = flag.key.as_str();
    let context = space.witness(moved).filter(|witness| confirm.shows(key, witness, &transition));
    let why = format!("goes from `{}` to `{}`", transition.from, transition.to);
    Counterexample { flag: key.to_owned(), context, transition: Some(transition), why, needs_no_context: false }
}

fn served(space: &Space<'_>, moved: &Moved, flag: &Flag, confirm: &Confirm) -> Counterexample {
    let Given { variant, reason } = moved.to;
    let variant = space.variants.get(variant).map(|variant| variant.key.clone()).unwrap_or_default();
    let key = flag.key.as_str();
    let context = space.witness(moved).filter(|witness| confirm.gives(key, witness, &variant, reason));
    let why = format!("is given `{variant}` ({reason})");
    Counterexample { flag: key.to_owned(), context, transition: None, why, needs_no_context: false }
}

/// What a question with conditions of its own needs.
fn space<'a>(
    documents: [&'a FlagSet; 2],
    cones: [&Cone<'_>; 2],
    when: &[Condition],
    options: &Options,
) -> Result<Space<'a>, Stop> {
    let [_, new] = documents;
    let [was, will_be] = cones;
    let mut asked = Vec::new();
    was.atoms(Side::Old, &mut asked);
    will_be.atoms(Side::New, &mut asked);
    let mut besides = Cone::default();
    when.iter().for_each(|condition| besides.condition(new, condition));
    besides.atoms(Side::New, &mut asked);
    when.iter().for_each(|condition| cone::leaves(Side::New, condition, &mut asked));
    let units: BTreeSet<String> = was.units.iter().chain(&will_be.units).map(|unit| (*unit).to_owned()).collect();
    Ok(Space::new(documents, Domain::new(documents, asked, units)?, options.nodes))
}

impl Assertion {
    /// Its name, or what it says.
    fn words(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let claim = match &self.claim {
            Claim::ChangesNothing => "changes nothing".to_owned(),
            Claim::OnlyNarrows => "only narrows".to_owned(),
            Claim::NeverServes(variant) => format!("never serves `{variant}`"),
        };
        let flags = match &self.flags {
            Some(flags) => flags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            None => "every flag".to_owned(),
        };
        let when: Vec<String> = self.when.iter().map(downhaul_core::explain::whole_condition_words).collect();
        let scope = if when.is_empty() { String::new() } else { format!(" where {}", when.join(" and ")) };
        format!("{flags}: {claim}{scope}")
    }
}

impl Counterexample {
    fn without_context(flag: &FlagKey, why: &str) -> Self {
        let why = why.to_owned();
        Counterexample { flag: flag.to_string(), context: None, transition: None, why, needs_no_context: false }
    }

    fn by_itself(flag: &FlagKey, why: &str) -> Self {
        Counterexample { needs_no_context: true, ..Counterexample::without_context(flag, why) }
    }
}
