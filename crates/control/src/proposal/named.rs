use crate::command::Command;
use crate::state::{State, Touch};
use downhaul_core::document::FlagSet;
use downhaul_core::ids::{FlagKey, SegmentKey, TenantId};
use std::collections::BTreeSet;
use std::fmt;

/// One thing that a command defines or ends: what two proposals can be in each other's way about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Flag(FlagKey),
    Segment(SegmentKey),
    Tenant(TenantId),
    Regions,
    Policy,
    Kill(String),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::Flag(key) => write!(f, "`{key}`"),
            Named::Segment(key) => write!(f, "the segment `{key}`"),
            Named::Tenant(tenant) => write!(f, "the tenant `{tenant}`"),
            Named::Regions => f.write_str("the region tree"),
            Named::Policy => f.write_str("the policy"),
            Named::Kill(id) => write!(f, "the kill `{id}`"),
        }
    }
}

impl Named {
    /// All that a flag set defines.
    pub(crate) fn within(document: &FlagSet) -> impl Iterator<Item = Named> {
        let flags = document.flags.iter().map(|flag| Named::Flag(flag.key.clone()));
        let segments = document.segments.keys().cloned().map(Named::Segment);
        let tenants = document.tenants.keys().cloned().map(Named::Tenant);
        let regions = (!document.regions.is_empty()).then_some(Named::Regions);
        flags.chain(segments).chain(tenants).chain(regions)
    }
}

impl Command {
    /// What it defines, or ends by a restore. Kills, people, releases and what is said about proposals define nothing.
    pub fn names(&self) -> BTreeSet<Named> {
        match self {
            Command::PutFlag { flag } => BTreeSet::from([Named::Flag(flag.key.clone())]),
            Command::RetireFlag { key } => BTreeSet::from([Named::Flag(key.clone())]),
            Command::Migrate { step } => BTreeSet::from([Named::Flag(step.flag.clone())]),
            Command::PutSegment { key, .. } | Command::RemoveSegment { key } => {
                BTreeSet::from([Named::Segment(key.clone())])
            }
            Command::PutTenant { tenant, .. } | Command::RemoveTenant { tenant } => {
                BTreeSet::from([Named::Tenant(tenant.clone())])
            }
            Command::PutRegions { .. } => BTreeSet::from([Named::Regions]),
            Command::PutPolicy { .. } => BTreeSet::from([Named::Policy]),
            Command::Restore { id } => BTreeSet::from([Named::Kill(id.clone())]),
            Command::StartRollout { rollout, .. } => BTreeSet::from([Named::Flag(rollout.flag.clone())]),
            Command::Rollout { event, .. } => {
                event.put().map(|flag| Named::Flag(flag.key.clone())).into_iter().collect()
            }
            Command::Apply { commands } => commands.iter().flat_map(Command::names).collect(),
            _ => BTreeSet::new(),
        }
    }
}

impl State {
    /// The last change that defined it, or ended it.
    pub fn defined(&self, named: &Named) -> Option<&Touch> {
        match named {
            Named::Kill(id) => self.kills.get(id)?.restored.as_ref(),
            Named::Policy => self.policy_touch.as_ref(),
            other => self.defined.get(other),
        }
    }

    /// The same, and of a flag also the last change of its kills.
    pub(crate) fn touched_last(&self, named: &Named) -> Option<&Touch> {
        match named {
            Named::Flag(key) => self.touched.get(key),
            other => self.defined(other),
        }
    }
}
