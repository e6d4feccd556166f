use super::Reach;
use crate::api::Impact;
use crate::command::Command;
use crate::heartbeat;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_blast::plan::Kept;
use downhaul_core::ids::FlagKey;

/// Flags that are named in words.
const TOLD: usize = 5;

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
    /// What makes it one, in words; empty where its name says it.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroundKind {
    Change,
    Revert,
    Critical,
    OverBudget,
    Restore,
    CriticalRestore,
    Policy,
}

impl GroundKind {
    /// Its name in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            GroundKind::Change => "change",
            GroundKind::Revert => "revert",
            GroundKind::Critical => "critical",
            GroundKind::OverBudget => "over_budget",
            GroundKind::Restore => "restore",
            GroundKind::CriticalRestore => "critical_restore",
            GroundKind::Policy => "policy",
        }
    }
}

impl Needed {
    /// Whether whom it reaches has to be known for a command.
    pub(crate) fn asks_for_reach(state: &State, command: &Command) -> bool {
        command.is_edit() && state.policy.approvals.critical.get() > 0
    }

    /// `reach` where [`Needed::asks_for_reach`] says so. A kill comes under nothing.
    pub(crate) fn of(state: &State, command: &Command, impact: &Impact, reach: Option<&Reach>) -> Needed {
        let approvals = &state.policy.approvals;
        let mut grounds = Vec::new();
        let mut add = |kind, quorum: u32, why: String| {
            if quorum > 0 {
                grounds.push(Ground { kind, quorum, why });
            }
        };
        match approvals.revert.zip(impact.reverts).filter(|_| command.is_edit()) {
            Some((quorum, revision)) => {
                add(GroundKind::Revert, quorum.get(), format!("all of it as at revision {revision}"));
            }
            None if command.is_edit() => add(GroundKind::Change, approvals.change.get(), String::new()),
            None => {}
        }
        if let Some(reach) = reach.filter(|reach| command.is_edit() && !reach.critical.is_empty()) {
            add(GroundKind::Critical, approvals.critical.get(), format!("it reaches {}", list(&reach.critical)));
        }
        if let Some(budget) = impact.budget.as_ref().filter(|budget| budget.verdict != Kept::Within) {
            add(GroundKind::OverBudget, approvals.over_budget.get(), budget.exceeded().join("; "));
        }
        // A heartbeat ends its own beat.
        if let Command::Restore { id } = command
            && !heartbeat::is_beat(id)
        {
            add(GroundKind::Restore, approvals.restore.get(), String::new());
            let flag = state.kill(id).and_then(|kill| state.flag_set.flag(kill.kill.flag.as_str()));
            if let Some(flag) = flag.filter(|flag| flag.critical) {
                let why = format!("`{}` is critical", flag.key);
                add(GroundKind::CriticalRestore, approvals.critical_restore.get(), why);
            }
        }
        if let Command::PutPolicy { .. } = command {
            add(GroundKind::Policy, approvals.policy.get(), String::new());
        }
        Needed { grounds }
    }

    /// How many have to approve.
    pub fn quorum(&self) -> u32 {
        self.grounds.iter().map(|ground| ground.quorum).max().unwrap_or(0)
    }

    /// In words, such as `1 approval for over_budget (at least 20.000 % of everyone is moved, 10.000 % may)`.
    pub fn words(&self) -> String {
        let ground = |Ground { kind, why, .. }: &Ground| match why.as_str() {
            "" => kind.as_str().to_owned(),
            why => format!("{} ({why})", kind.as_str()),
        };
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
            "propose it, and have it approved: `downhaul propose`, or `POST …/proposals`",
        ))
    }
}

fn list(flags: &[FlagKey]) -> String {
    let mut words: Vec<String> = flags.iter().take(TOLD).map(|key| format!("`{key}`")).collect();
    if flags.len() > TOLD {
        words.push(format!("{} more", flags.len() - TOLD));
    }
    words.join(", ")
}
