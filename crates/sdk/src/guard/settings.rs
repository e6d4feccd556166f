use serde::Deserialize;
use serde_json::Value;

/// What a flag's document says of its breaker, as the envelope's header carries it, with nothing left out;
/// docs/reference/document.md.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Whether it acts; else it counts, and lets everything through.
    pub(crate) acts: bool,
    pub(crate) window_ms: f64,
    pub(crate) least_calls: u64,
    pub(crate) failure_share: f64,
    pub(crate) slow_ms: Option<f64>,
    pub(crate) slow_share: f64,
    pub(crate) consecutive: u64,
    pub(crate) timeout_ms: Option<f64>,
    pub(crate) open_ms: f64,
    pub(crate) open_at_most_ms: f64,
    /// Whether it tries again by itself.
    pub(crate) probes: bool,
    /// How many starts that crash are enough.
    pub(crate) crash_loop: u64,
    /// How long a start has to live to have come through.
    pub(crate) healthy_ms: f64,
}

/// The declared breaker of a flag: what it falls back to, under which definition, and its settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// The degraded variant.
    pub(crate) fallback: String,
    /// Names the definition that clients of this audience see: what failed under another one says nothing.
    pub(crate) of: String,
    pub(crate) settings: Settings,
}

/// Numbers that are none, or not above 0, are as if nothing stood there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    fallback: String,
    of: String,
    mode: Value,
    window_seconds: Value,
    least_calls: Value,
    failure_share: Value,
    slow_ms: Value,
    slow_share: Value,
    consecutive: Value,
    timeout_ms: Value,
    open_seconds: Value,
    open_at_most_seconds: Value,
    probe: Value,
    crash_loop: Value,
    healthy_seconds: Value,
}

impl Declared {
    /// `None` for a breaker of a kind that this release does not know.
    pub(crate) fn read(value: &Value) -> Option<Declared> {
        let written = Written::deserialize(value).ok()?;
        let settings = settings(&written, written.mode != "observe");
        Some(Declared { fallback: written.fallback, of: written.of, settings })
    }
}

/// Of a flag without a breaker: observed.
pub(crate) fn observed() -> Settings {
    settings(&Written::default(), false)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of calls, above 0")]
fn settings(written: &Written, acts: bool) -> Settings {
    let given = |value: &Value| value.as_f64().filter(|number| *number > 0.0);
    let count = |value: &Value, otherwise: u64| given(value).map_or(otherwise, |number| number.ceil() as u64);
    let seconds = |value: &Value, otherwise: f64| given(value).unwrap_or(otherwise) * 1000.0;
    Settings {
        acts,
        window_ms: seconds(&written.window_seconds, 10.0),
        least_calls: count(&written.least_calls, 20),
        failure_share: given(&written.failure_share).unwrap_or(0.5),
        slow_ms: given(&written.slow_ms),
        slow_share: given(&written.slow_share).unwrap_or(0.8),
        consecutive: count(&written.consecutive, 5),
        timeout_ms: given(&written.timeout_ms),
        open_ms: seconds(&written.open_seconds, 5.0),
        open_at_most_ms: seconds(&written.open_at_most_seconds, 300.0),
        probes: written.probe != "never",
        crash_loop: count(&written.crash_loop, 2),
        healthy_ms: seconds(&written.healthy_seconds, 10.0),
    }
}
