//! Claims about a change, each proved or refuted by a counterexample.

use super::Stop;
use super::decide::{Given, Space};
use super::difference::{Moved, difference, possible};
use super::domain::Side;
use super::report::{Confirm, Options, Transition, transition};
use super::set::Set;
use super::witness::Undecided;
use super::work::Work;
use crate::cone::{Cone, Indexed};
use downhaul_core::document::{Condition, Flag};
use downhaul_core::ids::{FlagKey, VariantKey};
use downhaul_core::validate::Valid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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
///
/// However many claims there are about a flag, it is compared once.
pub fn prove(old: &Valid, new: &Valid, assertions: &[Assertion], options: &Options) -> Vec<Verdict> {
    let (before, after) = (Indexed::new(old.document()), Indexed::new(new.document()));
    let (confirm, work) = (Confirm::new(old, new), Work::new(options));
    let prover = Prover { documents: [&before, &after], work: &work, confirm: &confirm };
    let mut by_flag: BTreeMap<FlagKey, Vec<Place>> = BTreeMap::new();
    for (number, assertion) in assertions.iter().enumerate() {
        for (at, flag) in prover.named(assertion).into_iter().enumerate() {
            by_flag.entry(flag).or_default().push((number, at));
        }
    }
    let mut against: BTreeMap<Place, Counterexample> = BTreeMap::new();
    for (flag, places) in by_flag {
        let claims: Vec<&Assertion> = places.iter().filter_map(|(number, _)| assertions.get(*number)).collect();
        let found = prover.judge(&flag, &claims);
        against.extend(places.into_iter().zip(found).filter_map(|(place, found)| Some((place, found?))));
    }
    let of_assertion = |number| against.range((number, 0)..(number + 1, 0)).map(|(_, example)| example.clone());
    let verdicts = assertions.iter().enumerate();
    verdicts.map(|(number, assertion)| Verdict::of(assertion, of_assertion(number).collect())).collect()
}

/// An assertion, and a flag's place among those that it names.
type Place = (usize, usize);

impl Verdict {
    fn of(assertion: &Assertion, against: Vec<Counterexample>) -> Self {
        let outcome = if against.is_empty() {
            Outcome::Proved
        } else if against.iter().any(|example| example.context.is_some() || example.needs_no_context) {
            Outcome::Refuted
        } else {
            Outcome::Open
        };
        Verdict { name: assertion.words(), outcome, against }
    }
}

struct Prover<'a> {
    documents: [&'a Indexed<'a>; 2],
    work: &'a Work,
    confirm: &'a Confirm,
}

/// What speaks against each of some claims.
type Found = Vec<Option<Counterexample>>;

impl<'a> Prover<'a> {
    /// The flags that an assertion is about.
    fn named(&self, assertion: &Assertion) -> Vec<FlagKey> {
        if let Some(flags) = &assertion.flags {
            return flags.clone();
        }
        let [old, new] = self.documents;
        let keys = |flags: &mut dyn Iterator<Item = &Flag>| flags.map(|flag| flag.key.clone()).collect();
        match &assertion.claim {
            Claim::NeverServes(variant) => {
                keys(&mut new.document.flags.iter().filter(|flag| flag.variants.iter().any(|(key, _)| key == variant)))
            }
            Claim::ChangesNothing | Claim::OnlyNarrows => {
                let only_old = old.document.flags.iter().filter(|flag| !new.has(flag.key.as_str()));
                keys(&mut new.document.flags.iter().chain(only_old))
            }
        }
    }

    /// What speaks against each claim about a flag.
    fn judge(&self, key: &FlagKey, claims: &[&Assertion]) -> Found {
        let [old, new] = self.documents;
        let [was, will_be] = [old, new].map(|document| document.cone(key.as_str()));
        let by_itself = |why| Some(Counterexample::by_itself(key, why));
        let is_served = |claim: &&Assertion| matches!(claim.claim, Claim::NeverServes(_));
        let (served, moved): (Vec<&Assertion>, Vec<&Assertion>) = claims.iter().copied().partition(is_served);
        let mut served = match &will_be {
            Some(cone) => self.together(key, &served, &|claims| self.serves(cone, claims)),
            None => {
                vec![by_itself(if was.is_some() { "the flag is gone" } else { "there is no such flag" }); served.len()]
            }
        }
        .into_iter();
        let mut moved = match (&was, &will_be) {
            (Some(was), Some(will_be)) => self.together(key, &moved, &|claims| self.moves([was, will_be], claims)),
            (None, Some(_)) => vec![by_itself("the flag is new"); moved.len()],
            (Some(_), None) => vec![by_itself("the flag is gone"); moved.len()],
            (None, None) => vec![by_itself("there is no such flag"); moved.len()],
        }
        .into_iter();
        claims.iter().map(|claim| if is_served(claim) { served.next() } else { moved.next() }.flatten()).collect()
    }

