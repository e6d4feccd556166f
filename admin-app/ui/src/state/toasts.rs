use serde_json::Value;
use std::rc::Rc;
use yew::Reducible;

/// Short reports in the corner. A kill is never reported by one alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Toasts {
    pub shown: Vec<Toast>,
    next: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Toast {
    pub id: u32,
    pub tone: Tone,
    pub title: String,
    pub detail: String,
    /// What can be taken back by it.
    pub undo: Option<Box<Undo>>,
}

/// How an edit that was published is taken back: by publishing what was there before.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    pub environment: String,
    pub flag: String,
    pub before: Value,
    /// The revision that it made.
    pub revision: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Ok,
    Warn,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Show { tone: Tone, title: String, detail: String },
    ShowUndo { title: String, detail: String, undo: Box<Undo> },
    Dismiss(u32),
}

/// More would cover what people came to see; the oldest go first.
const LIMIT: usize = 3;

impl Reducible for Toasts {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut toasts = (*self).clone();
        match action {
            Action::Show { tone, title, detail } => toasts.push(tone, title, detail, None),
            Action::ShowUndo { title, detail, undo } => {
                // Only the last publish is taken back at once; the others are in the chart.
                toasts.shown.retain(|toast| toast.undo.is_none());
                toasts.push(Tone::Ok, title, detail, Some(undo));
            }
            Action::Dismiss(id) => toasts.shown.retain(|toast| toast.id != id),
        }
        toasts.into()
    }
}

impl Toasts {
    fn push(&mut self, tone: Tone, title: String, detail: String, undo: Option<Box<Undo>>) {
        self.shown.push(Toast { id: self.next, tone, title, detail, undo });
        self.next += 1;
        let over = self.shown.len().saturating_sub(LIMIT);
        self.shown.drain(..over);
    }

    /// The last publish that can be taken back, and its toast.
    pub fn undo(&self) -> Option<(u32, &Undo)> {
        self.shown.iter().rev().find_map(|toast| Some((toast.id, toast.undo.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_first_and_ids_are_never_reused() {
        let mut toasts = Rc::new(Toasts::default());
        for title in ["a", "b", "c", "d"] {
            toasts = toasts.reduce(Action::Show { tone: Tone::Ok, title: title.into(), detail: String::new() });
        }
        let titles: Vec<&str> = toasts.shown.iter().map(|toast| toast.title.as_str()).collect();
        assert_eq!(titles, ["b", "c", "d"]);
        let toasts = toasts.reduce(Action::Dismiss(2));
        let ids: Vec<u32> = toasts.shown.iter().map(|toast| toast.id).collect();
        assert_eq!(ids, [1, 3]);
    }

    #[test]
    fn only_the_last_publish_is_taken_back() {
        let show = |revision: u64| Action::ShowUndo {
            title: "published".into(),
            detail: String::new(),
            undo: Box::new(Undo { environment: "e".into(), flag: "f".into(), before: Value::Null, revision }),
        };
        let toasts = Rc::new(Toasts::default()).reduce(show(7)).reduce(show(8));
        assert_eq!(toasts.undo().map(|(id, undo)| (id, undo.revision)), Some((1, 8)));
        assert_eq!(toasts.shown.len(), 1);
        assert_eq!(toasts.reduce(Action::Dismiss(1)).undo(), None);
    }
}
