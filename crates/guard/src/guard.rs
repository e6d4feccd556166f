use crate::mixture::Plan;
use crate::{Against, Ceiling, Comparison, Counts, Evidence, Rules, Seen};
use serde::{Deserialize, Serialize};

/// From so many units on, without anybody to compare with, a variant that fails for most is called harmful.
const CRASHING_UNITS: u64 = 20;

/// Watches one variant, bucket by bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    rules: Rules,
    test: Test,
    treatment: Counts,
    control: Counts,
    instances: u32,
    silent: u32,
    harmful: Option<Standing>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Control(Box<Comparison>),
    Objective(Box<Ceiling>),
}

/// What a guard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// Neither harm nor harmlessness is shown.
    Watching,
    /// There is evidence of harm, from fewer failed units or instances than it takes.
    Suspecting { failed: u64, instances: u32 },
    /// For so many buckets nothing was told that could be compared. Nobody may go on because a guard is blind.
    Blind { buckets: u32 },
    /// Shown to be harmless: no worse than the margin allows. A guard goes on watching.
    Harmless,
    /// Shown to do harm. It stays so, whatever is seen later.
    Harmful,
    /// Fails for more than half of its units, before anybody could be compared with. It stays so.
    /// This is no test: it has no level, and is for variants that crash at once.
    Crashing,
    /// The arms are not as large as the split says, so that nothing that is compared between them can be trusted.
    Mismatched,
    /// The circuit breakers of so many clients are open that the variant is taken from everyone.
    Tripped,
}

impl Guard {
    #[must_use]
    pub fn new(rules: Rules) -> Guard {
        let plan = Plan::new(rules.plan);
        let test = match rules.against {
            Against::Control(margin) => Test::Control(Box::new(Comparison::new(margin, plan))),
            Against::Objective(most) => Test::Objective(Box::new(Ceiling::new(most, plan))),
        };
        let (treatment, control) = (Counts::NONE, Counts::NONE);
        Guard { rules, test, treatment, control, instances: 0, silent: 0, harmful: None }
    }

    /// The next bucket, and what the guard says after it.
    pub fn look(&mut self, seen: &Seen) -> Standing {
        let bucket = &seen.bucket;
        self.treatment = self.treatment.and(bucket.treatment);
        self.control = self.control.and(bucket.control);
        // Who has told once has told, whatever a later count says.
        self.instances = self.instances.max(seen.instances);
        let is_silent = match &mut self.test {
            Test::Control(comparison) => {
                comparison.add(bucket);
                bucket.treatment.units() == 0 || bucket.control.units() == 0
            }
            Test::Objective(ceiling) => {
                ceiling.add(bucket.treatment);
                bucket.treatment.units() == 0
            }
        };
        self.silent = if is_silent { self.silent.saturating_add(1) } else { 0 };
        if self.harmful.is_none() && self.is_enough() {
            self.harmful = self.harm();
        }
        self.standing()
    }

    #[must_use]
    pub fn standing(&self) -> Standing {
        if let Some(harm) = self.harmful {
            return harm;
        }
        if self.harm().is_some() {
            return Standing::Suspecting { failed: self.treatment.failed(), instances: self.instances };
        }
        if self.silent >= self.rules.silent_after.get() {
            return Standing::Blind { buckets: self.silent };
        }
        if self.against_harm().reaches(self.rules.level) { Standing::Harmless } else { Standing::Watching }
    }

    /// The most that ever spoke for harm.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match &self.test {
            Test::Control(comparison) => comparison.most(),
            Test::Objective(ceiling) => ceiling.most(),
        }
    }

    /// The most that ever spoke against it.
    #[must_use]
    pub fn against_harm(&self) -> Evidence {
        match &self.test {
            Test::Control(comparison) => comparison.most_harmless(),
            Test::Objective(ceiling) => ceiling.most_harmless(),
        }
    }

    /// All units with the variant, and all that it is held against.
    #[must_use]
    pub fn totals(&self) -> (Counts, Counts) {
        (self.treatment, self.control)
    }

    fn is_enough(&self) -> bool {
        self.treatment.failed() >= self.rules.least_failed && self.instances >= self.rules.least_instances
    }

    fn harm(&self) -> Option<Standing> {
        if self.evidence().reaches(self.rules.level) {
            return Some(Standing::Harmful);
        }
        let (units, failed) = (self.treatment.units(), self.treatment.failed());
        let nobody_to_compare = matches!(self.test, Test::Control(_)) && self.control.units() < CRASHING_UNITS;
        let is_crashing = nobody_to_compare && units >= CRASHING_UNITS && failed > units / 2;
        is_crashing.then_some(Standing::Crashing)
    }
}
