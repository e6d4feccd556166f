use super::Shared;
use super::friction::{Weight, kept};
use crate::radius::Found;
use downhaul_blast::plan::{Finding, FlagPlan, Limit, Plan, Share, Status};
use downhaul_core::diagnostic::Diagnostic;
use std::rc::Rc;
use yew::Reducible;

/// What is known of whom a draft moves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Radius {
    pub source: Source,
    /// The newest draft that was asked about.
    pub asked: u64,
    pub replay: Option<Known>,
    pub exact: Option<Known>,
    /// Lints, by pointers from the flag's root.
    pub lints: Vec<Diagnostic>,
    /// From the last edit to its replay, in milliseconds.
    pub took: Option<f64>,
    /// The part of a replay that is done, while one lasts that long.
    pub progress: Option<f64>,
    /// Why the newest draft could not be worked out.
    pub failure: Option<String>,
}

/// A plan, and the draft that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub number: u64,
    pub plan: Shared<Plan>,
}

/// Over whom a draft is replayed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Source {
    #[default]
    Looking,
    /// A sample of a population, in the page.
    Sample { name: String, rows: u64, of: u64, taken_at: String },
    /// The server replays over all of it, since the sample is not here; why.
    Server { name: String, why: String },
    /// There is no population: only what is known exactly counts.
    Nobody,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Source(Source),
    Asked(u64),
    Progress(f64),
    Replayed {
        number: u64,
        plan: Shared<Plan>,
        took: f64,
    },
    Compared {
        number: u64,
        found: Box<Found>,
    },
    Failed {
        number: u64,
        why: String,
    },
    /// The draft is what is published.
    Clear,
}

impl Reducible for Radius {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut radius = (*self).clone();
        match action {
            Action::Source(source) => radius.source = source,
            Action::Asked(number) => radius.asked = number,
            Action::Progress(part) => radius.progress = Some(part),
            Action::Replayed { number, plan, took } => {
                radius.progress = None;
                radius.replay = Some(Known { number, plan });
                radius.took = Some(took);
                radius.failure = None;
            }
            Action::Compared { number, found } => {
                radius.lints = found.lints;
                radius.exact = Some(Known { number, plan: Shared::new(*found.plan) });
                radius.failure = None;
            }
            Action::Failed { number, why } => {
                radius.progress = None;
                if number == radius.asked {
                    radius.failure = Some(why);
                }
            }
            Action::Clear => {
                let (source, asked) = (radius.source.clone(), radius.asked);
                radius = Radius { source, asked, ..Radius::default() };
            }
        }
        radius.into()
    }
}

impl Radius {
    /// Whether what is shown is of an older draft.
    pub fn is_behind(&self) -> bool {
        let is_old = |known: &Option<Known>| known.as_ref().is_none_or(|known| known.number < self.asked);
        match self.source {
            Source::Nobody => is_old(&self.exact),
            Source::Looking => true,
            Source::Sample { .. } | Source::Server { .. } => is_old(&self.replay),
        }
    }

    /// What becomes of a flag: over the population where there is one.
    pub fn of(&self, flag: &str) -> Option<&FlagPlan> {
        let first = self.replay.as_ref().or(self.exact.as_ref());
        first.and_then(|known| known.plan.flags.get(flag))
    }

    /// Whether the newest draft could not be worked out: what is known is of an older one.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some() && self.is_behind()
    }

    /// The part of everyone that the draft moves; what cannot be said counts as everyone.
    pub fn share(&self) -> Share {
        let certain = |part: f64| Share { least: part, most: part };
        match (&self.replay, &self.exact) {
            (Some(known), _) => {
                let people = known.plan.population.as_ref().filter(|people| people.weight > 0.0);
                people.map_or(Share::UNKNOWN, |people| certain(people.share()))
            }
            (None, Some(known)) => known.plan.share(),
            (None, None) => Share::UNKNOWN,
        }
    }

    /// How the draft keeps to the budget: by the population where it says something, else by what is proved.
    pub fn findings(&self) -> Vec<Finding> {
        let findings = |known: &Option<Known>| -> Vec<Finding> {
            let judged = known.as_ref().and_then(|known| known.plan.budget.as_ref());
            judged.map(|judged| judged.findings.clone()).unwrap_or_default()
        };
        let (by_people, proved) = (findings(&self.replay), findings(&self.exact));
        let of_people = |finding: &Finding| matches!(finding.limit, Limit::Share | Limit::Tenants);
        if by_people.is_empty() {
            return proved;
        }
        if proved.is_empty() {
            return by_people;
        }
        let people = by_people.into_iter().filter(of_people);
        people.chain(proved.into_iter().filter(|finding| !of_people(finding))).collect()
    }

    pub fn weight(&self, critical: bool) -> Weight {
        if self.has_failed() {
            return Weight::UNKNOWN;
        }
        let findings = self.findings();
        let reaches = |known: &Option<Known>| {
            let flags = known.as_ref().map(|known| known.plan.flags.values().any(moves_critical));
            flags.unwrap_or(false)
        };
        let critical = critical || reaches(&self.replay) || reaches(&self.exact);
        Weight { critical, share: self.share(), budget: kept(&findings) }
    }
}

