use serde::{Deserialize, Serialize};

/// `GET E/releases/{key}/rollback`: answered with 200 where it is complete, else with 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackStatus {
    pub release: String,
    /// The newest rollback of the release since it was put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Every check is good.
    pub complete: bool,
    pub checks: Vec<HealthCheck>,
}

/// `GET E/kills/{id}/confirmed`: answered with 200 where it is confirmed, else with 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KillStatus {
    pub kill: String,
    pub flag: String,
    /// It is in force, every live client is dark, and every other one is past its stale deadline.
    pub confirmed: bool,
    pub in_force: bool,
    pub live: usize,
    /// Of `live`.
    pub dark: usize,
    /// Not heard of, and without it.
    pub unknown: usize,
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// `run kills clients recovery`
    pub name: String,
    pub ok: bool,
    pub words: String,
}
