use super::{Position, Trust};
use serde::{Deserialize, Serialize};

/// `GET E/fleet/states`: what is not the same for all clients, or not as it should be; the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetStates {
    pub position: Position,
    pub states: Vec<FleetState>,
}

/// What can be the matter with a fleet. Partial rollback is a state, and has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FleetStateKind {
    /// A kill has not reached everyone.
    PartlyDark,
    /// A flag is killed in some regions only.
    KilledInRegions,
    /// Breakers are open, and nobody has killed the flag.
    BreakersOpen,
    /// A release was rolled back, and clients still run it.
    RolledBackRelease,
    /// A cache of a release that was turned back may still serve what was before.
    CachesLagging,
    /// Clients cannot accept what they are given.
    ClientsRefusing,
    /// Nothing is heard of clients that did not say goodbye.
    StaleClients,
    /// Nothing is heard of a whole region.
    SilentRegion,
    /// Live clients are at older revisions than the newest.
    MixedRevisions,
    /// Live clients run several releases of one application.
    MixedReleases,
    /// A flag is killed and restored again and again.
    OscillatingFlag,
    /// Clients go back and forth between revisions.
    OscillatingClients,
    /// What a newer control plane may say.
    #[serde(other)]
    Other,
}

impl FleetStateKind {
    pub fn as_str(self) -> &'static str {
        match self {
            FleetStateKind::PartlyDark => "partly-dark",
            FleetStateKind::KilledInRegions => "killed-in-regions",
            FleetStateKind::BreakersOpen => "breakers-open",
            FleetStateKind::RolledBackRelease => "rolled-back-release",
            FleetStateKind::CachesLagging => "caches-lagging",
            FleetStateKind::ClientsRefusing => "clients-refusing",
            FleetStateKind::StaleClients => "stale-clients",
            FleetStateKind::SilentRegion => "silent-region",
            FleetStateKind::MixedRevisions => "mixed-revisions",
            FleetStateKind::MixedReleases => "mixed-releases",
            FleetStateKind::OscillatingFlag => "oscillating-flag",
            FleetStateKind::OscillatingClients => "oscillating-clients",
            FleetStateKind::Other => "other",
        }
    }
}

/// A state that a fleet is in, for as long as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetState {
    /// The same for as long as it lasts, such as `partly-dark/k-7`.
    pub id: String,
    pub kind: FleetStateKind,
    /// What it is, in one line.
    pub words: String,
    /// Clients that it is about; 0 where it is about none.
    pub clients: usize,
    /// Of these, those with an edge or server key: anybody could make the others up.
    pub trusted: usize,
    /// Who, the largest part first, at most 20.
    pub who: Vec<FleetPart>,
    /// Some of these clients by name, at most 10.
    pub instances: Vec<String>,
    pub since: String,
    /// What to do.
    pub help: String,
    /// The command that does it or shows more, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

/// Clients that have something in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetPart {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// A code of what they cannot accept, the name of a cache, or a variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    pub clients: usize,
}

impl FleetPart {
    /// `3 of shop 2.4.1 in eu-west at revision 41`
    pub fn words(&self) -> String {
        let mut words = if self.clients == 0 { String::new() } else { self.clients.to_string() };
        let mut add = |before: &str, what: Option<String>| {
            if let Some(what) = what {
                let before = if words.is_empty() { before.trim_start_matches("of ") } else { before };
                let gap = if words.is_empty() { "" } else { " " };
                words.push_str(&format!("{gap}{before}{what}"));
            }
        };
        add("of ", self.release.clone());
        add(
            "in ",
            self.region.clone().map(|region| if region.is_empty() { "no region told".to_owned() } else { region }),
        );
        add("at revision ", self.revision.map(|revision| revision.to_string()));
        add("", self.about.as_ref().map(|about| format!("({about})")));
        words
    }
}
