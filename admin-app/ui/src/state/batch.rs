//! The same deed for many flags: one change each, so that each succeeds or is refused by itself.

use crate::backend::Failure;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::state as text;
use serde_json::Value;
use std::rc::Rc;
use yew::Reducible;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch(pub Vec<Item>);

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub key: String,
    pub deed: Deed,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Publishes a definition in the place of another, or of none.
    Put {
        flag: Value,
        before: Option<Value>,
    },
    Retire,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Standing {
    #[default]
    Waiting,
    Done {
        revision: u64,
    },
    /// It was so already.
    Same,
    Refused(Failure),
    /// Others decide about it.
    Proposed(String),
    /// What was there before is published again.
    Undone {
        revision: u64,
    },
}

/// What can be done to many flags at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    Owner(String),
    /// `YYYY-MM-DD`: when it expires, or is due for review.
    Date(String),
    Retire,
}

impl Edit {
    /// What that means for a flag, as in a document.
    pub fn of(&self, key: &str, flag: &Value) -> Item {
        let deed = match self {
            Edit::Owner(owner) => put(flag, "owner", owner),
            Edit::Date(date) => put(flag, if flag.get("review").is_some() { "review" } else { "expires" }, date),
            Edit::Retire => Deed::Retire,
        };
        let is_same = matches!(&deed, Deed::Put { flag, before } if before.as_ref() == Some(flag));
        let standing = if is_same { Standing::Same } else { Standing::Waiting };
        Item { key: key.to_owned(), deed, standing }
    }
}

fn put(flag: &Value, name: &str, text: &str) -> Deed {
    let mut next = flag.clone();
    if let Some(members) = next.as_object_mut() {
        members.insert(name.to_owned(), Value::from(text));
    }
    Deed::Put { flag: next, before: Some(flag.clone()) }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Stands(usize, Standing),
}

impl Reducible for Batch {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut batch = (*self).clone();
        let Action::Stands(at, standing) = action;
        if let Some(item) = batch.0.get_mut(at) {
            item.standing = standing;
        }
        batch.into()
    }
}

impl Batch {
    /// What can be taken back: a flag that was made or retired cannot, as its key stays used.
    pub fn undoable(&self) -> Vec<usize> {
        self.places(|item| {
            matches!((&item.deed, &item.standing), (Deed::Put { before: Some(_), .. }, Standing::Done { .. }))
        })
    }

    /// What was refused since others have to agree.
    pub fn askable(&self) -> Vec<usize> {
        self.places(|item| matches!(&item.standing, Standing::Refused(failure) if failure.code() == "needs-approval"))
    }

    pub fn is_settled(&self) -> bool {
        self.0.iter().all(|item| item.standing != Standing::Waiting)
    }

    fn places(&self, is_meant: impl Fn(&Item) -> bool) -> Vec<usize> {
        self.0.iter().enumerate().filter(|(_, item)| is_meant(item)).map(|(at, _)| at).collect()
    }

    /// `2 done, 1 refused`.
    pub fn words(&self) -> String {
        let number = |is_meant: fn(&Standing) -> bool| self.0.iter().filter(|item| is_meant(&item.standing)).count();
        let parts = [
            (number(|standing| matches!(standing, Standing::Done { .. })), "done"),
            (number(|standing| *standing == Standing::Same), text::SO_ALREADY),
            (number(|standing| matches!(standing, Standing::Refused(_))), "refused"),
            (number(|standing| matches!(standing, Standing::Proposed(_))), "proposed"),
            (number(|standing| matches!(standing, Standing::Undone { .. })), text::TAKEN_BACK),
            (number(|standing| *standing == Standing::Waiting), text::TO_COME),
        ];
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(many, _)| *many > 0)
            .map(|(many, what)| format!("{} {what}", count(many as u64)))
            .collect();
        told.join(", ")
    }
}

/// `3 flags`.
pub fn flags(many: usize) -> String {
    counted(many, common::AMID_FLAG, common::FLAGS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Problem;
    use serde_json::json;

    #[test]
    fn an_edit_changes_one_member_and_says_where_it_is_so_already() {
        let flag = json!({ "key": "a", "owner": "payments", "expires": "2027-01-31" });
        let check = |edit: Edit, flag: &Value, after: Option<Value>| {
            let item = edit.of("a", flag);
            match after {
                Some(after) => assert_eq!(item.deed, Deed::Put { flag: after, before: Some(flag.clone()) }),
                None => assert_eq!(item.standing, Standing::Same),
            }
        };
        check(
            Edit::Owner("growth".into()),
            &flag,
            Some(json!({ "key": "a", "owner": "growth", "expires": "2027-01-31" })),
        );
        check(Edit::Owner("payments".into()), &flag, None);
        check(
            Edit::Date("2027-06-30".into()),
            &flag,
            Some(json!({ "key": "a", "owner": "payments", "expires": "2027-06-30" })),
        );
        let reviewed = json!({ "key": "a", "review": "2027-01-31" });
        check(Edit::Date("2027-06-30".into()), &reviewed, Some(json!({ "key": "a", "review": "2027-06-30" })));
        assert_eq!(Edit::Retire.of("a", &flag).deed, Deed::Retire);
    }

    #[test]
    fn each_stands_by_itself() {
        let item = |deed, standing| Item { key: "a".into(), deed, standing };
        let put = |before: Option<Value>| Deed::Put { flag: json!({ "key": "a" }), before };
        let refused =
            |code: &str| Standing::Refused(Failure::Refused(Box::new(Problem::new(409, "Conflict", code, "no", ""))));
        let batch = Batch(vec![
            item(put(Some(json!({}))), Standing::Done { revision: 7 }),
            item(put(None), Standing::Done { revision: 8 }),
            item(Deed::Retire, Standing::Done { revision: 9 }),
            item(put(Some(json!({}))), refused("needs-approval")),
            item(put(Some(json!({}))), refused("stale-revision")),
            item(put(Some(json!({}))), Standing::Waiting),
        ]);
        assert_eq!(batch.undoable(), [0], "what was made or retired keeps its key");
        assert_eq!(batch.askable(), [3]);
        assert!(!batch.is_settled());
        assert_eq!(batch.words(), "3 done, 2 refused, 1 to come");
        let batch = Rc::new(batch).reduce(Action::Stands(5, Standing::Undone { revision: 10 }));
        assert!(batch.is_settled());
        assert_eq!(batch.words(), "3 done, 2 refused, 1 taken back");
    }
}
