//! Whether a plan keeps to a budget.

use super::budget::{Budget, Finding, Judgement, Kept, Limit};
use super::{FlagPlan, Moved, Plan, Share, Status, Verdict};
use crate::exact::{self, Assertion, Claim, Options, Outcome};
use crate::replay::Group;
use downhaul_core::document::{Condition, FlagSet, RegionTree, Scalar, Test};
use downhaul_core::ids::{FlagKey, RegionKey, TenantId};
use downhaul_core::validate::Valid;
use serde_json::Value;
use std::collections::BTreeSet;

impl Plan {
    /// Judges the plan of a change from `old` to `new` by a budget; over it, that is the plan's verdict.
    pub fn keep_to(&mut self, budget: Budget, old: &Valid, new: &Valid) {
        let mut findings = Vec::new();
        findings.extend(budget.share.map(|allowed| self.judge_share(allowed)));
        findings.extend(budget.tenants.map(|allowed| self.judge_tenants(allowed)));
        findings.extend(self.judge_named(&budget, old, new));
        if findings.iter().any(|finding| finding.outcome == Kept::Over) {
            self.verdict = Verdict::OverBudget;
        }
        self.budget = Some(Judgement { limits: budget, findings });
    }

    /// Takes what another plan of the same change was judged to be.
    pub fn take_judgement(&mut self, judged: Plan) {
        if judged.verdict == Verdict::OverBudget {
            self.verdict = Verdict::OverBudget;
        }
        self.budget = judged.budget;
    }

    fn judge_share(&self, allowed: f64) -> Finding {
        let may = format!("{} may", percent(allowed));
        let Share { least, most } = self.share();
        // A population of nobody says nothing.
        let people = self.population.as_ref().filter(|population| population.weight > 0.0);
        let (outcome, why) = if let Some(population) = people {
            let share = population.share();
            let outcome = if share > allowed { Kept::Over } else { Kept::Within };
            (outcome, format!("{} of the population is moved, {may}", percent(share)))
        } else if least > allowed {
            (Kept::Over, format!("at least {} of everyone is moved, {may}", percent(least)))
        } else if most <= allowed {
            (Kept::Within, format!("at most {} of everyone is moved, {may}", percent(most)))
        } else {
            let why = format!("how many are moved is not known without a population, at most {}; {may}", percent(most));
            (Kept::Unknown, why)
        };
        let size = |flag: &FlagPlan| flag.moved_share().unwrap_or(flag.share().most);
        let largest = self.flags.iter().max_by(|(_, a), (_, b)| size(a).total_cmp(&size(b)));
        let flag = largest.filter(|_| outcome != Kept::Within).map(|(key, _)| key.clone());
        Finding { limit: Limit::Share, name: None, outcome, why, flag, context: None }
    }

    fn judge_tenants(&self, allowed: usize) -> Finding {
        let may = format!("{allowed} may");
        let (outcome, why) = match self.population.as_ref().filter(|population| population.rows > 0) {
            Some(population) => {
                let touched = tenants_touched(population);
                let outcome = if touched > allowed { Kept::Over } else { Kept::Within };
                (outcome, format!("{} touched, {may}", tenants_are(touched)))
            }
            None => self.tenants_without_population(allowed),
        };
        Finding { limit: Limit::Tenants, name: None, outcome, why, flag: None, context: None }
    }

    fn tenants_without_population(&self, allowed: usize) -> (Kept, String) {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut shown: BTreeSet<&str> = BTreeSet::new();
        let mut anyone = self.exact.is_none();
        for flag in self.flags.values() {
            anyone |= flag.status == Status::Unknown;
            for region in &flag.regions {
                match tenants_of(&region.when) {
                    Some(tenants) => named.extend(tenants.iter().map(|tenant| tenant.as_str())),
                    None => anyone = true,
                }
                let witness = region.witness.as_ref().and_then(|context| context.get("tenant"));
                shown.extend(witness.and_then(Value::as_str));
            }
        }
        let may = format!("{allowed} may");
        if shown.len() > allowed {
            (Kept::Over, format!("at least {} touched, {may}", tenants_are(shown.len())))
        } else if !anyone && named.len() <= allowed {
            (Kept::Within, format!("at most {} touched, {may}", tenants_are(named.len())))
        } else {
            (Kept::Unknown, format!("how many tenants are touched is not known without a population; {may}"))
        }
    }

    /// Tenants and regions of which nobody may be moved: proved, or refuted by someone who is.
    fn judge_named(&self, budget: &Budget, old: &Valid, new: &Valid) -> Vec<Finding> {
        let tenants = budget.critical_tenants.iter().map(|tenant| {
            let of_tenant = Condition::Tenant(vec![tenant.clone()]);
            (Limit::CriticalTenant, tenant.to_string(), of_tenant)
        });
        let documents = [old.document(), new.document()];
        let regions =
            budget.regions.iter().map(|region| (Limit::Region, region.to_string(), within(region, documents)));
        let named: Vec<(Limit, String, Condition)> = tenants.chain(regions).collect();
        if named.is_empty() {
            return Vec::new();
        }
        let Some(exact) = self.exact else {
            return named
                .into_iter()
                .map(|(limit, name, _)| self.judge_by_population(limit, name, documents))
                .collect();
        };
        let moves = |status| matches!(status, Status::Changed | Status::Unknown);
        let moving = self.flags.iter().filter(|(_, flag)| moves(flag.status));
        let moving: Vec<FlagKey> = moving.filter_map(|(key, _)| key.parse().ok()).collect();
        let claim = |condition: &Condition| Assertion {
            name: None,
            flags: Some(moving.clone()),
            claim: Claim::ChangesNothing,
            when: vec![condition.clone()],
        };
        let claims: Vec<Assertion> = named.iter().map(|(_, _, condition)| claim(condition)).collect();
        let verdicts = exact::prove(old, new, &claims, &Options { nodes: exact.nodes });
        let judged = named.into_iter().zip(verdicts);
        judged.map(|((limit, name, _), verdict)| finding(limit, name, verdict)).collect()
    }
}

