use super::Limit;
use downhaul_core::ids::FlagKey;
use serde::{Deserialize, Serialize};

/// The flag that the control plane kills and restores by itself, to know how long a kill takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Nothing else may rest on it.
    pub flag: FlagKey,
    /// Seconds from one beat to the next. Each is two changes in the chart.
    #[serde(default)]
    pub every_seconds: Limit<10, 86_400, 600>,
    /// Milliseconds within which 99 of 100 clients are to have it; where two beats in a row took longer, that is an alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<Limit<10, 600_000, 2_000>>,
}
