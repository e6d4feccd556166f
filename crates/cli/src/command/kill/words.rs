use crate::render::{ago, counted, kind_word, milliseconds};
use downhaul_control::api::{KillView, Progress, Straggler};

/// Stragglers that are named; more are only counted.
const NAMED_STRAGGLERS: usize = 10;

/// The line that is redrawn while a kill spreads.
pub(super) fn live_words(kill: &KillView) -> String {
    match &kill.progress {
        Some(progress) => format!("{}{}", dark_words(progress), times(progress)),
        None => "not measured".to_owned(),
    }
}

/// That a kill is not enough, and what is.
pub(super) fn one_way_words(flag: &str, fix: &str) -> String {
    format!("`{flag}` is forward-fix-only: what it has done stays; forward fix: {}", fix_words(fix))
}

pub(crate) fn fix_words(fix: &str) -> &str {
    if fix.is_empty() { "none was written down" } else { fix }
}

/// Who is dark, how fast, by what, and what happens to the rest.
pub(super) fn report(kill: &KillView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(restored) = &kill.restored {
        lines.push(format!("restored meanwhile by {}: {}", restored.by, restored.reason));
    }
    let Some(progress) = &kill.progress else { return lines };
    let verdict = if progress.complete { "complete" } else { "not complete" };
    lines.push(format!("{verdict}: {}{}", dark_words(progress), times(progress)));
    let (trusted, claimed) = (&progress.trusted, &progress.claimed);
    lines.push(format!(
        "by push: {} of {}, {} of {}",
        trusted.dark,
        counted(trusted.live, "trusted client"),
        claimed.dark,
        counted(claimed.live, "claimed one")
    ));
    if progress.hidden > 0 {
        lines.push(format!("not waited for: {} of a hidden page", counted(progress.hidden, "client")));
    }
    if progress.unknown > 0 {
        lines.push(unreached(progress));
    }
    let named = progress.stragglers.iter().take(NAMED_STRAGGLERS);
    let unnamed = progress.stragglers_total.saturating_sub(named.len());
    lines.extend(named.map(|straggler| format!("  {}", straggler_words(straggler))));
    if unnamed > 0 {
        lines.push(format!("  and {}", counted(unnamed, "further client")));
    }
    lines
}

/// What bounds the kill for those that are not heard of.
fn unreached(progress: &Progress) -> String {
    let who = counted(progress.unknown, "client");
    if progress.degrades_when_stale {
        let seconds = progress.stale_seconds;
        format!("by stale deadline: {who} not heard of; dark by themselves {seconds} s after their last byte from here")
    } else {
        format!(
            "not reached: {who} not heard of; the flag keeps its variant when stale, so they change when they return"
        )
    }
}

fn dark_words(progress: &Progress) -> String {
    if progress.live == 0 && progress.unknown == 0 {
        return "no live client to wait for".to_owned();
    }
    let mut words = format!("{} of {} dark", progress.dark, counted(progress.live, "live client"));
    if progress.hidden > 0 {
        words.push_str(&format!(", {} hidden", progress.hidden));
    }
    if progress.unknown > 0 {
        words.push_str(&format!(", {} unknown", progress.unknown));
    }
    words
}

fn times(progress: &Progress) -> String {
    match (progress.p50_ms, progress.p99_ms, progress.slowest_ms) {
        (Some(p50), Some(p99), Some(slowest)) => {
            format!("; p50 {}, p99 {}, slowest {}", milliseconds(p50), milliseconds(p99), milliseconds(slowest))
        }
        _ => String::new(),
    }
}

