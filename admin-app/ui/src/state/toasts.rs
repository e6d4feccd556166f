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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Ok,
    Warn,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Show { tone: Tone, title: String, detail: String },
    Dismiss(u32),
}

/// More would cover what people came to see; the oldest go first.
const LIMIT: usize = 3;

impl Reducible for Toasts {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut toasts = (*self).clone();
        match action {
            Action::Show { tone, title, detail } => {
                toasts.shown.push(Toast { id: toasts.next, tone, title, detail });
                toasts.next += 1;
                let over = toasts.shown.len().saturating_sub(LIMIT);
                toasts.shown.drain(..over);
            }
            Action::Dismiss(id) => toasts.shown.retain(|toast| toast.id != id),
        }
        toasts.into()
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
}