    /// A move that each claim forbids.
    fn moves(&self, cones: [&Cone<'_>; 2], claims: &[&Assertion]) -> Result<Found, Stop> {
        let [was, will_be] = cones;
        let Some((before, after)) = was.flag().zip(will_be.flag()).filter(|_| !was.decides_as(will_be)) else {
            return Ok(vec![None; claims.len()]);
        };
        let mut space = self.space(self.documents, &[(Side::Old, was), (Side::New, will_be)], claims)?;
        let found = difference(&mut space, [before, after], cones)?.variants;
        claims.iter().map(|claim| self.forbidden(&mut space, &found, after, claim)).collect()
    }

    fn forbidden(
        &self,
        space: &mut Space<'_>,
        found: &[Moved],
        flag: &Flag,
        claim: &Assertion,
    ) -> Result<Option<Counterexample>, Stop> {
        let scope = space.all(Side::New, &claim.when)?;
        let degraded = flag.degraded.variant.as_str();
        for moved in found {
            let allowed = claim.claim == Claim::OnlyNarrows
                && space.variants.get(moved.to.variant).is_some_and(|variant| variant.key == degraded);
            let set = space.sets.and(moved.set, scope)?;
            if !allowed && !set.is_empty() && !possible(space, set, &moved.runs)?.is_empty() {
                return Ok(Some(shown(space, &Moved { set, ..moved.clone() }, flag, self.confirm)));
            }
        }
        Ok(None)
    }

    /// A context that is given the variant of which each claim says that it is not.
    fn serves(&self, cone: &Cone<'_>, claims: &[&Assertion]) -> Result<Found, Stop> {
        let [_, new] = self.documents;
        let Some(flag) = cone.flag() else { return Ok(vec![None; claims.len()]) };
        let mut space = self.space([new, new], &[(Side::New, cone)], claims)?;
        let scopes: Vec<Set> =
            claims.iter().map(|claim| space.all(Side::New, &claim.when)).collect::<Result<_, Stop>>()?;
        let anyone = scopes.iter().try_fold(Set::EMPTY, |any, scope| space.sets.or(any, *scope))?;
        let parts = space.decide(Side::New, flag, anyone)?;
        let given = |claim: &&Assertion, scope: Set| {
            let Claim::NeverServes(variant) = &claim.claim else { return Ok(None) };
            for (set, tree) in &parts {
                let set = space.sets.and(*set, scope)?;
                for (runs, given) in tree.leaves() {
                    let is_it = space.variants.get(given.variant).is_some_and(|known| known.key == variant.as_str());
                    if is_it && !set.is_empty() && !possible(&mut space, set, &runs)?.is_empty() {
                        let moved = Moved { set, runs, from: *given, to: *given };
                        return Ok(Some(served(&mut space, &moved, flag, self.confirm)));
                    }
                }
            }
            Ok(None)
        };
        let mut given = given;
        claims.iter().zip(scopes).map(|(claim, scope)| given(claim, scope)).collect()
    }

    /// All claims at once, and where that is too much, each by itself.
    fn together(
        &self,
        key: &FlagKey,
        claims: &[&Assertion],
        judge: &dyn Fn(&[&Assertion]) -> Result<Found, Stop>,
    ) -> Found {
        if claims.is_empty() {
            return Vec::new();
        }
        judge(claims).unwrap_or_else(|Stop::TooMuch| {
            let alone = |claim| match self.work.counted(judge(std::slice::from_ref(claim))) {
                Ok(found) if claims.len() > 1 => found.into_iter().next().flatten(),
                Ok(_) | Err(Stop::TooMuch) => {
                    Some(Counterexample::without_context(key, "the comparison ended at its limit of work"))
                }
            };
            claims.iter().map(alone).collect()
        })
    }

    /// What questions with conditions of their own need.
    fn space(
        &self,
        documents: [&'a Indexed<'a>; 2],
        cones: &[(Side, &Cone<'_>)],
        claims: &[&Assertion],
    ) -> Result<Space<'a>, Stop> {
        let [_, new] = documents;
        let besides: Vec<Cone<'_>> =
            claims.iter().map(|claim| Cone::of_conditions(new.document, &claim.when)).collect();
        let all: Vec<(Side, &Cone<'_>)> =
            cones.iter().copied().chain(besides.iter().map(|cone| (Side::New, cone))).collect();
        Space::of(documents, &all, self.work)
    }
}

fn shown(space: &mut Space<'_>, moved: &Moved, flag: &Flag, confirm: &Confirm) -> Counterexample {
    let told = transition(space, moved.from, moved.to);
    let key = flag.key.as_str();
    let shown = space.witness(moved).and_then(|context| confirm.shown(key, context, &told));
    let mut why = format!("goes from `{}` to `{}`", told.from, told.to);
    let (transition, context) = match shown {
        Ok((transition, context)) => (transition, Some(context)),
        Err(undecided) => {
            why = format!("perhaps {why}: {undecided}");
            (told, None)
        }
    };
    Counterexample { flag: key.to_owned(), context, transition: Some(transition), why, needs_no_context: false }
}

fn served(space: &mut Space<'_>, moved: &Moved, flag: &Flag, confirm: &Confirm) -> Counterexample {
    let Given { variant, reason } = moved.to;
    let variant = space.variants.get(variant).map(|variant| variant.key.clone()).unwrap_or_default();
    let key = flag.key.as_str();
    let found = space.witness(moved).and_then(|context| {
        if confirm.gives(key, &context, &variant, reason) { Ok(context) } else { Err(Undecided::Otherwise) }
    });
    let mut why = format!("is given `{variant}` ({reason})");
    let context = match found {
        Ok(context) => Some(context),
        Err(undecided) => {
            why = format!("perhaps {why}: {undecided}");
            None
        }
    };
    Counterexample { flag: key.to_owned(), context, transition: None, why, needs_no_context: false }
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
