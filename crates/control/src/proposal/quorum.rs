use crate::api::Impact;
use crate::policy::Policy;
use crate::refusal::{Refusal, RefusalCode};
use downhaul_blast::plan::Kept;

/// What the policy asks others about, of one change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needed {
    /// Each asks for someone; the largest quorum counts.
    pub grounds: Vec<Ground>,
}

/// A member of the policy's `approvals` that a change comes under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    pub kind: GroundKind,
    pub quorum: u32,
    /// What makes it one, in words.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroundKind {
    OverBudget,
}

impl GroundKind {
    /// Its name in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            GroundKind::OverBudget => "over_budget",
        }
    }
}

impl Needed {
    pub(crate) fn of(policy: &Policy, impact: &Impact) -> Needed {
        let mut grounds = Vec::new();
        if let Some(budget) = impact.budget.as_ref().filter(|budget| budget.verdict != Kept::Within) {
            let kind = GroundKind::OverBudget;
            grounds.push(Ground {
                kind,
                quorum: policy.approvals.over_budget.get(),
                why: budget.exceeded().join("; "),
            });
        }
        grounds.retain(|ground| ground.quorum > 0);
        Needed { grounds }
    }

    /// How many have to approve.
    pub fn quorum(&self) -> u32 {
        self.grounds.iter().map(|ground| ground.quorum).max().unwrap_or(0)
    }

    /// In words, such as `2 approvals: over_budget: 25.000 % of everyone is moved, 10.000 % may`.
    pub fn words(&self) -> String {
        let ground = |ground: &Ground| format!("{} ({})", ground.kind.as_str(), ground.why);
        let grounds: Vec<String> = self.grounds.iter().map(ground).collect();
        let quorum = self.quorum();
        let plural = if quorum == 1 { "" } else { "s" };
        format!("{quorum} approval{plural} for {}", grounds.join(" and "))
    }

    /// # Errors
    /// Someone has to be asked.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.quorum() == 0 {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::NeedsApproval,
            format!("the policy asks for {}", self.words()),
            "move fewer at a time, or have the policy changed",
        ))
    }
}