impl Plan {
    /// Whether anyone of the population is moved; who is not in it is not looked at.
    fn judge_by_population(&self, limit: Limit, name: String, documents: [&FlagSet; 2]) -> Finding {
        let (attribute, names) = match limit {
            Limit::Region => ("region", within_by_name(&name, documents)),
            Limit::CriticalTenant | Limit::Share | Limit::Tenants => ("tenant", BTreeSet::from([name.clone()])),
        };
        let groups = self.population.as_ref().and_then(|population| population.by.get(attribute));
        let is_named = |group: &&Group| group.value.as_str().is_some_and(|value| names.contains(value));
        let moved: f64 =
            groups.iter().flat_map(|groups| &groups.groups).filter(is_named).map(|group| group.moved).sum();
        let others = groups.map_or(0.0, |groups| groups.others);
        let whom = whom(limit, &name);
        let nobody = self.population.as_ref().is_none_or(|population| population.rows == 0);
        let (outcome, why) = if nobody {
            (Kept::Unknown, "there is nobody in the population".to_owned())
        } else if moved > 0.0 {
            (Kept::Over, format!("someone {whom} is given something else: a weight of {moved}"))
        } else if others > 0.0 {
            (Kept::Unknown, format!("whether anyone {whom} is given anything else is not among what was listed"))
        } else {
            (Kept::Within, format!("nobody of the population {whom} is given anything else"))
        };
        let moves = |flag: &&FlagPlan| {
            let groups = flag.by.get(attribute).map(|groups| groups.groups.as_slice()).unwrap_or_default();
            groups.iter().filter(is_named).any(|group| group.moved > 0.0)
        };
        let flag = self.flags.iter().find(|(_, flag)| moves(flag)).map(|(key, _)| key.clone());
        Finding { limit, name: Some(name), outcome, why, flag, context: None }
    }
}

/// Rows without a tenant are of none.
fn tenants_touched(population: &Moved) -> usize {
    let Some(groups) = population.by.get("tenant") else { return 0 };
    let none = groups.groups.iter().filter(|group| group.value.is_null()).count();
    groups.touched.saturating_sub(none)
}

/// A region and all that either document has within it.
fn within_by_name(region: &str, documents: [&FlagSet; 2]) -> BTreeSet<String> {
    let below = documents.into_iter().filter_map(|set| set.regions.find(region)).flat_map(RegionTree::names);
    below.map(ToString::to_string).chain([region.to_owned()]).collect()
}

fn whom(limit: Limit, name: &str) -> String {
    match limit {
        Limit::Region => format!("within region `{name}`"),
        Limit::CriticalTenant | Limit::Share | Limit::Tenants => format!("of tenant `{name}`"),
    }
}

fn finding(limit: Limit, name: String, verdict: exact::Verdict) -> Finding {
    let whom = whom(limit, &name);
    let (outcome, why) = match verdict.outcome {
        Outcome::Proved => (Kept::Within, format!("nobody {whom} is given anything else, as is proved")),
        Outcome::Refuted => (Kept::Over, format!("someone {whom} is given something else")),
        Outcome::Open => (Kept::Unknown, format!("whether anyone {whom} is given anything else could not be proved")),
    };
    // The one that shows it, before those of which it is not known.
    let example = verdict.against.iter().find(|example| example.context.is_some()).or(verdict.against.first());
    let why = match example.map(|example| (&example.flag, &example.why)) {
        Some((flag, more)) => format!("{why}: `{flag}` {more}"),
        None => why,
    };
    let (flag, context) = example.map(|example| (example.flag.clone(), example.context.clone())).unzip();
    Finding { limit, name: Some(name), outcome, why, flag, context: context.flatten() }
}

/// The contexts within a region, by either document's tree.
fn within(region: &RegionKey, [old, new]: [&FlagSet; 2]) -> Condition {
    let by_new = new.regions.find(region.as_str()).map(|_| Condition::Region(vec![region.clone()]));
    if old.regions == new.regions {
        return by_new.unwrap_or(Condition::Any(Vec::new()));
    }
    // What only the old tree has within it is named one by one: the new document cannot speak of the rest.
    let below = old.regions.find(region.as_str()).map(|below| below.names()).unwrap_or_default();
    let names = below.into_iter().map(ToString::to_string).chain([region.to_string()]);
    let by_old =
        Condition::Attribute { attribute: "region".to_owned(), test: Test::In(names.map(Scalar::Text).collect()) };
    Condition::Any(by_new.into_iter().chain([by_old]).collect())
}

/// Tenants outside of which the conditions do not hold; `None` where they hold for tenants that are not named.
fn tenants_of(when: &[Condition]) -> Option<&[TenantId]> {
    when.iter().find_map(|condition| match condition {
        Condition::Tenant(tenants) => Some(tenants.as_slice()),
        _ => None,
    })
}

fn tenants_are(count: usize) -> String {
    if count == 1 { "1 tenant is".to_owned() } else { format!("{count} tenants are") }
}

/// `25.000 %`, from 0 to 1.
fn percent(share: f64) -> String {
    format!("{:.3} %", share * 100.0)
}
