//! What clients run, counted from their own acknowledgements.

use super::number::counted;
use downhaul_control::api::{FleetGroup, FleetPart, FleetStateKind, FleetView};
use std::collections::BTreeMap;

/// How many of some clients are where, by their revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// At the newest revision.
    pub current: usize,
    /// Live, at an older one.
    pub behind: usize,
    /// Not heard of.
    pub silent: usize,
    /// A page that nobody looks at; it acknowledges once it is looked at again.
    pub hidden: usize,
}

impl Spread {
    pub fn all(self) -> usize {
        self.current + self.behind + self.silent + self.hidden
    }

    fn add(&mut self, group: &FleetGroup, newest: u64) {
        let place = match group.state.as_str() {
            "unknown" => &mut self.silent,
            "hidden" => &mut self.hidden,
            _ if group.revision >= newest => &mut self.current,
            _ => &mut self.behind,
        };
        *place += group.instances;
    }
}

/// By region, the largest first; without one where none was told.
pub fn by_region(fleet: &FleetView) -> Vec<(String, Spread)> {
    spread(fleet, |group| group.region.clone().unwrap_or_default())
}

/// By what they run: `shop-web 4.18.0`, or the SDK where no release was told; the largest first.
pub fn by_release(fleet: &FleetView) -> Vec<(String, Spread)> {
    spread(fleet, |group| group.release.clone().unwrap_or_else(|| format!("no release told, {}", group.sdk)))
}

fn spread(fleet: &FleetView, name: impl Fn(&FleetGroup) -> String) -> Vec<(String, Spread)> {
    let mut by_name: BTreeMap<String, Spread> = BTreeMap::new();
    for group in &fleet.groups {
        by_name.entry(name(group)).or_default().add(group, fleet.position.revision);
    }
    let mut all: Vec<(String, Spread)> = by_name.into_iter().collect();
    all.sort_by_key(|(_, spread)| std::cmp::Reverse(spread.all()));
    all
}

/// Who is in a state: `4 servers with the variant on` where breakers are open, else as the server says it.
pub fn who(kind: FleetStateKind, part: &FleetPart) -> String {
    let told = part.about.as_deref().filter(|_| kind == FleetStateKind::BreakersOpen);
    match told.and_then(|about| about.rsplit_once(", ")) {
        Some((variant, client)) => {
            format!("{} with the variant {variant}", counted(part.clients, client, &format!("{client}s")))
        }
        None => part.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Position;
    use downhaul_core::document::ClientKind;

    #[test]
    fn clients_are_counted_where_they_are() {
        let group = |revision, region: &str, state: &str, instances| FleetGroup {
            revision,
            kill_revision: 1,
            kind: ClientKind::Browser,
            release: (region == "eu").then(|| "shop 4.18".to_owned()),
            sdk: "js 0.1".into(),
            region: (!region.is_empty()).then(|| region.to_owned()),
            state: state.into(),
            instances,
        };
        let fleet = FleetView {
            position: Position { revision: 9, ..Position::default() },
            live: 17,
            hidden: 2,
            unknown: 4,
            trusted: 0,
            claimed: 23,
            current: 10,
            groups: vec![
                group(9, "eu", "live", 10),
                group(8, "eu", "live", 5),
                group(9, "us", "unknown", 4),
                group(9, "", "hidden", 2),
                group(7, "us", "live", 2),
            ],
            problems: BTreeMap::new(),
            behind: vec![],
            refused: 0,
        };
        let regions = by_region(&fleet);
        let names: Vec<&str> = regions.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["eu", "us", ""]);
        assert_eq!(regions[0].1, Spread { current: 10, behind: 5, ..Spread::default() });
        assert_eq!(regions[1].1, Spread { behind: 2, silent: 4, ..Spread::default() });
        assert_eq!(regions[2].1, Spread { hidden: 2, ..Spread::default() });
        let releases = by_release(&fleet);
        assert_eq!(releases[0].0, "shop 4.18");
        assert_eq!(
            releases[1],
            ("no release told, js 0.1".to_owned(), Spread { behind: 2, silent: 4, hidden: 2, current: 0 })
        );
    }

    #[test]
    fn clients_with_open_breakers_are_told_in_words() {
        let part = |clients, about: &str| FleetPart { about: Some(about.to_owned()), clients, ..FleetPart::default() };
        let open = |clients, about| who(FleetStateKind::BreakersOpen, &part(clients, about));
        assert_eq!(open(4, "on, server"), "4 servers with the variant on");
        assert_eq!(open(1, "on, browser"), "1 browser with the variant on");
        assert_eq!(open(2, "whatever"), "2 (whatever)");
        assert_eq!(who(FleetStateKind::ClientsRefusing, &part(3, "a, b")), "3 (a, b)");
    }
}
