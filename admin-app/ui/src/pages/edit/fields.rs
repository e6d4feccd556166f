//! Fields that are bound to a place of the draft.

use super::editing::{problems_html, use_editing};
use crate::state::draft::Edit;
use crate::words::text::edit as text;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TextFieldProps {
    /// JSON pointer.
    pub at: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    /// An empty field takes the member away.
    #[prop_or_default]
    pub optional: bool,
    #[prop_or_default]
    pub help: AttrValue,
    #[prop_or_default]
    pub placeholder: AttrValue,
    #[prop_or_default]
    pub mono: bool,
    #[prop_or_default]
    pub long: bool,
    #[prop_or_default]
    pub kind: Option<AttrValue>,
    #[prop_or_default]
    pub list: Option<AttrValue>,
    #[prop_or_default]
    pub class: Classes,
}

#[function_component]
pub fn TextField(props: &TextFieldProps) -> Html {
    let editing = use_editing();
    let id = format!("field{}", props.at.replace('/', "-"));
    let put = {
        let (editing, at, optional) = (editing.clone(), props.at.to_string(), props.optional);
        move |text: String| {
            editing.typed(if optional && text.is_empty() {
                Edit::remove(at.clone())
            } else {
                Edit::put(at.clone(), text)
            });
        }
    };
    let settle = editing.settle().reform(|_: FocusEvent| ());
    let invalid = editing.problems.is_wrong(&props.at);
    let test = format!("edit{}", props.at.replace('/', "-"));
    html! {
        <div class={classes!("field", props.class.clone())}>
            <label for={id.clone()}>{ &props.label }</label>
            if props.long {
                <textarea class="textarea" {id} rows="2" value={props.value.clone()} data-at={props.at.clone()} data-test={test} placeholder={props.placeholder.clone()} aria-invalid={invalid.to_string()}
                    oninput={Callback::from(move |event: InputEvent| put(event.target_unchecked_into::<HtmlTextAreaElement>().value()))} onblur={settle} />
            } else {
                <input class={classes!("input", props.mono.then_some("mono"))} {id} value={props.value.clone()} data-at={props.at.clone()} data-test={test} type={props.kind.clone()} list={props.list.clone()}
                    placeholder={props.placeholder.clone()} aria-invalid={invalid.to_string()} autocomplete="off" spellcheck={if props.mono { "false" } else { "true" }}
                    oninput={Callback::from(move |event: InputEvent| put(event.target_unchecked_into::<HtmlInputElement>().value()))} onblur={settle} />
            }
            if !props.help.is_empty() { <span class="help">{ &props.help }</span> }
            { problems_html(&editing, &props.at) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct SelectProps {
    pub label: AttrValue,
    pub value: AttrValue,
    /// Value and words.
    pub options: Vec<(String, String)>,
    pub on_pick: Callback<String>,
    #[prop_or_default]
    pub at: AttrValue,
    #[prop_or_default]
    pub test: Option<AttrValue>,
    /// Without a label that is seen, and as narrow as it can be.
    #[prop_or_default]
    pub inline: bool,
}

#[function_component]
pub fn Select(props: &SelectProps) -> Html {
    let on_change = props.on_pick.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value());
    let known = props.options.iter().any(|(value, _)| *value == *props.value);
    let select = html! {
        <select class="select" onchange={on_change} aria-label={props.label.clone()} data-at={props.at.clone()} data-test={props.test.clone()}>
            if !known { <option value={props.value.clone()} selected=true>{ if props.value.is_empty() { text::CHOOSE } else { &*props.value } }</option> }
            { for props.options.iter().map(|(value, words)| html! {
                <option key={value.clone()} value={value.clone()} selected={*value == *props.value}>{ words }</option>
            }) }
        </select>
    };
    if props.inline {
        return html! { <span class="inline">{ select }</span> };
    }
    html! { <label class="field"><span class="label">{ &props.label }</span>{ select }</label> }
}

#[derive(Debug, Properties, PartialEq)]
pub struct SelectFieldProps {
    pub at: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub options: Vec<(String, String)>,
    /// An empty choice takes the member away.
    #[prop_or_default]
    pub optional: bool,
}

/// A choice that is put as text.
#[function_component]
pub fn SelectField(props: &SelectFieldProps) -> Html {
    let editing = use_editing();
    let on_pick = {
        let (editing, at, optional) = (editing.clone(), props.at.to_string(), props.optional);
        Callback::from(move |value: String| {
            let is_none = optional && value.is_empty();
            editing.act(if is_none { Edit::remove(at.clone()) } else { Edit::put(at.clone(), value) });
        })
    };
    html! {
        <div class="field">
            <Select label={props.label.clone()} value={props.value.clone()} options={props.options.clone()} {on_pick} at={props.at.clone()}
                test={format!("edit{}", props.at.replace('/', "-"))} />
            { problems_html(&editing, &props.at) }
        </div>
    }
}

/// Options whose words are their values.
pub fn plain<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<(String, String)> {
    values.into_iter().map(|value| (value.to_string(), value.to_string())).collect()
}
