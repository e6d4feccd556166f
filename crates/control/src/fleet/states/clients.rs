//! What follows from what clients say of themselves.

use super::super::{Fleet, Standing};
use super::{Around, One, are, clients, state};
use crate::api::{FleetPart, FleetState, FleetStateKind};
use downhaul_core::document::ClientKind;
use std::collections::BTreeMap;
use std::time::Duration;

/// A client that went back so often, each time within so long of the time before, goes back and forth.
const SWINGS: u32 = 3;
pub(in crate::fleet) const SWING: Duration = Duration::from_secs(600);

impl Fleet {
    /// Live clients that have not taken up what has been there for the settling time.
    pub(super) fn mixed_revisions(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let live = self.of_standing(Standing::Live, around.now);
        let settled = around.now.saturating_sub(self.limits.settle);
        let lacks = |one: &One<'_>| self.lacks_since(one.instance.said.position).filter(|since| *since <= settled);
        let late: Vec<One<'_>> = live.iter().copied().filter(|one| lacks(one).is_some()).collect();
        let Some(since) = late.iter().filter_map(lacks).min() else { return };
        let newest = around.state.position().revision;
        let words =
            format!("{} of {} live {} at an older revision than {newest}", late.len(), live.len(), are(late.len()));
        let polling = late.iter().filter(|one| one.instance.polls()).count();
        let help = match polling {
            0 => "a stream that is cut is found within seconds; restart a client that stays behind, and look at what stands between".to_owned(),
            all if all == late.len() => "they poll, and take it up with their next request; look why they have no stream".to_owned(),
            some => format!("{some} of them poll, and take it up with their next request; restart the others if they stay behind"),
        };
        states.push(
            state(FleetStateKind::MixedRevisions, "", words, around.when(since))
                .about(&late, |one| FleetPart { revision: Some(one.instance.said.position.revision), ..of(one) })
                .help(help, Some("downhaul status --watch".to_owned())),
        );
    }

    /// Several releases of one application, told apart by kind of client and by what stands before the version.
    pub(super) fn mixed_releases(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let mut applications: BTreeMap<(ClientKind, &str), Vec<One<'_>>> = BTreeMap::new();
        let live = self.of_standing(Standing::Live, around.now);
        for one in &live {
            if let Some(release) = one.instance.said.release.as_deref() {
                applications.entry((one.instance.kind, application(release))).or_default().push(*one);
            }
        }
        for ((kind, name), of_application) in applications {
            // Since when each release is run; the second of them began the mixture.
            let mut since: BTreeMap<&str, Duration> = BTreeMap::new();
            for one in &of_application {
                let ran = since.entry(one.release().unwrap_or_default()).or_insert(Duration::MAX);
                *ran = (*ran).min(one.instance.runs_since);
            }
            let mut began: Vec<Duration> = since.values().copied().collect();
            began.sort_unstable();
            let Some(second) = began.get(1) else { continue };
            let kind = match kind {
                ClientKind::Browser => "browser",
                ClientKind::Edge => "edge",
                ClientKind::Server => "server",
            };
            let of = if name.is_empty() { kind.to_owned() } else { format!("{kind}/{name}") };
            let what = if name.is_empty() { String::new() } else { format!(" of {name}") };
            let words = format!("{} releases{what} are run by {kind} clients", began.len());
            states.push(
                state(FleetStateKind::MixedReleases, &of, words, around.when(*second))
                    .about(&of_application, |one| FleetPart { region: None, ..self::of(one) })
                    .help("a roll-out or roll-back of the application is under way, or has stopped half way: finish it, or go back", None),
            );
        }
    }

