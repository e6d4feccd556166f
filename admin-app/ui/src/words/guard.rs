//! Guards: how each stands, on what evidence, and what it did.

use super::number::{count, counted};
use super::radius::percent;
use super::time::{day, hour, parse};
use downhaul_control::api::{GuardPage, GuardView};

/// How often guards are asked for again, in milliseconds: they judge by the minute, and the stream tells of changes alone.
pub const AGAIN_MS: u32 = 10_000;

/// The chip beside its name, and its class.
pub fn standing(guard: &GuardView) -> (String, &'static str) {
    let (words, class) = match guard.judged.standing.as_str() {
        "watching" => ("watching", "line"),
        "harmless" => ("harmless so far", "ok"),
        "telemetry-missing" => ("told nothing", "warn"),
        "sample-ratio-mismatch" => ("arms of the wrong size", "warn"),
        "suspecting" => ("suspects harm", "warn"),
        "harmful" => ("found harm", "killed"),
        "crashing" => ("found it crashing", "killed"),
        // One that this console does not know yet is no reason for calm.
        other => return (other.replace('-', " "), "warn"),
    };
    (words.to_owned(), class)
}

pub fn has_spoken(guard: &GuardView) -> bool {
    matches!(guard.judged.standing.as_str(), "harmful" | "crashing")
}

/// What needs somebody comes first.
fn urgency(guard: &GuardView) -> u8 {
    match guard.judged.standing.as_str() {
        "harmful" | "crashing" => 0,
        "suspecting" => 1,
        "watching" => 3,
        "harmless" => 4,
        _ => 2,
    }
}

pub fn by_urgency(page: &GuardPage) -> Vec<GuardView> {
    let mut guards = page.guards.clone();
    guards.sort_by_key(urgency);
    guards
}

/// `3 guards of 2 flags. 1 found harm, 2 watch.`
pub fn summary(guards: &[GuardView]) -> String {
    let mut flags: Vec<&str> = guards.iter().map(|guard| guard.flag.as_str()).collect();
    flags.sort_unstable();
    flags.dedup();
    let of = |urgency_of: u8| guards.iter().filter(|guard| urgency(guard) == urgency_of).count();
    let said =
        [(of(0), "found harm"), (of(1), "suspecting it"), (of(2), "short of what to compare"), (of(3), "watching")];
    let said: Vec<String> = said
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(*number as u64)))
        .collect();
    let all = format!("{} of {}", counted(guards.len(), "guard", "guards"), counted(flags.len(), "flag", "flags"));
    if said.is_empty() { format!("{all}, all harmless so far.") } else { format!("{all}: {}.", said.join(", ")) }
}

/// What it says in a sentence, with times as they are here.
pub fn how_it_stands(guard: &GuardView, now: f64, offset: i32) -> String {
    let judged = &guard.judged;
    let fired = match (&guard.acted, guard.dry_run) {
        (Some(_), _) => "Fired at",
        (None, true) => "Would have fired at",
        (None, false) => "Fires, by what it saw until",
    };
    let fired = format!("{fired} {}", moment(&judged.until, now, offset));
    match judged.standing.as_str() {
        "harmful" => fired,
        "crashing" => format!("{fired}: most units fail, with nobody to compare with"),
        "suspecting" => "From too few failures or instances to act on".to_owned(),
        "watching" if judged.buckets == 0 => "Its first bucket is not over yet".to_owned(),
        "watching" if judged.units == 0 => "Nothing was told of the variant yet".to_owned(),
        "watching" => "Neither harm nor harmlessness is shown".to_owned(),
        "harmless" => format!("Evidence against harm {}", evidence(&judged.against_harm)),
        _ => evidence(&judged.words),
    }
}

/// `14:02`; with the day where it is not today.
pub fn moment(at: &str, now: f64, offset: i32) -> String {
    let Some(at) = parse(at) else { return String::new() };
    let (then, today) = (day(at, now, offset), day(now, now, offset));
    if then == today { hour(at, offset) } else { format!("{}, {then}", hour(at, offset)) }
}

/// `outcomes of on, against off`
pub fn watches(guard: &GuardView) -> String {
    let against = match (&guard.against, guard.objective) {
        (Some(against), _) => format!("against {against}"),
        (None, Some(objective)) => format!("against an objective of {}", percent(objective)),
        (None, None) => String::new(),
    };
    let of = format!("{} of {}", guard.metric, guard.variant);
    if against.is_empty() { of } else { format!("{of}, {against}") }
}

/// What it does where it finds harm.
pub fn does(guard: &GuardView) -> String {
    let does = match guard.action.as_str() {
        "kill" => "kills the variant",
        "step-back" => "takes its rollout a stage back",
        "pause" => "pauses its rollout",
        other => other,
    };
    if guard.dry_run { format!("nothing, on a dry run; else {does}") } else { does.to_owned() }
}

/// `28 of 1 515 failed, 1.85 %`
pub fn failed(failed: u64, units: u64) -> String {
    if units == 0 {
        return "none told".to_owned();
    }
    format!("{} of {}, {}", count(failed), count(units), percent(failed as f64 / units as f64))
}

