//! Rollouts: how one stands, and what may be done with it now.

use super::change::plain;
use super::number::counted;
use super::text::{common, rollouts, start_rollout as text};
use super::time::{age, day, hour, parse};
use downhaul_control::api::{RolloutAct, RolloutStanding, RolloutSummary};
use downhaul_control::rollout::{Rollout, cohort};

/// The chip beside its name, and its class.
pub fn standing(standing: &RolloutStanding) -> (&'static str, &'static str) {
    match standing.kind.as_str() {
        "baking" => ("bakes", "serving"),
        "approval" => ("waits for approval", "warn"),
        "gates" => ("gates are read", "serving"),
        "held" => ("held", "warn"),
        "paused" => ("paused", "warn"),
        "due" => ("goes on", "serving"),
        "complete" => ("complete", "ok"),
        "rolled-back" => ("rolled back", "line"),
        "ended" => ("ended", "line"),
        _ => ("unknown to this console", "line"),
    }
}

/// How it stands in a sentence; what the server says of a time in UTC is said in local time.
pub fn how_it_stands(standing: &RolloutStanding, now: f64, offset: i32) -> String {
    baking_until(standing, now, offset).map_or_else(|| standing.words.clone(), |until| format!("bakes {until}"))
}

/// The same beside a chip that says that it bakes: only until when.
pub fn beside_chip(standing: &RolloutStanding, now: f64, offset: i32) -> String {
    baking_until(standing, now, offset).unwrap_or_else(|| standing.words.clone())
}

fn baking_until(standing: &RolloutStanding, now: f64, offset: i32) -> Option<String> {
    let until = standing.until.as_deref().and_then(parse).filter(|_| standing.kind == "baking")?;
    Some(format!("until {} on {}", hour(until, offset), day(until, now, offset)))
}

pub fn is_over(rollout: &RolloutSummary) -> bool {
    matches!(rollout.standing.kind.as_str(), "complete" | "rolled-back" | "ended")
}

/// Whether its gates are, or are about to be, read: what they say is not charted at each reading.
pub fn reads_gates(rollout: &RolloutSummary) -> bool {
    matches!(rollout.standing.kind.as_str(), "baking" | "gates" | "held" | "due")
}

/// What an operator may do with it as it stands; the likeliest first.
pub fn acts(rollout: &RolloutSummary) -> Vec<RolloutAct> {
    if is_over(rollout) {
        return Vec::new();
    }
    let held = rollout.standing.held.as_deref();
    let mut acts = Vec::new();
    if rollout.standing.kind == "paused" || held == Some("edited") {
        acts.push(RolloutAct::Resume);
    }
    if rollout.standing.kind != "paused" {
        acts.push(RolloutAct::Pause);
    }
    if rollout.stage > 0 {
        acts.push(RolloutAct::StepBack);
    }
    acts.extend([RolloutAct::RollBack, RolloutAct::End]);
    acts
}

/// What holds it is for a person to put right; what to do.
pub fn what_to_do(held: &str) -> &'static str {
    match held {
        "frozen" => "It goes on once the environment is unfrozen.",
        "killed" => "Restore the flag, or the one that it requires; the stage then bakes anew.",
        "edited" => "Somebody else changed the flag. Resume goes on from it as it is now; End leaves it so.",
        "not-holding" => "It goes on once the gate holds.",
        "no-data" => "No data never counts as good. It goes on once there is data, and it holds.",
        "no-answer" => "It goes on once Prometheus answers, and the gate holds.",
        "guard-blind" => "A guard is told nothing that it could compare. It goes on once both arms tell again.",
        "telemetry-missing" => "Nothing is told of one of the arms, or of both. It goes on once both tell again.",
        "sample-ratio" => "The arms are not as large as the split says: find out why before you let it go on.",
        "guard-harm" => "A guard suspects harm. Look at it before you let it go on.",
        "refused" => {
            "The flag set with the next stage would not be valid. Put right what it names; it is tried again with every change."
        }
        _ => "",
    }
}

/// `3 h`, `45 s`: how long a stage bakes.
pub fn bake(seconds: u32) -> String {
    match seconds {
        0 => "no time".to_owned(),
        seconds => lasting(f64::from(seconds)),
    }
}

/// As an age is told, but one day as such, since it stands beside others; empty below a second.
pub fn lasting(seconds: f64) -> String {
    if seconds as u64 == DAY { "1\u{202F}day".to_owned() } else { age(seconds * 1000.0) }
}

/// In seconds.
const DAY: u64 = 86_400;