    /// Clients that said nothing for the lease, and no goodbye; regions of which that holds for all of them apart.
    pub(super) fn stale(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let (live, silent) =
            (self.of_standing(Standing::Live, around.now), self.of_standing(Standing::Unknown, around.now));
        let mut regions: BTreeMap<&str, Vec<One<'_>>> = BTreeMap::new();
        for one in silent.iter().filter(|one| !one.region().is_empty()) {
            regions.entry(one.region()).or_default().push(*one);
        }
        // One page that was closed without a word is no region.
        regions.retain(|region, ones| {
            (ones.len() > 1 || ones.iter().any(One::is_trusted)) && !live.iter().any(|one| one.region() == *region)
        });
        let lost = |one: &One<'_>| one.instance.last_seen.saturating_add(self.limits.lease);
        let since = |ones: &[One<'_>]| around.when(ones.iter().map(lost).min().unwrap_or(around.now));
        let help = "they keep what they had; flags with `on_stale: degraded` go dark by themselves, and what was killed meanwhile reaches the others once they are back: look whether they run, and at the network between";
        let command = || Some("downhaul status".to_owned());
        for (region, ones) in &regions {
            let words = format!("nothing is heard of {region}: {} {} silent", clients(ones.len()), are(ones.len()));
            states.push(
                state(FleetStateKind::SilentRegion, region, words, since(ones)).about(ones, of).help(help, command()),
            );
        }
        let rest: Vec<One<'_>> = silent.iter().filter(|one| !regions.contains_key(one.region())).copied().collect();
        if !rest.is_empty() {
            let words = format!("nothing is heard of {}, which said no goodbye", clients(rest.len()));
            states.push(
                state(FleetStateKind::StaleClients, "", words, since(&rest)).about(&rest, of).help(help, command()),
            );
        }
    }

    pub(super) fn refusing(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let mut refusing = self.of_standing(Standing::Live, around.now);
        refusing.retain(|one| !one.instance.said.problems.is_empty());
        let since = refusing.iter().filter_map(|one| one.instance.refuses_since).min();
        let Some(since) = since else { return };
        let words = format!(
            "{} cannot accept what is given out, and {} what was there",
            clients(refusing.len()),
            if refusing.len() == 1 { "keeps" } else { "keep" }
        );
        states.push(
            state(FleetStateKind::ClientsRefusing, "", words, around.when(since))
                .about(&refusing, |one| FleetPart { about: one.instance.said.problems.first().cloned(), ..of(one) })
                .help("no kill reaches them before that is mended: the code says what they refuse, docs/reference/protocol.md what it means", None),
        );
    }

    /// Clients that told of older revisions after newer ones, again and again.
    pub(super) fn oscillating(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let mut swinging = self.of_standing(Standing::Live, around.now);
        swinging.retain(|one| {
            let swing = &one.instance.swing;
            swing.count >= SWINGS && around.now.saturating_sub(swing.last) <= SWING
        });
        let Some(since) = swinging.iter().map(|one| one.instance.swing.first).min() else { return };
        let words = format!(
            "{} {} back and forth between revisions",
            clients(swinging.len()),
            if swinging.len() == 1 { "goes" } else { "go" }
        );
        states.push(
            state(FleetStateKind::OscillatingClients, "", words, around.when(since))
                .about(&swinging, |one| FleetPart { revision: Some(one.instance.swing.low), ..of(one) })
                .help("two processes share one instance's name, or something between gives out what it has kept: look at caches and relays in front of these clients", None),
        );
    }
}

/// By release and region.
fn of(one: &One<'_>) -> FleetPart {
    FleetPart {
        release: one.instance.said.release.clone(),
        region: one.instance.said.region.clone(),
        trust: Some(one.instance.trust()),
        ..FleetPart::default()
    }
}

/// What stands before the version: `shop` of `shop 2.4.1`, `shop-2.4.1` or `shop@v2`; nothing of `2.4.1`.
fn application(release: &str) -> &str {
    let is_version = |text: &str| text.strip_prefix('v').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    let parts = release.char_indices().filter(|(_, c)| matches!(c, ' ' | '-' | '_' | '@' | ':' | '/'));
    let cut = parts.map(|(at, _)| at).find(|at| release.get(at + 1..).is_some_and(is_version));
    cut.and_then(|at| release.get(..at)).unwrap_or_default()
}

#[cfg(test)]
#[test]
fn applications() {
    for (release, name) in [
        ("shop 2.4.1", "shop"),
        ("shop-2.4.1-rc.1", "shop"),
        ("check-out@v2", "check-out"),
        ("2.4.1", ""),
        ("v2-beta", ""),
        ("5f2a11c", ""),
        ("", ""),
    ] {
        assert_eq!(application(release), name, "{release}");
    }
}
