use crate::release::{Escalation, RecoveryMetric, Release};
use downhaul_core::ids::FlagKey;
use serde::{Deserialize, Serialize};

/// What a run is about: a release with its way back, or one flag, which only drills are about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Release(Box<Release>),
    Flag(FlagKey),
}

impl Subject {
    /// Seconds within which the way back of a flag should be gone.
    const OBJECTIVE_SECONDS: u32 = 300;

    pub fn key(&self) -> &str {
        match self {
            Subject::Release(release) => release.key.as_str(),
            Subject::Flag(flag) => flag.as_str(),
        }
    }

    pub fn release(&self) -> Option<&Release> {
        match self {
            Subject::Release(release) => Some(release),
            Subject::Flag(_) => None,
        }
    }

    pub fn is_release(&self, key: &str) -> bool {
        self.release().is_some_and(|release| release.key.as_str() == key)
    }

    pub fn is_flag(&self, key: &str) -> bool {
        matches!(self, Subject::Flag(flag) if flag.as_str() == key)
    }

    /// Whether both are the same release or flag, in whatever version.
    pub fn is_same(&self, other: &Subject) -> bool {
        self.release().is_some() == other.release().is_some() && self.key() == other.key()
    }

    pub fn objective_seconds(&self) -> u32 {
        self.release().map_or(Subject::OBJECTIVE_SECONDS, |release| release.objective_seconds)
    }

    pub(super) fn metric(&self, name: &str) -> Option<&RecoveryMetric> {
        self.release().and_then(|release| release.metric(name))
    }

    pub(super) fn escalation(&self) -> Option<&Escalation> {
        self.release().and_then(|release| release.escalation.as_ref())
    }
}
