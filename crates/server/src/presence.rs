//! Who has which flag open in the console. It is told by the pages themselves, and forgotten where they tell no more.

use downhaul_control::api::{PresenceRequest, PresenceView, SeatView};
use downhaul_control::views::Names;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A page that has not been heard of for that long is gone. It tells every 20 s.
const KEPT: Duration = Duration::from_secs(45);
/// Pages of one person, and of all; the ones heard of longest ago are given up.
const PER_ACTOR: usize = 20;
const ALL: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Presence {
    seats: Mutex<BTreeMap<Page, Seat>>,
    /// Counts what changed who is where.
    changes: watch::Sender<u64>,
}

/// An actor, and a page of theirs.
type Page = (String, String);

#[derive(Debug, Clone, PartialEq)]
struct Seat {
    flag: String,
    edits: bool,
    since: String,
    heard: Instant,
}

impl Default for Presence {
    fn default() -> Self {
        Presence { seats: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Presence {
    /// Takes in what a page of an actor shows. `at` is when it came there, if it has only now.
    pub(crate) fn tell(&self, actor: &str, told: &PresenceRequest, at: &str, now: Instant) {
        let page = (actor.to_owned(), told.tab.clone());
        let mut seats = self.locked();
        let before = seats.len();
        seats.retain(|_, seat| now.duration_since(seat.heard) < KEPT);
        let is_news = match &told.flag {
            None => seats.remove(&page).is_some(),
            Some(flag) => {
                let known = seats.get(&page).filter(|seat| seat.flag == *flag && seat.edits == told.edits);
                let is_news = known.is_none();
                let since = known.map_or_else(|| at.to_owned(), |seat| seat.since.clone());
                seats.insert(page, Seat { flag: flag.clone(), edits: told.edits, since, heard: now });
                give_up(&mut seats, PER_ACTOR, |page| page.0 == actor);
                give_up(&mut seats, ALL, |_| true);
                is_news
            }
        };
        if is_news || seats.len() != before {
            drop(seats);
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Who is there now.
    pub(crate) fn view(&self, names: &Names, now: Instant) -> PresenceView {
        let mut seats = self.locked();
        seats.retain(|_, seat| now.duration_since(seat.heard) < KEPT);
        let seats = seats.iter().map(|((actor, tab), seat)| SeatView {
            actor: actor.clone(),
            name: names.get(actor).cloned(),
            tab: tab.clone(),
            flag: seat.flag.clone(),
            edits: seat.edits,
            since: seat.since.clone(),
        });
        PresenceView { seats: seats.collect() }
    }

    /// Told where someone comes, goes, or begins to edit; who has merely not been heard of for long is found by looking.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Page, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves at most so many of those that are meant.
fn give_up(seats: &mut BTreeMap<Page, Seat>, most: usize, is_meant: impl Fn(&Page) -> bool) {
    while seats.keys().filter(|page| is_meant(page)).count() > most {
        let oldest = seats.iter().filter(|(page, _)| is_meant(page)).min_by_key(|(_, seat)| seat.heard);
        let Some(page) = oldest.map(|(page, _)| page.clone()) else { return };
        seats.remove(&page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tab: &str, flag: Option<&str>, edits: bool) -> PresenceRequest {
        PresenceRequest { tab: tab.to_owned(), flag: flag.map(str::to_owned), edits }
    }

    fn words(presence: &Presence, now: Instant) -> Vec<String> {
        let seats = presence.view(&Names::new(), now).seats;
        let does = |seat: &SeatView| if seat.edits { "edits" } else { "has" };
        seats.iter().map(|seat| format!("{} {} {} since {}", seat.actor, does(seat), seat.flag, seat.since)).collect()
    }

    #[test]
    fn who_comes_stays_and_goes() {
        let (presence, start) = (Presence::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut changes = presence.changes();
        let mut is_news = move || {
            let news = changes.has_changed().unwrap();
            changes.mark_unchanged();
            news
        };
        presence.tell("a", &told("1", Some("f"), false), "14:00", start);
        assert!(is_news());
        presence.tell("a", &told("1", Some("f"), false), "14:20", after(20));
        assert!(!is_news(), "it is there still");
        assert_eq!(words(&presence, after(20)), ["a has f since 14:00"]);
        presence.tell("a", &told("1", Some("f"), true), "14:30", after(30));
        assert!(is_news());
        presence.tell("b", &told("1", Some("f"), false), "14:31", after(31));
        assert_eq!(words(&presence, after(40)), ["a edits f since 14:30", "b has f since 14:31"]);
        presence.tell("b", &told("1", None, false), "14:41", after(41));
        assert_eq!(words(&presence, after(41)), ["a edits f since 14:30"]);
        assert_eq!(words(&presence, after(75)), Vec::<String>::new(), "who tells no more is gone");
    }

    #[test]
    fn nobody_fills_it() {
        let (presence, start) = (Presence::default(), Instant::now());
        for tab in 0..100 {
            let now = start + Duration::from_millis(tab);
            presence.tell("a", &told(&format!("{tab:03}"), Some("f"), false), "14:00", now);
        }
        let seats = presence.view(&Names::new(), start + Duration::from_secs(1)).seats;
        assert_eq!((seats.len(), seats.first().unwrap().tab.as_str()), (PER_ACTOR, "080"));
    }
}
