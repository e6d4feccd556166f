//! What one change may move without being asked about, and whether a plan keeps to it.

use super::{Plan, Share, Status, Verdict};
use crate::exact::{self, Assertion, Claim, Options, Outcome};
use downhaul_core::document::{Condition, FlagSet, Scalar, Test};
use downhaul_core::ids::{FlagKey, RegionKey, TenantId};
use downhaul_core::validate::Valid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Limits; what is left out is not limited.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Largest part of everyone that may be given something else, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Most tenants of which someone may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<usize>,
    /// Tenants of which nobody may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub critical_tenants: Vec<TenantId>,
    /// Regions within which nobody may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionKey>,
}

/// A budget, and how a plan keeps to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    pub limits: Budget,
    /// One for each limit.
    pub findings: Vec<Finding>,
}

/// How a plan keeps to one limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub limit: Limit,
    /// The tenant or region, where the limit is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub outcome: Kept,
    /// In words.
    pub why: String,
    /// A flag that goes beyond the limit, or may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Someone whom it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    Share,
    Tenants,
    CriticalTenant,
    Region,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    Within,
    Over,
    /// Neither can be said.
    Unknown,
}

impl Budget {
    pub fn is_empty(&self) -> bool {
        *self == Budget::default()
    }

    /// Regions that neither document has: nobody is ever within one, so a budget that names one says nothing.
    pub fn unknown_regions(&self, documents: [&FlagSet; 2]) -> Vec<&RegionKey> {
        let is_known = |region: &RegionKey| documents.iter().any(|set| set.regions.find(region.as_str()).is_some());
        self.regions.iter().filter(|region| !is_known(region)).collect()
    }

    /// Tenants that neither document declares.
    pub fn undeclared_tenants(&self, documents: [&FlagSet; 2]) -> Vec<&TenantId> {
        let is_declared = |tenant: &TenantId| documents.iter().any(|set| set.tenants.contains_key(tenant));
        self.critical_tenants.iter().filter(|tenant| !is_declared(tenant)).collect()
    }
}

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

    fn judge_share(&self, allowed: f64) -> Finding {
        let Share { least, most } = self.share();
        let may = format!("{} may", percent(allowed));
        let (outcome, why) = if least > allowed {
            (Kept::Over, format!("at least {} of everyone is moved, {may}", percent(least)))
        } else if most <= allowed {
            (Kept::Within, format!("at most {} of everyone is moved, {may}", percent(most)))
        } else {
            let why = format!("how many are moved is not known without a population, at most {}; {may}", percent(most));
            (Kept::Unknown, why)
        };
        let largest = self.flags.iter().max_by(|(_, a), (_, b)| a.share().most.total_cmp(&b.share().most));
        let flag = largest.filter(|_| outcome != Kept::Within).map(|(key, _)| key.clone());
        Finding { limit: Limit::Share, name: None, outcome, why, flag, context: None }
    }

    fn judge_tenants(&self, allowed: usize) -> Finding {
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut shown: BTreeSet<&str> = BTreeSet::new();
        let mut open = None;
        for (key, flag) in &self.flags {
            if flag.status == Status::Unknown {
                open = open.or(Some(key));
            }
            for region in &flag.regions {
                match tenants_of(&region.when) {
                    Some(tenants) => named.extend(tenants.iter().map(|tenant| tenant.as_str())),
                    None => open = open.or(Some(key)),
                }
                let witness = region.witness.as_ref().and_then(|context| context.get("tenant"));
                shown.extend(witness.and_then(Value::as_str));
            }
        }
        let may = format!("{allowed} may");
        let (outcome, why) = if shown.len() > allowed {
            (Kept::Over, format!("at least {} touched, {may}", tenants_are(shown.len())))
        } else if open.is_none() && named.len() <= allowed {
            (Kept::Within, format!("at most {} touched, {may}", tenants_are(named.len())))
        } else {
            (Kept::Unknown, format!("how many tenants are touched is not known without a population; {may}"))
        };
        let flag = open.filter(|_| outcome != Kept::Within).cloned();
        Finding { limit: Limit::Tenants, name: None, outcome, why, flag, context: None }
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
        let Some(exact) = self.exact.filter(|_| !named.is_empty()) else { return Vec::new() };
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

fn finding(limit: Limit, name: String, verdict: exact::Verdict) -> Finding {
    let whom = match limit {
        Limit::Region => format!("within region `{name}`"),
        Limit::CriticalTenant | Limit::Share | Limit::Tenants => format!("of tenant `{name}`"),
    };
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
