use super::Shared;
use super::live::Slot;
use crate::backend::Failure;
use std::rc::Rc;
use yew::Reducible;

/// Something that one page asks the server for, again whenever it may have changed.
#[derive(Debug)]
pub struct Asked<T> {
    pub slot: Slot<T>,
    /// When the data arrived, in milliseconds of the monotonic clock.
    pub received: f64,
    /// The request whose answer is shown; answers to earlier ones that come late are old.
    shown: u32,
}

#[derive(Debug)]
pub enum Action<T> {
    /// Something else is asked for from this request on.
    Forget {
        number: u32,
    },
    /// A person wants it asked for again, if it had failed.
    Again,
    Answer {
        number: u32,
        answer: Result<T, Failure>,
        received: f64,
    },
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Asked { slot: Slot::Loading, received: 0.0, shown: 0 }
    }
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        Asked { slot: self.slot.clone(), received: self.received, shown: self.shown }
    }
}

impl<T> Reducible for Asked<T> {
    type Action = Action<T>;

    fn reduce(self: Rc<Self>, action: Action<T>) -> Rc<Self> {
        match action {
            Action::Forget { number } => Asked { shown: number, ..Asked::default() }.into(),
            Action::Again => {
                let mut asked = (*self).clone();
                asked.slot.again();
                asked.into()
            }
            Action::Answer { number, .. } if number < self.shown => self,
            Action::Answer { number, answer, received } => {
                let mut asked = (*self).clone();
                if answer.is_ok() {
                    (asked.received, asked.shown) = (received, number);
                }
                asked.slot.fill(answer.map(Shared::new));
                asked.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(actions: Vec<Action<&'static str>>) -> Rc<Asked<&'static str>> {
        actions.into_iter().fold(Rc::default(), |asked: Rc<Asked<_>>, action| asked.reduce(action))
    }

    fn answer(number: u32, answer: Result<&'static str, Failure>) -> Action<&'static str> {
        Action::Answer { number, answer, received: f64::from(number) }
    }

    fn shown(asked: &Asked<&'static str>) -> Option<&'static str> {
        asked.slot.ready().map(|data| **data)
    }

    #[test]
    fn late_answers_change_nothing() {
        let asked = after(vec![answer(2, Ok("new")), answer(1, Ok("old"))]);
        assert_eq!((shown(&asked), asked.received), (Some("new"), 2.0));
        let asked = after(vec![answer(1, Ok("p-1")), Action::Forget { number: 3 }, answer(2, Ok("p-1"))]);
        assert_eq!(shown(&asked), None, "an answer about what was looked at before");
    }

    #[test]
    fn what_is_known_outlives_a_failure() {
        let asked = after(vec![answer(1, Ok("known")), answer(2, Err(Failure::Offline))]);
        assert_eq!((shown(&asked), asked.received), (Some("known"), 1.0));
        let failed = after(vec![answer(1, Err(Failure::Offline))]);
        assert_eq!(failed.slot, Slot::Failed(Failure::Offline));
        assert_eq!(failed.reduce(Action::Again).slot, Slot::Loading);
        assert_eq!(shown(&after(vec![answer(1, Ok("known")), Action::Again])), Some("known"));
    }
}
