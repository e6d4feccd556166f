use crate::words::text::flags as text;
use downhaul_control::api::{FlagState, FlagSummary};
use downhaul_core::document::FlagKind;
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;

/// What of the list is shown, and in which order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    pub view: View,
    pub search: String,
    pub kind: Option<FlagKind>,
    pub owner: Option<String>,
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    #[default]
    All,
    Attention,
    Killed,
    Overdue,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Attention,
    Key,
    Until,
    Changed,
}

impl View {
    pub const ALL: [View; 5] = [View::All, View::Attention, View::Killed, View::Overdue, View::Critical];

    pub fn name(self) -> &'static str {
        match self {
            View::All => text::ALL,
            View::Attention => text::NEEDS_ATTENTION,
            View::Killed => text::KILLED,
            View::Overdue => text::OVERDUE,
            View::Critical => text::CRITICAL,
        }
    }

    /// `open` are flags with an open breaker.
    pub fn holds(self, flag: &FlagSummary, open: &[String]) -> bool {
        match self {
            View::All => true,
            View::Attention => urgency(flag, open) < CALM,
            View::Killed => flag.state != FlagState::Live,
            View::Overdue => flag.overdue,
            View::Critical => flag.critical,
        }
    }
}

/// A filter as the address has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FilterQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    view: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    order: String,
}

/// Views and orders by the names that addresses have for them; the first of each is not written.
const VIEWS: [(View, &str); 5] = [
    (View::All, ""),
    (View::Attention, "attention"),
    (View::Killed, "killed"),
    (View::Overdue, "overdue"),
    (View::Critical, "critical"),
];
const ORDERS: [(Order, &str); 4] =
    [(Order::Attention, ""), (Order::Key, "key"), (Order::Until, "until"), (Order::Changed, "changed")];

fn name_of<T: PartialEq>(names: &[(T, &str)], value: &T) -> String {
    names.iter().find(|(each, _)| each == value).map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}

fn named<T: Copy + Default>(names: &[(T, &str)], name: &str) -> T {
    names.iter().find(|(_, each)| *each == name).map(|(value, _)| *value).unwrap_or_default()
}

impl From<&Filter> for FilterQuery {
    fn from(filter: &Filter) -> Self {
        FilterQuery {
            view: name_of(&VIEWS, &filter.view),
            q: filter.search.clone(),
            kind: filter.kind.map(|kind| kind_name(kind).to_owned()).unwrap_or_default(),
            owner: filter.owner.clone().unwrap_or_default(),
            order: name_of(&ORDERS, &filter.order),
        }
    }
}

impl From<FilterQuery> for Filter {
    /// What an address has that means nothing is left out.
    fn from(query: FilterQuery) -> Self {
        Filter {
            view: named(&VIEWS, &query.view),
            search: query.q,
            kind: KINDS.into_iter().find(|kind| kind_name(*kind) == query.kind),
            owner: (!query.owner.is_empty()).then_some(query.owner),
            order: named(&ORDERS, &query.order),
        }
    }
}

const CALM: u8 = 4;

/// 0 is the most urgent: killed, then killed in part, then turned off by clients, then overdue.
fn urgency(flag: &FlagSummary, open: &[String]) -> u8 {
    match flag.state {
        FlagState::Killed => 0,
        FlagState::KilledInPart => 1,
        FlagState::Live if open.contains(&flag.key) => 2,
        FlagState::Live if flag.overdue => 3,
        FlagState::Live => CALM,
    }
}

/// What a search looks through, of each flag: key, description and owner in lower case. Made once for a list, so that a letter
/// costs no more than to look.
#[derive(Debug, Default)]
pub struct Texts(OnceCell<Vec<String>>);

impl Texts {
    /// Always of the same flags.
    pub fn of(&self, flags: &[FlagSummary]) -> &[String] {
        let text = |flag: &FlagSummary| [&*flag.key, &*flag.description, &*flag.owner].join(" ").to_lowercase();
        self.0.get_or_init(|| flags.iter().map(text).collect())
    }
}