/// How long it has watched: `42 minutes`.
pub fn length(guard: &GuardView, buckets: usize) -> String {
    match guard.bucket_seconds {
        60 => counted(buckets, "minute", "minutes"),
        seconds => format!("{} of {seconds}\u{202F}s", counted(buckets, "bucket", "buckets")),
    }
}

/// Evidence as the server tells it, with its largest power as powers are written.
pub fn evidence(text: &str) -> String {
    text.replace("more than 1 in 10^15", "beyond 1 in 10¹⁵")
}

/// A level as evidence is told: `1 in 1 000`.
pub fn level(level: f64) -> String {
    if level > 0.0 { format!("1 in {}", count((1.0 / level).round() as u64)) } else { String::new() }
}

/// The power of ten of the evidence that a level takes.
pub fn needs(level: f64) -> f64 {
    -level.max(f64::MIN_POSITIVE).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: f64 = 1_764_169_200_000.0; // 2025-11-26T15:00:00Z

    fn guard(standing: &str, more: Value) -> GuardView {
        let mut view = json!({
            "flag": "checkout", "name": "errors", "metric": "outcomes", "variant": "on", "against": "off", "level": 0.001,
            "role": "guardrail", "action": "kill", "dry_run": false, "since": "2025-11-26T13:20:10.000Z",
            "from": "2025-11-26T13:21:00Z", "bucket_seconds": 60,
            "judged": {
                "standing": standing, "words": "in the server's words", "buckets": 42, "until": "2025-11-26T14:02:00Z",
                "evidence": "1 in 56 000", "against_harm": "1 in 70", "units": 1515, "failed": 28,
                "control_units": 28_485, "control_failed": 176, "instances": 2,
            },
        });
        for (member, value) in more.as_object().into_iter().flatten() {
            view[member] = value.clone();
        }
        serde_json::from_value(view).unwrap()
    }

    #[test]
    fn it_says_when_it_fired_in_local_time_and_whether_it_did() {
        let acted =
            json!({ "acted": { "action": "kill", "revision": 118, "at": "2025-11-26T14:03:18.120Z", "reason": "r" } });
        for (standing, more, now, said) in [
            ("harmful", acted, NOW, "Fired at 15:02"),
            ("harmful", json!({ "dry_run": true }), NOW, "Would have fired at 15:02"),
            ("harmful", json!({}), NOW, "Fires, by what it saw until 15:02"),
            ("harmful", json!({ "dry_run": true }), NOW + 86_400_000.0, "Would have fired at 15:02, 26 Nov"),
            (
                "crashing",
                json!({ "dry_run": true }),
                NOW,
                "Would have fired at 15:02: most units fail, with nobody to compare with",
            ),
            ("suspecting", json!({}), NOW, "From too few failures or instances to act on"),
            ("watching", json!({}), NOW, "Neither harm nor harmlessness is shown"),
            ("harmless", json!({}), NOW, "Evidence against harm 1 in 70"),
            ("uneven-arms", json!({}), NOW, "in the server's words"),
        ] {
            assert_eq!(how_it_stands(&guard(standing, more), now, 60), said, "{standing}");
        }
        assert_eq!(standing(&guard("uneven-arms", json!({}))), ("uneven arms".to_owned(), "warn"));
    }

    #[test]
    fn what_needs_somebody_comes_first_and_is_counted() {
        let of = |standings: &[&str]| GuardPage {
            position: Default::default(),
            guards: standings.iter().map(|each| guard(each, json!({}))).collect(),
        };
        let sorted = by_urgency(&of(&["harmless", "watching", "telemetry-missing", "crashing", "suspecting"]));
        let order: Vec<&str> = sorted.iter().map(|guard| guard.judged.standing.as_str()).collect();
        assert_eq!(order, ["crashing", "suspecting", "telemetry-missing", "watching", "harmless"]);
        assert_eq!(
            summary(&sorted),
            "5 guards of 1 flag: 1 found harm, 1 suspecting it, 1 short of what to compare, 1 watching."
        );
        assert_eq!(summary(&by_urgency(&of(&["harmless"]))), "1 guard of 1 flag, all harmless so far.");
    }

    #[test]
    fn counts_and_levels_are_read_as_they_are_written() {
        let plain = |text: String| text.replace('\u{202F}', " ");
        assert_eq!(plain(failed(28, 1515)), "28 of 1 515, 1.8 %");
        assert_eq!(failed(0, 0), "none told");
        assert_eq!(plain(level(0.001)), "1 in 1 000");
        assert_eq!(needs(0.001), 3.0);
        assert_eq!(evidence("more than 1 in 10^15"), "beyond 1 in 10¹⁵");
        assert_eq!(evidence("1 in 56 000"), "1 in 56 000");
        assert_eq!(watches(&guard("watching", json!({}))), "outcomes of on, against off");
        let objective = guard("watching", json!({ "against": null, "objective": 0.01 }));
        assert_eq!(plain(watches(&objective)), "outcomes of on, against an objective of 1 %");
        assert_eq!(length(&guard("watching", json!({})), 42), "42 minutes");
        assert_eq!(plain(length(&guard("watching", json!({ "bucket_seconds": 1 })), 1)), "1 bucket of 1 s");
        assert_eq!(
            does(&guard("watching", json!({ "dry_run": true }))),
            "nothing, on a dry run; else kills the variant"
        );
    }
}