fn moves_critical(flag: &FlagPlan) -> bool {
    flag.critical && flag.status != Status::ReasonOnly
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::friction::Step;
    use downhaul_blast::plan::Kept;
    use serde_json::json;

    /// A plan in which so much of the weight moves, judged by findings on limits.
    fn plan(moved: Option<f64>, findings: &[(&str, &str)]) -> Plan {
        let side = json!({ "name": "n", "environment": "e", "revision": 1, "digest": "d", "flags": 1 });
        let population = moved.map(|moved| {
            json!({ "name": "p", "rows": 10, "weight": 10.0, "moved": moved, "moved_rows": 1, "by": {}, "tenants": [] })
        });
        let findings: Vec<_> =
            findings.iter().map(|(limit, outcome)| json!({ "limit": limit, "outcome": outcome, "why": "w" })).collect();
        let whole = json!({
            "plan": 1, "verdict": "changes", "old": side, "new": side, "base_revision": null, "prune": false,
            "totals": { "flags": 1, "changed": 1, "reason_only": 0, "added": 0, "removed": 0, "unknown": 0 },
            "exact": null, "population": population, "flags": {}, "idle": [], "killed": [],
            "budget": { "limits": {}, "findings": findings },
        });
        serde_json::from_value(whole).unwrap()
    }

    fn run(actions: Vec<Action>) -> Rc<Radius> {
        actions.into_iter().fold(Rc::new(Radius::default()), |radius, action| radius.reduce(action))
    }

    fn replayed(number: u64, moved: f64, findings: &[(&str, &str)]) -> Action {
        Action::Replayed { number, plan: Shared::new(plan(Some(moved), findings)), took: 1.0 }
    }

    fn compared(number: u64, findings: &[(&str, &str)]) -> Action {
        let found = Found { plan: Box::new(plan(None, findings)), lints: Vec::new() };
        Action::Compared { number, found: Box::new(found) }
    }

    fn sample() -> Action {
        Action::Source(Source::Sample { name: "p".into(), rows: 10, of: 10, taken_at: String::new() })
    }

    #[test]
    fn an_older_draft_is_shown_as_such_until_the_newest_comes() {
        let radius = run(vec![sample(), Action::Asked(1), replayed(1, 1.0, &[])]);
        assert!(!radius.is_behind());
        let radius = radius.reduce(Action::Asked(2));
        assert!(radius.is_behind() && radius.replay.is_some(), "what is known stays in sight");
        let radius = radius.reduce(Action::Failed { number: 1, why: "late".into() });
        assert_eq!(radius.failure, None, "an old failure says nothing about the newest");
        assert!(!radius.reduce(replayed(2, 3.0, &[])).is_behind());
    }

    #[test]
    fn progress_is_of_the_replay_that_lasts() {
        let radius = run(vec![sample(), Action::Asked(1), Action::Progress(0.5)]);
        assert_eq!(radius.progress, Some(0.5));
        assert_eq!(radius.reduce(replayed(1, 1.0, &[])).progress, None);
    }

    #[test]
    fn what_is_not_known_counts_as_everyone() {
        assert_eq!(run(vec![sample()]).share(), Share::UNKNOWN);
        let some = run(vec![sample(), replayed(1, 2.0, &[])]).share();
        assert_eq!((some.least, some.most), (0.2, 0.2));
        assert_eq!(run(vec![compared(1, &[])]).share(), Share::UNKNOWN, "nothing was compared in it");
    }

    #[test]
    fn an_edit_that_could_not_be_worked_out_is_not_weighed_as_the_one_before_it() {
        let nobody = run(vec![sample(), Action::Asked(1), replayed(1, 0.0, &[])]);
        assert_eq!(nobody.weight(false).step(), Step::Nothing);
        let failed = |number| Action::Failed { number, why: "the worker ended".into() };
        let behind = nobody.reduce(Action::Asked(2)).reduce(failed(2));
        assert_eq!(behind.weight(false), Weight::UNKNOWN);
        let mended = behind.reduce(replayed(2, 0.0, &[]));
        assert_eq!(mended.weight(false).step(), Step::Nothing);
        let counted = mended.reduce(failed(2));
        assert_eq!(counted.weight(false).step(), Step::Nothing, "people were counted, and only the proof is missing");
    }

    #[test]
    fn people_are_counted_and_names_are_proved() {
        let by_people = [("share", "within"), ("tenants", "over"), ("region", "within")];
        let proved = [("share", "unknown"), ("tenants", "unknown"), ("region", "over")];
        let both = run(vec![sample(), replayed(1, 1.0, &by_people), compared(1, &proved)]);
        let outcomes: Vec<(Limit, Kept)> = both.findings().iter().map(|each| (each.limit, each.outcome)).collect();
        assert_eq!(outcomes, [(Limit::Share, Kept::Within), (Limit::Tenants, Kept::Over), (Limit::Region, Kept::Over)]);
        assert_eq!(both.weight(false).budget, Kept::Over);
        assert_eq!(run(vec![compared(1, &proved)]).findings().len(), 3);
        assert_eq!(run(vec![]).weight(true).budget, Kept::Within, "no budget, nothing to keep to");
    }
}