impl Filter {
    /// The places of what it shows, in its order. `texts` are of these flags, `open` are those with an open breaker.
    pub fn apply(&self, flags: &[FlagSummary], texts: &Texts, open: &[String]) -> Vec<usize> {
        let search = self.search.to_lowercase();
        // Each stands somewhere.
        let words: Vec<&str> = search.split_whitespace().collect();
        let texts = if words.is_empty() { &[] } else { texts.of(flags) };
        let is_found = |at: usize| texts.get(at).is_none_or(|text| words.iter().all(|word| text.contains(word)));
        let mut shown: Vec<(usize, &FlagSummary)> =
            flags.iter().enumerate().filter(|(at, flag)| self.holds(flag, open) && is_found(*at)).collect();
        // Stable: within equals, the order of the flag set.
        match self.order {
            Order::Attention => shown.sort_by_key(|(_, flag)| urgency(flag, open)),
            Order::Key => shown.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key)),
            Order::Until => shown.sort_by(|(_, a), (_, b)| a.until.cmp(&b.until)),
            Order::Changed => shown.sort_by_key(|(_, flag)| std::cmp::Reverse(flag.changed_revision)),
        }
        shown.into_iter().map(|(at, _)| at).collect()
    }

    /// Something but the view narrows the list.
    pub fn is_narrowed(&self) -> bool {
        !self.search.trim().is_empty() || self.kind.is_some() || self.owner.is_some()
    }

    fn holds(&self, flag: &FlagSummary, open: &[String]) -> bool {
        self.view.holds(flag, open)
            && self.kind.is_none_or(|kind| flag.kind == kind)
            && self.owner.as_ref().is_none_or(|owner| flag.owner == *owner)
    }
}

pub fn kind_name(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Release => "release",
        FlagKind::Experiment => "experiment",
        FlagKind::Ops => "ops",
        FlagKind::Permission => "permission",
        FlagKind::Migration => "migration",
    }
}

pub const KINDS: [FlagKind; 5] =
    [FlagKind::Release, FlagKind::Experiment, FlagKind::Ops, FlagKind::Permission, FlagKind::Migration];

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(key: &str, state: FlagState, overdue: bool) -> FlagSummary {
        FlagSummary {
            key: key.into(),
            description: "One-page checkout".into(),
            owner: "payments".into(),
            kind: FlagKind::Release,
            critical: key == "b",
            clients: vec![],
            state,
            serving: String::new(),
            variants: vec![],
            degraded_variant: String::new(),
            degraded_meaning: String::new(),
            rollout: None,
            until: "2027-01-31".into(),
            is_review: false,
            overdue,
            kills: vec![],
            dependents: vec![],
            changed_revision: 1,
            changed_at: String::new(),
        }
    }

    fn keys(filter: &Filter) -> String {
        keys_beside(filter, &[])
    }

    fn keys_beside(filter: &Filter, open: &[&str]) -> String {
        let open: Vec<String> = open.iter().map(|key| (*key).to_owned()).collect();
        let flags = [
            flag("a", FlagState::Live, false),
            flag("b", FlagState::Live, true),
            flag("c", FlagState::KilledInPart, false),
            flag("d", FlagState::Killed, true),
        ];
        filter.apply(&flags, &Texts::default(), &open).into_iter().map(|at| flags[at].key.as_str()).collect()
    }

    #[test]
    fn what_needs_someone_comes_first() {
        assert_eq!(keys(&Filter::default()), "dcba");
        assert_eq!(keys(&Filter { order: Order::Key, ..Filter::default() }), "abcd");
    }

    #[test]
    fn what_clients_turned_off_needs_someone_after_what_is_killed() {
        let attention = Filter { view: View::Attention, ..Filter::default() };
        assert_eq!(keys_beside(&attention, &["a", "d"]), "dcab");
        assert_eq!(keys_beside(&Filter::default(), &["b"]), "dcba");
    }

    #[test]
    fn views() {
        let view = |view| keys(&Filter { view, ..Filter::default() });
        assert_eq!(view(View::Attention), "dcb");
        assert_eq!(view(View::Killed), "dc");
        assert_eq!(view(View::Overdue), "db");
        assert_eq!(view(View::Critical), "b");
    }

    #[test]
    fn an_address_gives_the_same_filter_again() {
        let filter = Filter {
            view: View::Overdue,
            search: "one page".into(),
            kind: Some(FlagKind::Ops),
            owner: Some("a/b".into()),
            order: Order::Until,
        };
        for filter in [filter, Filter::default()] {
            assert_eq!(Filter::from(FilterQuery::from(&filter)), filter);
        }
        assert_eq!(serde_json::to_string(&FilterQuery::from(&Filter::default())).unwrap(), "{}");
        let strange = FilterQuery { view: "nothing".into(), kind: "nothing".into(), ..FilterQuery::default() };
        assert_eq!(Filter::from(strange), Filter::default());
    }

    #[test]
    fn a_search_needs_every_word() {
        let search = |search: &str| keys(&Filter { search: search.into(), ..Filter::default() });
        assert_eq!(search("PAYMENTS one-page"), "dcba");
        assert_eq!(search("payments missing"), "");
        assert_eq!(search("  "), "dcba");
        assert_eq!(keys(&Filter { kind: Some(FlagKind::Ops), ..Filter::default() }), "");
    }
}
