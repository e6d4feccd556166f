//! Whether an edit keeps to the budget of the policy: exactly, and over a population where there is one.

use crate::api::{BudgetFinding, BudgetVerdict, JudgedBy};
use crate::policy::Policy;
use downhaul_blast::exact::{Comparison, Options, compare};
use downhaul_blast::plan::{Finding, Found, Judgement, Kept, Limit, Plan, Side, with_callers_defaults};
use downhaul_blast::population::Population;
use downhaul_blast::replay::{self, Replay, replay};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::Valid;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

/// Whom a change is tried on before it is made.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    pub population: &'a Population,
    pub name: &'a str,
    /// When they were like this: RFC 3339.
    pub taken_at: &'a str,
    /// SHA-256 of the population's binary form.
    pub digest: &'a str,
    /// Set when it has taken too long: what it would have told is not known then.
    pub end: &'a AtomicBool,
}

/// `None` where nothing is limited. `nodes` is what one flag of the comparison was allowed.
///
/// What a kill hides counts as well: an edit of a killed flag moves people when it is restored, and nobody is asked then.
pub(super) fn judge(
    policy: &Policy,
    sides: [&Valid; 2],
    (comparison, nodes): (Comparison, usize),
    people: Option<&People<'_>>,
) -> Option<BudgetVerdict> {
    if policy.budget.is_empty() {
        return None;
    }
    // Whoever asks for a flag that is retired is given something else as well.
    let given = with_callers_defaults(sides[0].document(), sides[1].document());
    let (sides, comparison) = match &given {
        Ok(Some(given)) => ([sides[0], given], compare(sides[0], given, &Options { nodes })),
        Ok(None) | Err(_) => (sides, comparison),
    };
    let (mut findings, heard) = findings(policy, sides, (comparison, nodes), people);
    if sides.iter().any(|side| !side.document().kills.is_empty()) {
        let restored = sides.map(restored);
        if let [Some(before), Some(after)] = &restored {
            let comparison = compare(before, after, &Options { nodes });
            let (later, _) = self::findings(policy, [before, after], (comparison, nodes), people);
            findings = findings.into_iter().zip(later).map(worse).collect();
        } else {
            findings.iter_mut().for_each(|finding| finding.outcome = Kept::Unknown);
        }
    }
    if given.is_err() {
        findings.iter_mut().filter(|finding| finding.outcome == Kept::Within).for_each(|finding| {
            finding.outcome = Kept::Unknown;
            finding.why = format!("{}; whom the retired flags move is too much to look at", finding.why);
        });
    }
    let judged_by = people.filter(|_| heard).map(|people| JudgedBy {
        name: people.name.to_owned(),
        taken_at: people.taken_at.to_owned(),
        digest: people.digest.to_owned(),
    });
    Some(verdict(findings, judged_by))
}

/// With no kill in force.
fn restored(side: &Valid) -> Option<Valid> {
    side.with_kills(side.document().revision, Vec::new()).ok().map(|(restored, _)| restored)
}

/// Of what holds now and what will hold once everything is restored, what keeps to the limit less.
fn worse((now, later): (BudgetFinding, BudgetFinding)) -> BudgetFinding {
    if weight(later.outcome) < weight(now.outcome) {
        BudgetFinding { why: format!("once kills are restored, {}", later.why), ..later }
    } else {
        now
    }
}

/// One for each limit, and whether the people had their say.
fn findings(
    policy: &Policy,
    [before, after]: [&Valid; 2],
    (comparison, nodes): (Comparison, usize),
    people: Option<&People<'_>>,
) -> (Vec<BudgetFinding>, bool) {
    let replayed = people.map(|people| tried(people, [before, after]));
    let ended = replayed.as_ref().is_some_and(Option::is_none);
    let found = Found {
        old: before.document(),
        new: after.document(),
        exact: Some((comparison, nodes)),
        replay: replayed.flatten().zip(people.map(|people| people.name.to_owned())),
    };
    let mut plan = Plan::new(side(before.document()), side(after.document()), found);
    plan.keep_to(policy.budget.clone(), before, after);
    let findings = plan.budget.map(|judgement: Judgement| judgement.findings).unwrap_or_default();
    (findings.into_iter().map(|finding| told(finding, people.filter(|_| ended))).collect(), !ended)
}

/// What is not kept to comes first.
fn weight(outcome: Kept) -> u8 {
    match outcome {
        Kept::Over => 0,
        Kept::Unknown => 1,
        Kept::Within => 2,
    }
}

fn verdict(mut findings: Vec<BudgetFinding>, population: Option<JudgedBy>) -> BudgetVerdict {
    findings.sort_by_key(|finding| weight(finding.outcome));
    let more = findings.len().saturating_sub(BudgetVerdict::FINDINGS);
    let verdict = findings.first().map_or(Kept::Within, |worst| worst.outcome);
    findings.truncate(BudgetVerdict::FINDINGS);
    BudgetVerdict { verdict, findings, more_findings: more as u64, population }
}

/// `None` where it was ended before it was done.
fn tried(people: &People<'_>, [before, after]: [&Valid; 2]) -> Option<Replay> {
    let options = replay::Options { examples: 0, threads: Some(NonZeroUsize::MIN), ..replay::Options::default() };
    replay(before, after, people.population, &options, &mut |_| {}, people.end).ok()
}

/// Without the context that shows it: a chart is no place for one. `unheard` are people of whom nothing could be told.
fn told(finding: Finding, unheard: Option<&People<'_>>) -> BudgetFinding {
    let Finding { limit, name, outcome, why, flag, .. } = finding;
    let by_people = matches!(limit, Limit::Share | Limit::Tenants);
    match unheard.filter(|_| by_people && outcome == Kept::Within) {
        Some(people) => {
            let why = format!("{why}; the replay over the population `{}` did not end in time", people.name);
            BudgetFinding { limit, name, outcome: Kept::Unknown, why, flag }
        }
        None => BudgetFinding { limit, name, outcome, why, flag },
    }
}

/// A side of a plan of which only the findings are looked at.
fn side(document: &FlagSet) -> Side {
    Side {
        name: String::new(),
        environment: document.environment.to_string(),
        revision: document.revision,
        digest: String::new(),
        flags: document.flags.len(),
    }
}
