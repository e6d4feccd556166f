use super::fields::{At, Reader};
use super::tree::Node;
use crate::document::{Breaker, BreakerMode, FleetMode, Probe};

pub(crate) const MODES: &[(&str, BreakerMode)] = &[("act", BreakerMode::Act), ("observe", BreakerMode::Observe)];
pub(crate) const PROBES: &[(&str, Probe)] = &[("units", Probe::Units), ("never", Probe::Never)];

pub(crate) const FLEET_MODES: &[(&str, FleetMode)] =
    &[("off", FleetMode::Off), ("notice", FleetMode::Notice), ("kill", FleetMode::Kill)];

pub(crate) const FIELDS: &[&str] = &[
    "mode",
    "window_seconds",
    "least_calls",
    "failure_share",
    "slow_ms",
    "slow_share",
    "consecutive",
    "timeout_ms",
    "open_seconds",
    "open_at_most_seconds",
    "probe",
    "session_failures",
    "crash_loop",
    "healthy_seconds",
    "fleet",
    "fleet_least",
    "fleet_share",
    "fleet_spread",
];

/// Lowest and highest of each whole number.
pub(crate) const RANGES: &[(&str, u32, u32)] = &[
    ("window_seconds", 1, 600),
    // One failure of one call is half of them, and all.
    ("least_calls", 2, 100_000),
    ("slow_ms", 1, 600_000),
    ("consecutive", 2, 1000),
    ("timeout_ms", 1, 600_000),
    ("open_seconds", 1, 3600),
    ("open_at_most_seconds", 1, 86_400),
    ("session_failures", 1, 100),
    ("crash_loop", 1, 10),
    ("healthy_seconds", 1, 600),
    ("fleet_least", 2, 10_000),
    ("fleet_spread", 1, 8),
];

pub(super) fn read_breaker(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Breaker {
    let Some(fields) = reader.fields(node, at, "a breaker", FIELDS) else { return Breaker::default() };
    let mode = fields.get("mode").and_then(|node| reader.word(node, at.key("mode"), MODES));
    let probe = fields.get("probe").and_then(|node| reader.word(node, at.key("probe"), PROBES));
    let fleet = fields.get("fleet").and_then(|node| reader.word(node, at.key("fleet"), FLEET_MODES));
    let mut whole = |key: &str| fields.get(key).and_then(|node| within(reader, node, at.key(key), key));
    let mut breaker = Breaker {
        mode,
        window_seconds: whole("window_seconds"),
        least_calls: whole("least_calls"),
        slow_ms: whole("slow_ms"),
        consecutive: whole("consecutive"),
        timeout_ms: whole("timeout_ms"),
        open_seconds: whole("open_seconds"),
        open_at_most_seconds: whole("open_at_most_seconds"),
        probe,
        session_failures: whole("session_failures"),
        crash_loop: whole("crash_loop"),
        healthy_seconds: whole("healthy_seconds"),
        fleet,
        fleet_least: whole("fleet_least"),
        fleet_spread: whole("fleet_spread"),
        ..Breaker::default()
    };
    let mut share = |key: &str| fields.get(key).and_then(|node| share(reader, node, at.key(key)));
    breaker.failure_share = share("failure_share");
    breaker.slow_share = share("slow_share");
    breaker.fleet_share = share("fleet_share");
    breaker
}

fn within(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, key: &str) -> Option<u32> {
    let (_, low, high) = RANGES.iter().find(|(name, ..)| *name == key)?;
    reader.within(node, at, *low, *high)
}

fn share(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Option<f64> {
    let found = reader.number(node, at)?;
    let fits = found > 0.0 && found <= 1.0;
    if !fits {
        let help = "a share: `0.5` is half of them";
        let message = "expected a number above 0, and at most 1";
        reader.error("number-out-of-range", node, at, message, Some(help.to_owned()));
    }
    fits.then_some(found)
}
