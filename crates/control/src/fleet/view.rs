use super::{Fleet, Standing};
use crate::api::{FleetGroup, FleetView, InstanceView, Position, Trust};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Groups that are listed.
const GROUPS: usize = 500;
/// Instances that are named.
const NAMED: usize = 100;

impl Fleet {
    /// Everyone, as people see it. `position` is the environment's newest.
    pub fn view(&self, position: Position, now: Duration) -> FleetView {
        let mut view = FleetView {
            position,
            live: 0,
            hidden: 0,
            unknown: 0,
            trusted: 0,
            claimed: 0,
            current: 0,
            groups: Vec::new(),
            problems: BTreeMap::new(),
            behind: Vec::new(),
            refused: self.refused,
        };
        let mut groups = BTreeMap::new();
        let mut behind = Vec::new();
        for (id, instance) in &self.instances {
            let said = &instance.said;
            let standing = self.standing(instance, now);
            let is_current = said.position >= position;
            match standing {
                Standing::Live => view.live += 1,
                Standing::Hidden => view.hidden += 1,
                Standing::Unknown => view.unknown += 1,
            }
            if standing == Standing::Live {
                view.current += usize::from(is_current);
                match instance.trust() {
                    Trust::Trusted => view.trusted += 1,
                    Trust::Claimed => view.claimed += 1,
                }
            }
            for problem in &said.problems {
                *view.problems.entry(problem.clone()).or_default() += 1;
            }
            if standing == Standing::Unknown || (standing == Standing::Live && !is_current) {
                behind.push((id, instance, standing));
            }
            let group = (
                said.position.revision,
                said.position.kill_revision,
                instance.kind,
                &said.release,
                &said.sdk,
                &said.region,
                standing,
            );
            *groups.entry(group).or_insert(0_usize) += 1;
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, instances)| Reverse(*instances));
        groups.truncate(GROUPS);
        view.groups = groups
            .into_iter()
            .map(|((revision, kill_revision, kind, release, sdk, region, standing), instances)| FleetGroup {
                revision,
                kill_revision,
                kind,
                release: release.clone(),
                sdk: sdk.clone(),
                region: region.clone(),
                state: standing.as_str().to_owned(),
                instances,
            })
            .collect();
        behind.sort_by_key(|(_, instance, _)| instance.last_seen);
        behind.truncate(NAMED);
        view.behind = behind
            .into_iter()
            .map(|(id, instance, standing)| InstanceView {
                instance: id.instance.clone(),
                kind: instance.kind,
                trust: instance.trust(),
                state: instance.said.state,
                unknown: standing == Standing::Unknown,
                position: instance.said.position,
                sdk: instance.said.sdk.clone(),
                release: instance.said.release.clone(),
                region: instance.said.region.clone(),
                transport: instance.said.transport,
                problems: instance.said.problems.clone(),
                last_seen_ms: u64::try_from(now.saturating_sub(instance.last_seen).as_millis()).unwrap_or(u64::MAX),
            })
            .collect();
        view
    }
}
