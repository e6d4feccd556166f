use super::editing::{ProblemList, use_editing};
use crate::state::draft::{self, Doc, Draft, Edit};
use crate::words::text::common;
use crate::words::text::edit as text;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct JsonProps {
    pub draft: Draft,
    /// What it is the JSON of, for those who do not see it.
    pub label: AttrValue,
    /// Lines that are shown at least and at most.
    pub rows: (usize, usize),
}

/// The whole draft as JSON. What is typed is the draft, also while it is no JSON.
#[function_component]
pub fn Json(props: &JsonProps) -> Html {
    let editing = use_editing();
    let typed = use_state(|| None::<String>);
    // As it was typed, for as long as nothing else has changed the draft.
    let is_own = |text: &String| match (&props.draft.doc, draft::text::parse(text)) {
        (Doc::Tree(tree), Ok(parsed)) => *tree == parsed,
        (Doc::Text(kept), _) => kept == text,
        (Doc::Tree(_), Err(_)) => false,
    };
    let shown = typed.as_ref().filter(|text| is_own(text)).cloned().unwrap_or_else(|| props.draft.text());
    let rows = (shown.lines().count() + 1).clamp(props.rows.0, props.rows.1).to_string();
    let on_input = {
        let (editing, typed) = (editing.clone(), typed.clone());
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlTextAreaElement>().value();
            editing.typed(Edit::Text(text.clone()));
            typed.set(Some(text));
        })
    };
    let on_blur = {
        let (settle, typed) = (editing.settle(), typed.clone());
        Callback::from(move |_: FocusEvent| {
            typed.set(None);
            settle.emit(());
        })
    };
    let of: Vec<_> = editing.problems.0.to_vec();
    html! {
        <section class="card">
            <header><h2>{ common::JSON }</h2><p>{ text::THE_SAME_DRAFT_AS_TEXT_NOTHING }</p></header>
            <div class="pad stack">
                <textarea class="textarea mono jsonarea" {rows} value={shown} oninput={on_input} onblur={on_blur} aria-label={props.label.clone()} spellcheck="false" data-test="edit-json" data-at="" />
                <ProblemList {of} />
            </div>
        </section>
    }
}
