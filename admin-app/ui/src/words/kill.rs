//! Kills in words: whom they reach, what people see, how far they have come.

use super::message::capital;
use super::number::{count, counted, or_dash};
use super::time::{age, duration};
use downhaul_control::api::{KillScope, Progress, RegionProgress};

/// `everyone`, `eu-west`, `acme or globex`, `acme within eu`; stands after *killed for*.
pub fn scope(scope: &KillScope) -> String {
    let mut parts = Vec::new();
    if let Some(tenants) = &scope.tenant {
        parts.push(any(tenants));
    }
    if let Some(segments) = &scope.segment {
        parts.push(format!("segment {}", any(segments)));
    }
    if let Some(variants) = &scope.variant {
        let whom = if parts.is_empty() { "whoever gets" } else { "getting" };
        parts.push(format!("{whom} {}", any(variants)));
    }
    if let Some(regions) = &scope.region {
        parts.push(if parts.is_empty() {
            format!("everyone within {}", any(regions))
        } else {
            format!("within {}", any(regions))
        });
    }
    if parts.is_empty() { "everyone".to_owned() } else { parts.join(" ") }
}

/// Who gets the degraded variant: `Everyone`, `Users of acme within eu`.
pub fn who_gets(scope: &KillScope) -> String {
    match (&scope.tenant, &scope.segment) {
        (Some(_), _) => format!("Users of {}", self::scope(scope)),
        (None, Some(_)) => format!("Users in {}", self::scope(scope)),
        (None, None) => capital(&self::scope(scope)),
    }
}

/// `Everyone gets`, `Users of acme get`.
pub fn who_get(scope: &KillScope) -> String {
    let one = scope.tenant.is_none() && scope.segment.is_none();
    format!("{} {}", who_gets(scope), if one { "gets" } else { "get" })
}

/// How the reach is decided, as help under the choice of scope.
pub fn scope_help(scope: &KillScope) -> String {
    match scope {
        KillScope { tenant: None, region: None, segment: None, variant: None } => {
            "Off is total: no rule, segment or prerequisite is looked at.".to_owned()
        }
        KillScope { region: Some(regions), .. } => {
            format!("Everyone whose region lies within {}. A client without a region keeps what it has.", any(regions))
        }
        KillScope { variant: Some(_), .. } => "Only those who would reach this variant are degraded.".to_owned(),
        KillScope { segment: Some(_), .. } => "Whoever is in the segment by its rules at that moment.".to_owned(),
        KillScope { tenant: Some(_), .. } => "Only contexts that name one of these tenants.".to_owned(),
    }
}

