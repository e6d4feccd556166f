use super::{Icon, Notation};
use crate::words::text::components as text;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TokensProps {
    /// As they stand in the chips.
    pub values: Vec<String>,
    /// All values; the last may still be typed.
    pub on_values: Callback<Vec<String>>,
    /// The field was left, or a value is finished.
    #[prop_or_default]
    pub on_settle: Callback<()>,
    /// How a value is written in a chip and in the field.
    #[prop_or(Notation::Text)]
    pub notation: Notation,
    pub label: AttrValue,
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// Of the chips: `tenant`, `region`, or nothing.
    #[prop_or_default]
    pub class: Classes,
    /// Known values, proposed while typing; the first of them also as buttons.
    #[prop_or_default]
    pub known: Vec<String>,
    #[prop_or_default]
    pub invalid: bool,
    pub test: AttrValue,
    pub at: AttrValue,
}

/// What a typed text stands as in a chip.
fn normal(notation: Notation, text: &str) -> String {
    notation.show(&notation.read(text))
}

/// Known values that are offered as buttons.
const OFFERED: usize = 6;

/// A list of values as chips. What is being typed counts already, so that it is checked at every letter; Enter begins the next.
#[function_component]
pub fn Tokens(props: &TokensProps) -> Html {
    let typed = use_state(String::new);
    // Someone undid what was typed, or the like.
    let is_typing = !typed.is_empty() && props.values.last() == Some(&normal(props.notation, &typed));
    let shown = if is_typing { props.values.len().saturating_sub(1) } else { props.values.len() };
    let chips: Vec<String> = props.values.iter().take(shown).cloned().collect();
    let known_list = format!("known{}", props.at.replace('/', "-"));
    let on_input = {
        let (typed, chips, on_values) = (typed.clone(), chips.clone(), props.on_values.clone());
        let notation = props.notation;
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            let mut values = chips.clone();
            if !text.is_empty() {
                values.push(normal(notation, &text));
            }
            typed.set(text);
            on_values.emit(values);
        })
    };
    let finish = {
        let (typed, chips, on_values, on_settle) =
            (typed.clone(), chips.clone(), props.on_values.clone(), props.on_settle.clone());
        let last = props.values.last().cloned();
        move || {
            // What is there already is not there twice.
            if is_typing && last.as_ref().is_some_and(|last| chips.contains(last)) {
                on_values.emit(chips.clone());
            }
            typed.set(String::new());
            on_settle.emit(());
        }
    };
    let on_key = {
        let (finish, chips, on_values, text) = (
            finish.clone(),
            chips.clone(),
            props.on_values.clone(),
            if is_typing { (*typed).clone() } else { String::new() },
        );
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" if !event.ctrl_key() && !event.meta_key() => {
                event.prevent_default();
                finish();
            }
            "Backspace" if text.is_empty() && !chips.is_empty() => {
                event.prevent_default();
                on_values.emit(chips.iter().take(chips.len() - 1).cloned().collect());
            }
            _ => {}
        })
    };
    let on_blur = {
        let finish = finish.clone();
        Callback::from(move |_: FocusEvent| finish())
    };
    let without = |at: usize| {
        let rest: Vec<String> =
            props.values.iter().enumerate().filter(|(each, _)| *each != at).map(|(_, value)| value.clone()).collect();
        props.on_values.reform(move |_: MouseEvent| rest.clone())
    };
    let offers: Vec<&String> = props.known.iter().filter(|value| !props.values.contains(value)).take(OFFERED).collect();
    html! {
        <div class="stack s">
            <div class={classes!("tokens", props.invalid.then_some("invalid"))}>
                { for chips.iter().enumerate().map(|(at, value)| html! {
                    <span class={classes!("val", props.class.clone())} key={format!("{at}-{value}")}>{ value }
                        <button type="button" class="x" aria-label={text::remove_value(&value)} onclick={without(at)}><Icon name="x" /></button>
                    </span>
                }) }
                <input value={if is_typing { (*typed).clone() } else { String::new() }} oninput={on_input} onkeydown={on_key} onblur={on_blur}
                    list={(!props.known.is_empty()).then(|| known_list.clone())} aria-label={props.label.clone()} placeholder={props.placeholder.clone()}
                    aria-invalid={props.invalid.to_string()} data-test={props.test.clone()} data-at={props.at.clone()} autocomplete="off" spellcheck="false" />
                if !props.known.is_empty() {
                    <datalist id={known_list}>{ for props.known.iter().map(|value| html! { <option value={value.clone()} /> }) }</datalist>
                }
            </div>
            if !offers.is_empty() {
                <div class="row wrap offers" role="group" aria-label={text::known_label(&props.label)}>
                    { for offers.into_iter().map(|value| {
                        let mut all = chips.clone();
                        all.push(value.clone());
                        // Before the field loses focus and what is typed there becomes a chip.
                        let keep = Callback::from(|event: MouseEvent| event.prevent_default());
                        html! { <button type="button" class="btn s quiet" onmousedown={keep} onclick={props.on_values.reform(move |_: MouseEvent| all.clone())}><Icon name="plus" small=true />{ value }</button> }
                    }) }
                </div>
            }
        </div>
    }
}
