use serde::{Deserialize, Serialize};

/// When clients turn a flag off for themselves, because what it leads to fails. `None` is the default of docs/reference/document.md.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Breaker {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<BreakerMode>,
    /// Over how many seconds calls are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    /// Fewer calls within the window prove nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_calls: Option<u32>,
    /// The share of these that may not fail, above 0 and at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_share: Option<f64>,
    /// A call that takes longer is slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<u32>,
    /// The share of these that may not be slow, above 0 and at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_share: Option<f64>,
    /// So many failures in a row are enough by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive: Option<u32>,
    /// A call that is not back by then has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
    /// How long it stays open the first time; twice as long each further time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_at_most_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// In a page: so many failures, and it stays open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_failures: Option<u32>,
    /// In a page: after so many starts that did not come through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash_loop: Option<u32>,
    /// In a page: a start has come through when it has lived so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy_seconds: Option<u32>,
    /// What the control plane does where the breakers of many clients are open. Clients never receive this and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetMode>,
    /// Breakers of fewer instances prove nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet_least: Option<u32>,
    /// Nor do those of a smaller share of the instances, above 0 and at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet_share: Option<f64>,
    /// Nor do those of fewer regions and fewer versions of the client than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet_spread: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetMode {
    Off,
    /// Says so, and does nothing.
    Notice,
    /// Kills the variant for everyone.
    Kill,
}

impl Breaker {
    pub const FLEET_LEAST: u32 = 3;
    pub const FLEET_SHARE: f64 = 0.05;
    pub const FLEET_SPREAD: u32 = 2;

    pub fn fleet(&self) -> FleetMode {
        self.fleet.unwrap_or(FleetMode::Off)
    }

    /// As clients are given it.
    #[must_use]
    pub fn for_clients(&self) -> Breaker {
        Breaker { fleet: None, fleet_least: None, fleet_share: None, fleet_spread: None, ..self.clone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BreakerMode {
    Act,
    /// Counts, and never acts.
    Observe,
}

/// How an open breaker finds out that all is well again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// A few bucketing units try.
    Units,
    /// Somebody says so.
    Never,
}