fn any(values: &[String]) -> String {
    match values {
        [] => "no one".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

/// `9 981 of 10 000 clients dark`.
pub fn dark(progress: &Progress) -> String {
    match progress.live {
        0 if progress.dark_total == 0 => "No client is connected".to_owned(),
        // Those that went dark and have left since still count as reached.
        0 => format!("{} dark, none is connected now", counted(progress.dark_total, "client", "clients")),
        live => format!("{} of {} dark", count(progress.dark as u64), counted(live, "client", "clients")),
    }
}

/// What a screen reader is told, at most every two seconds.
pub fn announcement(progress: &Progress) -> String {
    let mut text = dark(progress);
    if let Some(p99) = progress.p99_ms {
        text.push_str(&format!(", p99 {}", duration(p99)));
    }
    if progress.complete {
        text.push_str(". The kill is complete");
    }
    text
}

/// What is still to come, if anything: `19 still lit`, `2 silent, dark by their stale deadline`.
pub fn remaining(progress: &Progress) -> Option<String> {
    let lit = progress.live.saturating_sub(progress.dark);
    let mut parts = Vec::new();
    if lit > 0 {
        parts.push(format!("{} still lit", count(lit as u64)));
    }
    if progress.unknown > 0 {
        let silent = format!("{} silent", count(progress.unknown as u64));
        parts.push(if progress.degrades_when_stale {
            format!("{silent}, dark within {} s by their stale deadline", progress.stale_seconds)
        } else {
            format!("{silent}, dark when they come back")
        });
    }
    if progress.hidden > 0 {
        parts.push(format!("{} asleep, not waited for", count(progress.hidden as u64)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A latency, or an en dash while no acknowledgement has come.
pub fn latency(ms: Option<f64>) -> String {
    or_dash(ms, duration)
}

/// `all dark`, `3 lit`, `3 lit, 1 silent`.
pub fn region(progress: &RegionProgress) -> String {
    let lit = progress.live.saturating_sub(progress.dark);
    match (lit, progress.unknown) {
        (0, 0) => "all dark".to_owned(),
        (0, silent) => format!("{} silent", count(silent as u64)),
        (lit, 0) => format!("{} lit", count(lit as u64)),
        (lit, silent) => format!("{} lit, {} silent", count(lit as u64), count(silent as u64)),
    }
}

/// `24 s ago`; under a second in tenths, as clients of a live kill are watched that closely.
pub fn heard(ms: u64) -> String {
    let ms = ms as f64;
    if ms < 10_000.0 { format!("{:.1}\u{202F}s ago", ms / 1000.0) } else { format!("{} ago", age(ms)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Split;

    fn plain(text: &str) -> String {
        text.replace('\u{202F}', " ")
    }

    fn list(values: &[&str]) -> Option<Vec<String>> {
        Some(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn scopes() {
        let check = |kill_scope: KillScope, words: &str, who: &str| {
            assert_eq!((scope(&kill_scope).as_str(), who_gets(&kill_scope).as_str()), (words, who));
            let verb = if who.starts_with("Users") { "get" } else { "gets" };
            assert_eq!(who_get(&kill_scope), format!("{who} {verb}"));
        };
        let none = KillScope::default;
        check(none(), "everyone", "Everyone");
        check(
            KillScope { region: list(&["eu", "us"]), ..none() },
            "everyone within eu or us",
            "Everyone within eu or us",
        );
        check(KillScope { tenant: list(&["acme"]), ..none() }, "acme", "Users of acme");
        check(KillScope { tenant: list(&["a", "b", "c"]), ..none() }, "a, b or c", "Users of a, b or c");
        check(KillScope { segment: list(&["staff"]), ..none() }, "segment staff", "Users in segment staff");
        check(KillScope { variant: list(&["on"]), ..none() }, "whoever gets on", "Whoever gets on");
        let all =
            KillScope { tenant: list(&["a"]), region: list(&["eu"]), segment: list(&["s"]), variant: list(&["on"]) };
        check(all, "a segment s getting on within eu", "Users of a segment s getting on within eu");
    }

    #[test]
    fn progress_in_words() {
        let start = Progress { live: 100, ..Progress::default() };
        assert_eq!(plain(&dark(&start)), "0 of 100 clients dark");
        assert_eq!(remaining(&start).unwrap(), "100 still lit");
        assert_eq!(latency(start.p50_ms), "–");
        let most = Progress {
            live: 10_000,
            dark: 9_981,
            dark_total: 9_990,
            unknown: 2,
            hidden: 3,
            stale_seconds: 30,
            degrades_when_stale: true,
            p99_ms: Some(620.0),
            trusted: Split::default(),
            ..Progress::default()
        };
        assert_eq!(plain(&dark(&most)), "9 981 of 10 000 clients dark");
        assert_eq!(
            plain(&remaining(&most).unwrap()),
            "19 still lit; 2 silent, dark within 30 s by their stale deadline; 3 asleep, not waited for"
        );
        assert_eq!(plain(&announcement(&most)), "9 981 of 10 000 clients dark, p99 0.62 s");
        let all = Progress { live: 1, dark: 1, dark_total: 1, complete: true, ..Progress::default() };
        assert_eq!(announcement(&all), "1 of 1 client dark. The kill is complete");
        assert_eq!(remaining(&all), None);
        assert_eq!(dark(&Progress::default()), "No client is connected");
        assert_eq!(
            plain(&dark(&Progress { dark_total: 3, ..Progress::default() })),
            "3 clients dark, none is connected now"
        );
    }

    #[test]
    fn regions_in_words() {
        let words = |live, dark, unknown| region(&RegionProgress { live, dark, unknown });
        assert_eq!(words(5, 5, 0), "all dark");
        assert_eq!(words(5, 2, 0), "3 lit");
        assert_eq!(words(5, 5, 1), "1 silent");
        assert_eq!(words(5, 2, 1), "3 lit, 1 silent");
        assert_eq!(plain(&heard(3_140)), "3.1 s ago");
        assert_eq!(plain(&heard(24_900)), "24 s ago");
    }
}
