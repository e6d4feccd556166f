use super::Shared;
use crate::backend::Failure;
use downhaul_control::api::{ChangeView, ChartPage};
use std::rc::Rc;
use yew::Reducible;

/// Which changes of the chart are asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// Only those that name this flag.
    pub flag: Option<String>,
    /// Without those that the control plane makes by itself.
    pub by_people: bool,
}

/// The chart as far as it was read: changes, newest first, without holes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    pub changes: Vec<Shared<ChangeView>>,
    /// Where older changes go on; `None` at the first one.
    pub next_before: Option<u64>,
    pub head: String,
    pub is_loaded: bool,
    pub failure: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Another flag or environment.
    Clear,
    Newest(ChartPage),
    Older(ChartPage),
    /// The newest could not be read.
    NotNewest(Failure),
    /// Older ones could not be read.
    NotOlder(Failure),
}

impl Part {
    pub fn of_flag(key: String) -> Part {
        Part { flag: Some(key), by_people: false }
    }
}

impl Reducible for History {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut history = (*self).clone();
        match action {
            Action::Clear => history = History::default(),
            Action::Newest(page) => history.take_newest(page),
            Action::Older(page) => {
                let oldest = history.changes.last().map_or(u64::MAX, |change| change.revision);
                (history.next_before, history.failure) = (page.next_before, None);
                let older = page.changes.into_iter().filter(|change| change.revision < oldest);
                history.changes.extend(older.map(Shared::new));
            }
            // What is known stays, unless it may not be seen any more.
            Action::NotNewest(failure) if !history.is_loaded || failure.is_final() => {
                history = History { failure: Some(failure), ..History::default() };
            }
            Action::NotNewest(_) => return self,
            Action::NotOlder(failure) => history.failure = Some(failure),
        }
        history.into()
    }
}

impl History {
    /// Puts what is new on top. If the page does not reach down to what is known, that would leave a hole: then the
    /// page is all that is known.
    fn take_newest(&mut self, page: ChartPage) {
        let newest = self.changes.first().map_or(0, |change| change.revision);
        // What is left out of a page is looked at all the same.
        let reaches = page.next_before.is_none_or(|looked_at| looked_at <= newest + 1);
        let new: Vec<Shared<ChangeView>> = page
            .changes
            .into_iter()
            .filter(|change| !reaches || self.changes.is_empty() || change.revision > newest)
            .map(Shared::new)
            .collect();
        if self.changes.is_empty() || !reaches {
            self.changes = new;
            self.next_before = page.next_before;
        } else {
            self.changes.splice(0..0, new);
        }
        self.head = page.head;
        self.is_loaded = true;
        self.failure = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Impact;

    fn page(revisions: &[u64], next_before: Option<u64>) -> ChartPage {
        let change = |revision: &u64| ChangeView {
            revision: *revision,
            at: String::new(),
            actor: String::new(),
            actor_name: None,
            reason: String::new(),
            kind: "kill".into(),
            summary: String::new(),
            flag: None,
            kill: None,
            incident: None,
            impact: Impact::default(),
            landed: None,
            prev: String::new(),
            hash: String::new(),
            record: serde_json::Value::Null,
        };
        ChartPage { changes: revisions.iter().map(change).collect(), next_before, head: "h".into() }
    }

    fn check(actions: Vec<Action>, revisions: &[u64], next_before: Option<u64>) {
        let history = actions.into_iter().fold(Rc::new(History::default()), |history, action| history.reduce(action));
        let found: Vec<u64> = history.changes.iter().map(|change| change.revision).collect();
        assert_eq!((found.as_slice(), history.next_before), (revisions, next_before));
    }

    #[test]
    fn pages_join_without_holes_or_doubles() {
        let (newest, older) = (|p| Action::Newest(p), |p| Action::Older(p));
        check(vec![newest(page(&[9, 8], Some(8)))], &[9, 8], Some(8));
        check(
            vec![newest(page(&[9, 8], Some(8))), older(page(&[7, 6], None)), newest(page(&[10, 9], Some(9)))],
            &[10, 9, 8, 7, 6],
            None,
        );
        // Much happened while no one looked: what lies between is unknown.
        check(vec![newest(page(&[3, 2], None)), newest(page(&[20, 19], Some(19)))], &[20, 19], Some(19));
        check(vec![newest(page(&[9, 8], Some(8))), older(page(&[8, 7], None))], &[9, 8, 7], None);
        check(vec![newest(page(&[], None))], &[], None);
        // Pages that leave something out.
        check(vec![newest(page(&[9], Some(5))), newest(page(&[], Some(8)))], &[9], Some(5));
        check(vec![newest(page(&[9], Some(5))), newest(page(&[], Some(40)))], &[], Some(40));
        check(vec![newest(page(&[9], None)), Action::Clear], &[], None);
    }
}