fn straggler_words(straggler: &Straggler) -> String {
    let release = straggler.release.as_deref().map(|release| format!(", {release}")).unwrap_or_default();
    let region = straggler.region.as_deref().map(|region| format!(" in {region}")).unwrap_or_default();
    format!(
        "{} {}{region} ({}{release}), last heard {}, revision {}: {}",
        kind_word(straggler.kind),
        straggler.instance,
        straggler.sdk,
        ago(straggler.last_seen_ms),
        straggler.revision,
        straggler.will,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A kill whose progress is this, and otherwise nothing remarkable.
    fn kill(progress: Value) -> KillView {
        let mut whole = json!({
            "live": 0, "dark": 0, "dark_total": 0, "hidden": 0, "unknown": 0,
            "trusted": { "live": 0, "dark": 0, "unknown": 0 }, "claimed": { "live": 0, "dark": 0, "unknown": 0 },
            "elapsed_ms": 1000.0, "by_region": {}, "stragglers": [], "stragglers_total": 0, "complete": false,
            "stale_seconds": 45, "degrades_when_stale": false,
        });
        for (member, value) in progress.as_object().unwrap() {
            whole[member] = value.clone();
        }
        serde_json::from_value(json!({
            "id": "k-1", "flag": "f", "scope": {}, "scope_text": "everyone", "reason": "r", "by": "a-1",
            "at": "2026-11-24T00:00:00.000Z", "effect": "nothing", "degraded_variant": "off",
            "position": { "epoch": 1, "revision": 2, "kill_revision": 1 }, "progress": whole,
        }))
        .unwrap()
    }

    fn straggler(instance: &str) -> Value {
        json!({
            "instance": instance, "kind": "browser", "trust": "claimed", "region": "eu-west", "sdk": "downhaul-js/0.1.0",
            "release": "shop 2.4.1", "last_seen_ms": 12_400, "revision": 41, "will": "connected, has not acknowledged",
        })
    }

    #[test]
    fn all_dark_by_push() {
        let kill = kill(json!({
            "live": 100, "dark": 100, "trusted": { "live": 3, "dark": 3, "unknown": 0 },
            "claimed": { "live": 97, "dark": 97, "unknown": 0 }, "p50_ms": 8.42, "p99_ms": 41.0, "slowest_ms": 43.9,
            "complete": true,
        }));
        insta::assert_snapshot!(live_words(&kill), @"100 of 100 live clients dark; p50 8.4 ms, p99 41 ms, slowest 44 ms");
        insta::assert_snapshot!(report(&kill).join("\n"), @r#"
        complete: 100 of 100 live clients dark; p50 8.4 ms, p99 41 ms, slowest 44 ms
        by push: 3 of 3 trusted clients, 97 of 97 claimed ones
        "#);
    }

    #[test]
    fn stragglers_and_what_becomes_of_them() {
        let progress = json!({
            "live": 20, "dark": 8, "hidden": 2, "unknown": 1, "claimed": { "live": 20, "dark": 8, "unknown": 1 },
            "stragglers": (0..12).map(|number| straggler(&format!("i-{number}"))).collect::<Vec<_>>(),
            "stragglers_total": 13,
        });
        insta::assert_snapshot!(report(&kill(progress.clone())).join("\n"), @r#"
        not complete: 8 of 20 live clients dark, 2 hidden, 1 unknown
        by push: 0 of 0 trusted clients, 8 of 20 claimed ones
        not waited for: 2 clients of a hidden page
        not reached: 1 client not heard of; the flag keeps its variant when stale, so they change when they return
          browser i-0 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-1 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-2 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-3 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-4 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-5 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-6 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-7 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-8 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          browser i-9 in eu-west (downhaul-js/0.1.0, shop 2.4.1), last heard 12 s ago, revision 41: connected, has not acknowledged
          and 3 further clients
        "#);
        let mut by_deadline = progress;
        by_deadline["degrades_when_stale"] = json!(true);
        let lines = report(&kill(by_deadline));
        insta::assert_snapshot!(lines[3], @"by stale deadline: 1 client not heard of; dark by themselves 45 s after their last byte from here");
    }

    #[test]
    fn nobody_is_there() {
        insta::assert_snapshot!(report(&kill(json!({ "complete": true }))).join("\n"), @r#"
        complete: no live client to wait for
        by push: 0 of 0 trusted clients, 0 of 0 claimed ones
        "#);
    }
}
