//! How much is asked before a change is published: in proportion to whom it moves, not to how long its text is.

use downhaul_blast::plan::{Budget, Finding, Kept, Plan, Share, Status};
use downhaul_control::policy::Approvals;
use serde::Deserialize;

/// Of an environment's policy, what an edit is judged by.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub approvals: Approvals,
    pub budget: Budget,
}

impl Policy {
    /// How many others are asked about a restore; the server decides, and this says it beforehand.
    pub fn asked_of_restore(&self, is_critical: bool) -> u32 {
        let critical = if is_critical { self.approvals.critical_restore.get() } else { 0 };
        self.approvals.restore.get().max(critical)
    }

    /// How many others are asked about a change that moves nobody past the budget, such as a retirement.
    pub fn asked_of_change(&self, is_critical: bool) -> u32 {
        let critical = if is_critical { self.approvals.critical.get() } else { 0 };
        self.approvals.change.get().max(critical)
    }
}

/// What is known of a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    /// Whether a critical flag is among those that it reaches.
    pub critical: bool,
    /// The part of everyone that it moves.
    pub share: Share,
    /// Whether the budget is kept to; `Within` where there is none.
    pub budget: Kept,
}

/// The steps of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nobody moves: published at once.
    Nothing,
    /// Say why.
    Why,
    /// And a second person.
    SecondPerson,
    /// And type the key.
    TypeKey,
}

/// Above these parts of everyone a critical flag asks for a second person, and for its key.
pub const SECOND_PERSON_ABOVE: f64 = 0.05;
pub const TYPE_KEY_ABOVE: f64 = 0.25;

impl Weight {
    /// Of a change that moves nobody.
    pub const NOTHING: Weight = Weight { critical: false, share: Share::NOBODY, budget: Kept::Within };
    /// Of a change that could not be worked out: it may move everyone, by a critical flag, past any budget.
    pub const UNKNOWN: Weight = Weight { critical: true, share: Share::UNKNOWN, budget: Kept::Unknown };

    /// Of what the plan says: by the population where there is one, else by what is proved.
    pub fn of(plan: &Plan) -> Weight {
        let share = match plan.population.as_ref().filter(|people| people.weight > 0.0) {
            Some(people) => Share { least: people.share(), most: people.share() },
            None => plan.share(),
        };
        let findings = plan.budget.as_ref().map(|judged| judged.findings.as_slice()).unwrap_or_default();
        let critical = plan.flags.values().any(|flag| flag.critical && flag.status != Status::ReasonOnly);
        Weight { critical, share, budget: kept(findings) }
    }

    /// Where it is not known how many move, the most that is possible counts.
    pub fn step(&self) -> Step {
        let most = self.share.most;
        match self.critical {
            _ if most <= 0.0 => Step::Nothing,
            false => Step::Why,
            true if most <= SECOND_PERSON_ABOVE => Step::Why,
            true if most <= TYPE_KEY_ABOVE => Step::SecondPerson,
            true => Step::TypeKey,
        }
    }

    /// How many others the environment's policy asks; the server decides, and this says it beforehand.
    pub fn approvals(&self, policy: &Policy) -> u32 {
        let asked = &policy.approvals;
        let over = if self.budget == Kept::Within { 0 } else { asked.over_budget.get() };
        policy.asked_of_change(self.critical).max(over)
    }
}

/// How all findings together keep to the budget.
pub fn kept(findings: &[Finding]) -> Kept {
    let any = |outcome| findings.iter().any(|finding| finding.outcome == outcome);
    match (any(Kept::Over), any(Kept::Unknown)) {
        (true, _) => Kept::Over,
        (false, true) => Kept::Unknown,
        (false, false) => Kept::Within,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(critical: bool, least: f64, most: f64) -> Weight {
        Weight { critical, share: Share { least, most }, budget: Kept::Within }
    }

    #[test]
    fn friction_follows_the_radius() {
        for (critical, most, step) in [
            (true, 0.0, Step::Nothing),
            (true, 0.05, Step::Why),
            (true, 0.051, Step::SecondPerson),
            (true, 0.25, Step::SecondPerson),
            (true, 0.26, Step::TypeKey),
            (false, 0.0, Step::Nothing),
            (false, 1.0, Step::Why),
        ] {
            assert_eq!(weight(critical, most, most).step(), step, "{critical} {most}");
        }
        assert_eq!(weight(true, 0.0, 1.0).step(), Step::TypeKey, "what is not known counts as the most");
    }

    #[test]
    fn a_restore_asks_by_members_of_its_own() {
        let policy: Policy =
            serde_json::from_str(r#"{"approvals": {"change": 3, "critical": 4, "restore": 1, "critical_restore": 2}}"#)
                .unwrap();
        assert_eq!((policy.asked_of_restore(false), policy.asked_of_restore(true)), (1, 2));
        assert_eq!((policy.asked_of_change(false), policy.asked_of_change(true)), (3, 4));
        assert_eq!(Policy::default().asked_of_restore(true), 0);
    }

    #[test]
    fn what_could_not_be_worked_out_asks_the_most() {
        assert_eq!(Weight::UNKNOWN.step(), Step::TypeKey);
        assert_eq!(Weight::NOTHING.step(), Step::Nothing);
        let policy: Policy =
            serde_json::from_str(r#"{"approvals": {"change": 0, "critical": 2, "over_budget": 1}}"#).unwrap();
        assert_eq!(Weight::UNKNOWN.approvals(&policy), 2);
    }

    #[test]
    fn the_policy_says_how_many_others() {
        let policy: Policy =
            serde_json::from_str(r#"{"approvals": {"change": 0, "critical": 2, "over_budget": 1}}"#).unwrap();
        assert_eq!(weight(false, 0.0, 1.0).approvals(&policy), 0);
        assert_eq!(weight(true, 0.0, 0.0).approvals(&policy), 2);
        let over = Weight { budget: Kept::Unknown, ..weight(false, 0.0, 0.0) };
        assert_eq!(over.approvals(&policy), 1, "what cannot be judged is asked about");
    }
}
