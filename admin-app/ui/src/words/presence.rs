//! Who else has a flag open.

use super::time::{hour, parse};
use downhaul_control::api::SeatView;

/// Somebody who is here, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    pub actor: String,
    pub initials: String,
    /// `Maya Kern edits this flag since 14:05`.
    pub words: String,
    pub edits: bool,
}

/// Everybody else at a flag, and oneself in other pages; who edits comes first. `tab` is this page.
pub fn others(seats: &[SeatView], flag: &str, tab: &str, me: &str, offset: i32) -> Vec<Other> {
    let mut found: Vec<&SeatView> = Vec::new();
    for seat in seats.iter().filter(|seat| seat.flag == flag && !(seat.actor == me && seat.tab == tab)) {
        match found.iter_mut().find(|known| known.actor == seat.actor) {
            // Of several pages the one counts that may change something.
            Some(known) if seat.edits && !known.edits => *known = seat,
            Some(_) => {}
            None => found.push(seat),
        }
    }
    found.sort_by_key(|seat| !seat.edits);
    found.into_iter().map(|seat| other(seat, me, offset)).collect()
}

fn other(seat: &SeatView, me: &str, offset: i32) -> Other {
    let name = seat.name.as_deref().unwrap_or(&seat.actor);
    let (who, does) = if seat.actor == me {
        ("You", if seat.edits { "edit this flag in another tab" } else { "look at this flag in another tab" })
    } else {
        (name, if seat.edits { "edits this flag" } else { "looks at this flag" })
    };
    let since = parse(&seat.since).map(|at| format!(", since {}", hour(at, offset))).unwrap_or_default();
    Other {
        actor: seat.actor.clone(),
        initials: initials(name),
        words: format!("{who} {does}{since}"),
        edits: seat.edits,
    }
}

/// `MK` of Maya Kern.
pub fn initials(name: &str) -> String {
    let letters: String = name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect();
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(actor: &str, name: Option<&str>, tab: &str, flag: &str, edits: bool) -> SeatView {
        let text = |text: &str| text.to_owned();
        let since = text("2026-11-23T14:05:00Z");
        SeatView { actor: text(actor), name: name.map(text), tab: text(tab), flag: text(flag), edits, since }
    }

    #[test]
    fn everybody_else_at_the_flag() {
        let seats = [
            seat("a-1", Some("Ada Lovelace"), "t1", "f", false),
            seat("a-1", Some("Ada Lovelace"), "t2", "f", true),
            seat("a-2", Some("Maya Kern"), "t1", "f", false),
            seat("a-3", None, "t1", "f", true),
            seat("a-4", Some("Jonas Weber"), "t1", "g", true),
        ];
        let words = |tab: &str, me: &str| -> Vec<String> {
            others(&seats, "f", tab, me, 60)
                .into_iter()
                .map(|each| format!("{}: {}", each.initials, each.words))
                .collect()
        };
        assert_eq!(
            words("t1", "a-2"),
            ["AL: Ada Lovelace edits this flag, since 15:05", "A: a-3 edits this flag, since 15:05"]
        );
        assert_eq!(
            words("t2", "a-1"),
            [
                "A: a-3 edits this flag, since 15:05",
                "AL: You look at this flag in another tab, since 15:05",
                "MK: Maya Kern looks at this flag, since 15:05",
            ]
        );
        assert_eq!(others(&seats, "h", "t1", "a-1", 0), []);
    }

    #[test]
    fn initials_of_names() {
        for (name, letters) in [("Maya Kern", "MK"), ("ada", "A"), ("Jean Luc Picard", "JL"), ("", "")] {
            assert_eq!(initials(name), letters);
        }
    }
}
