use crate::components::{Icon, Swatches};
use crate::state::Shared;
use crate::state::draft::{Action, Draft, Edit};
use crate::words::message::sentence;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// What every part of the editor may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    pub dispatch: UseReducerDispatcher<Draft>,
    pub problems: Problems,
    pub document: Shared<FlagSet>,
    /// As it is published; absent for a new flag.
    pub published: Option<Rc<Flag>>,
    pub variants: Rc<[String]>,
    pub swatches: Swatches,
    /// Attributes that rules of this environment read, to be proposed.
    pub attributes: Rc<[String]>,
    pub foretold: Foretold,
}

type Hears = Rc<dyn Fn(&Edit)>;

/// Who hears of an edit before anything is done with it.
#[derive(Clone, Default)]
pub struct Foretold(Option<Rc<RefCell<Hears>>>);

impl Foretold {
    /// Somebody who is named later, and may be another one at each drawing, though it is the same for those who compare.
    pub fn open() -> Self {
        Foretold(Some(Rc::new(RefCell::new(Rc::new(|_: &Edit| ())))))
    }

    pub fn is_for(&self, hears: Hears) {
        if let Some(place) = &self.0 {
            place.replace(hears);
        }
    }

    fn tell(&self, edit: &Edit) {
        let hears = self.0.as_ref().map(|place| Rc::clone(&place.borrow()));
        if let Some(hears) = hears {
            hears(edit);
        }
    }
}

impl PartialEq for Foretold {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl std::fmt::Debug for Foretold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Foretold")
    }
}

impl Editing {
    /// An edit of its own.
    pub fn act(&self, edit: Edit) {
        self.foretold.tell(&edit);
        self.dispatch.dispatch(Action::Do(edit));
    }

    /// One of many at the same place.
    pub fn typed(&self, edit: Edit) {
        self.foretold.tell(&edit);
        self.dispatch.dispatch(Action::Type(edit));
    }

    pub fn settle(&self) -> Callback<()> {
        let dispatch = self.dispatch.clone();
        Callback::from(move |()| dispatch.dispatch(Action::Settle))
    }
}

#[hook]
pub fn use_editing() -> Editing {
    #[expect(clippy::expect_used, reason = "the editor provides it around every part")]
    use_context::<Editing>().expect("the editor's context")
}

/// What the core says about the draft, by pointers from the flag's root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Problems(pub Rc<[Diagnostic]>);

impl Problems {
    /// At a place or below it.
    pub fn under<'a>(&'a self, pointer: &'a str) -> impl Iterator<Item = &'a Diagnostic> {
        self.0.iter().filter(move |each| is_under(pointer, &each.place.pointer))
    }

    /// Of these, those that no other part of the editor shows.
    pub fn besides<'a>(&'a self, pointer: &'a str, shown: &'a [String]) -> impl Iterator<Item = &'a Diagnostic> {
        self.under(pointer).filter(move |each| !shown.iter().any(|other| is_under(other, &each.place.pointer)))
    }

    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter().filter(|each| each.is_error())
    }

    pub fn is_wrong(&self, pointer: &str) -> bool {
        self.under(pointer).any(Diagnostic::is_error)
    }
}

pub fn is_under(pointer: &str, other: &str) -> bool {
    other.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[derive(Debug, Properties, PartialEq)]
pub struct ProblemListProps {
    pub of: Vec<Diagnostic>,
}

/// Beside the field: what is wrong, and what to do.
#[function_component]
pub fn ProblemList(props: &ProblemListProps) -> Html {
    props
        .of
        .iter()
        .map(|each| {
            html! {
                <p class={if each.is_error() { "error" } else { "warning" }} role={each.is_error().then_some("alert")} data-code={each.code.clone()}>
                    <Icon name="alert" small=true /><span>{ sentence(&each.message) }{ "." }
                        if let Some(help) = &each.help { { " " }<span class="muted">{ sentence(help) }{ if help.ends_with(['.', '?']) { "" } else { "." } }</span> }
                    </span>
                </p>
            }
        })
        .collect()
}

/// The problems at a place or below, as a list.
pub fn problems_html(editing: &Editing, at: &str) -> Html {
    let of: Vec<Diagnostic> = editing.problems.under(at).cloned().collect();
    html! { <ProblemList {of} /> }
}

/// A text of the draft; empty where there is none.
pub fn text_at<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