/// All its stages in a sentence, for whoever does not see the picture: `2 stages: 5 % of everyone for 1 day, then everyone for
/// 1 day; complete after 2 days at the earliest.`
pub fn course(rollout: &Rollout) -> String {
    let stage = |stage: &downhaul_control::rollout::Stage| {
        // As everywhere else in the console, a figure and its sign are not torn apart.
        let mut words = plain(&cohort(stage)).replace(" %", "\u{202F}%");
        let asked = stage.approvals.get() as usize;
        if asked > 0 {
            let approvals = counted(asked, common::APPROVAL, common::APPROVALS);
            words = format!("{words} ({})", text::asks_before(&approvals));
        }
        format!("{words} {}", text::for_bake(&bake(stage.bake_seconds)))
    };
    let stages: Vec<String> = rollout.stages.iter().map(stage).collect();
    let number = counted(stages.len(), rollouts::AMID_STAGE, rollouts::STAGES);
    let all: f64 = rollout.stages.iter().map(|stage| f64::from(stage.bake_seconds)).sum();
    let end = if all > 0.0 { format!("; {}", text::after_all(&lasting(all))) } else { String::new() };
    format!("{}{}{end}.", text::stages_over_time(&number), stages.join(", then "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::ActView;

    fn rollout(kind: &str, held: Option<&str>, stage: usize) -> RolloutSummary {
        let act =
            ActView { at: String::new(), actor: "u".into(), actor_name: None, reason: String::new(), revision: 1 };
        RolloutSummary {
            id: "ro-1".into(),
            flag: "a".into(),
            variant: "on".into(),
            description: String::new(),
            started: act,
            stage,
            stage_count: 3,
            standing: RolloutStanding {
                kind: kind.into(),
                words: String::new(),
                held: held.map(str::to_owned),
                until: None,
                change: None,
            },
        }
    }

    #[test]
    fn only_what_the_server_takes_is_offered() {
        use RolloutAct::{End, Pause, Resume, RollBack, StepBack};
        assert_eq!(acts(&rollout("baking", None, 2)), [Pause, StepBack, RollBack, End]);
        assert_eq!(acts(&rollout("paused", None, 2)), [Resume, StepBack, RollBack, End]);
        assert_eq!(acts(&rollout("held", Some("edited"), 2)), [Resume, Pause, StepBack, RollBack, End]);
        assert_eq!(acts(&rollout("approval", None, 0)), [Pause, RollBack, End], "there is no stage to go back to");
        for over in ["complete", "rolled-back", "ended"] {
            assert_eq!(acts(&rollout(over, None, 3)), []);
        }
    }

    #[test]
    fn a_bake_ends_at_a_time_that_people_read() {
        let mut standing = rollout("baking", None, 1).standing;
        standing.words = "bakes until 2026-11-27T16:28:40.247Z".into();
        assert_eq!(how_it_stands(&standing, 0.0, 60), standing.words, "no time was told");
        standing.until = Some("2026-11-27T16:28:40.247Z".into());
        let now = parse("2026-11-26T12:00:00Z").unwrap();
        assert_eq!(how_it_stands(&standing, now, 60), "bakes until 17:28 on 27 Nov");
        assert_eq!(beside_chip(&standing, now, 60), "until 17:28 on 27 Nov");
        standing.kind = "paused".into();
        assert_eq!(how_it_stands(&standing, now, 60), standing.words);
    }

    #[test]
    fn the_stages_are_told_in_a_sentence() {
        let rollout: Rollout = serde_json::from_value(serde_json::json!({ "flag": "f", "variant": "on", "stages": [
            { "when": [{ "segment": ["staff"] }], "bake_seconds": 0 },
            { "percent": 5, "bake_seconds": 172_800 },
            { "bake_seconds": 3600, "approvals": 1 },
        ] }))
        .unwrap();
        assert_eq!(
            course(&rollout).replace('\u{202F}', " "),
            "3 stages: in segment staff for no time, then 5 % of everyone for 2 days, then everyone (1 approval first) for \
             1 h; complete after 2 days at the earliest.",
        );
    }

    #[test]
    fn every_hold_says_what_to_do() {
        for held in ["frozen", "killed", "edited", "not-holding", "no-data", "no-answer", "refused"] {
            assert!(!what_to_do(held).is_empty(), "{held}");
        }
        assert_eq!(bake(0), "no time");
        assert_eq!(bake(45).replace('\u{202F}', " "), "45 s");
        assert_eq!(bake(86_400).replace('\u{202F}', " "), "1 day");
        assert_eq!(bake(86_400 * 3).replace('\u{202F}', " "), "3 days");
    }
}
