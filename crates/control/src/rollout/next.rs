use super::event::RolloutEvent;
use super::{Gate, RolloutState, at_stage, conflict};
use crate::command::Command;
use crate::fold::define;
use crate::hash::Hash;
use crate::heartbeat;
use crate::proposal::{Named, Reach, Standing, standing_of};
use crate::refusal::Refusal;
use crate::rollout::Phase;
use crate::state::{State, Touch};
use crate::time;
use downhaul_core::document::FlagSet;
use jiff::{SignedDuration, Timestamp};

/// What a rollout waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<'a> {
    /// It is over.
    Ended,
    /// Until somebody lets it go on.
    Paused,
    /// Until this is out of the way.
    Blocked(Obstacle),
    Baking {
        until: Timestamp,
    },
    /// It has baked, and others have to approve that the next stage is entered.
    Approval {
        needed: u32,
        counting: u32,
    },
    /// It has baked, and what is asked for was given: once these hold, the next stage is entered, or it is complete.
    Due {
        gates: &'a [Gate],
    },
}

/// What keeps it where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    Frozen(Touch),
    /// The flag, or one that it requires, is killed.
    Killed {
        flag: String,
        kill: String,
    },
    /// Somebody else has changed what the flag decides.
    Edited(Option<Touch>),
}

impl Obstacle {
    /// In words, such as ``the environment is frozen since …``.
    pub fn words(&self) -> String {
        match self {
            Obstacle::Frozen(touch) => {
                format!("the environment is frozen since {} by {} (`{}`)", touch.at, touch.actor, touch.reason)
            }
            Obstacle::Killed { flag, kill } => format!("`{flag}` is killed by {kill}"),
            Obstacle::Edited(Some(touch)) => {
                format!("the flag was edited at revision {} by {} (`{}`)", touch.revision, touch.actor, touch.reason)
            }
            Obstacle::Edited(None) => "the flag is not as the rollout left it".to_owned(),
        }
    }

    /// Its name in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Obstacle::Frozen(_) => "frozen",
            Obstacle::Killed { .. } => "killed",
            Obstacle::Edited(_) => "edited",
        }
    }
}

/// What a rollout of the state waits for at `now`.
///
/// # Errors
/// Not a fault of anyone: what an approval would be of cannot be written.
pub fn next<'a>(state: &State, rollout: &'a RolloutState, now: Timestamp) -> Result<Next<'a>, Refusal> {
    match rollout.phase {
        Phase::Ended(..) => return Ok(Next::Ended),
        Phase::Paused(_) => return Ok(Next::Paused),
        Phase::Running => {}
    }
    if let Some(obstacle) = obstacle(state, rollout) {
        return Ok(Next::Blocked(obstacle));
    }
    let until = baked_at(state, rollout);
    if now < until {
        return Ok(Next::Baking { until });
    }
    if let Some(gated) = gated(state, rollout, now)? {
        let (needed, counting) = (gated.needed, gated.counting());
        if counting < needed {
            return Ok(Next::Approval { needed, counting });
        }
    }
    Ok(Next::Due { gates: rollout.current().map_or(&[], |stage| &stage.gates) })
}

fn obstacle(state: &State, rollout: &RolloutState) -> Option<Obstacle> {
    if let Some(touch) = &state.frozen {
        return Some(Obstacle::Frozen(touch.clone()));
    }
    let on = required(&state.flag_set, rollout.rollout.flag.as_str());
    let kills = state.flag_set.kills.iter().filter(|kill| !heartbeat::is_beat(&kill.id));
    if let Some(kill) = kills.clone().find(|kill| on.contains(&kill.flag.as_str())) {
        return Some(Obstacle::Killed { flag: kill.flag.to_string(), kill: kill.id.clone() });
    }
    let flag = state.flag_set.flag(rollout.rollout.flag.as_str());
    if flag.is_none_or(|flag| conflict(rollout, flag)) {
        let touch = state.defined(&Named::Flag(rollout.rollout.flag.clone()));
        return Some(Obstacle::Edited(touch.cloned()));
    }
    None
}

/// When the stage has baked: its time without a break since it was entered, let go on, or restored.
///
/// Counted from what is charted. Whoever takes rollouts on counts it too, on a clock that does not jump, and relies on that
/// where the two differ; only over a restart a clock that has jumped ahead ends the time of one stage at most, since the
/// next one begins to bake where the clock is then.
pub fn baked_at(state: &State, rollout: &RolloutState) -> Timestamp {
    let Some(stage) = rollout.current() else { return Timestamp::MIN };
    let on = required(&state.flag_set, rollout.rollout.flag.as_str());
    let killed = state.kills.values().filter(|kill| !heartbeat::is_beat(&kill.kill.id));
    let restored =
        killed.filter(|kill| on.contains(&kill.kill.flag.as_str())).filter_map(|kill| kill.restored.as_ref());
    let since = restored.map(|touch| touch.at.as_str()).chain([rollout.baking_since.as_str()]);
    // What cannot be read has not happened yet.
    let since = since.map(|at| time::from_text(at).unwrap_or(Timestamp::MAX)).max().unwrap_or(Timestamp::MAX);
    since.saturating_add(SignedDuration::from_secs(i64::from(stage.bake_seconds))).unwrap_or(Timestamp::MAX)
}

/// A flag, and those that it requires, those that these require, and so on.
fn required<'a>(flag_set: &'a FlagSet, flag: &'a str) -> Vec<&'a str> {
    let mut found = vec![flag];
    let mut at = 0;
    while let Some(key) = found.get(at).copied() {
        at += 1;
        for prerequisite in flag_set.flag(key).iter().flat_map(|flag| &flag.requires) {
            if !found.contains(&prerequisite.flag.as_str()) {
                found.push(prerequisite.flag.as_str());
            }
        }
    }
    found
}

/// The approvals of entering the next stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Gated<'a> {
    /// The stage that would be entered, from 1.
    pub stage: usize,
    pub needed: u32,
    /// What an approval has to be of.
    pub digest: Hash,
    pub standing: Vec<Standing<'a>>,
}

impl Gated<'_> {
    /// Approvals that count.
    pub fn counting(&self) -> u32 {
        let counting = self.standing.iter().filter(|standing| standing.void.is_none()).count();
        u32::try_from(counting).unwrap_or(u32::MAX)
    }
}

/// Who has approved that the next stage is entered; `None` where nobody is asked.
pub fn gated<'a>(state: &State, rollout: &'a RolloutState, at: Timestamp) -> Result<Option<Gated<'a>>, Refusal> {
    let asked = rollout.next_stage().map(|stage| stage.approvals.get()).filter(|asked| *asked > 0);
    let (Some(needed), Some(now)) = (asked, state.flag_set.flag(rollout.rollout.flag.as_str())) else {
        return Ok(None);
    };
    let put = Box::new(at_stage(rollout, rollout.stage + 1, now));
    let command = Command::Rollout {
        rollout: rollout.number,
        from: rollout.stage,
        event: Box::new(RolloutEvent::Advance { readings: Vec::new(), put }),
    };
    let mut after = state.flag_set.clone();
    define(&mut after, &command, "");
    let reach = Reach::of(state, &command, &after)?;
    let standing = standing_of(state, (&rollout.authors, None), &rollout.approvals, &reach, at);
    Ok(Some(Gated { stage: rollout.stage + 1, needed, digest: reach.digest, standing }))
}
