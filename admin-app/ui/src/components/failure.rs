use super::{Icon, marked};
use crate::backend::Failure;
use crate::hooks::use_again;
use crate::words::text::common;
use crate::words::text::components as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FailureCardProps {
    pub failure: Failure,
    /// What could not be shown: `The flags`.
    pub what: AttrValue,
    /// In a part of a card, in one line.
    #[prop_or_default]
    pub is_line: bool,
}

/// Instead of data that did not come: what is wrong, what to do, and the way to ask again.
#[function_component]
pub fn FailureCard(props: &FailureCardProps) -> Html {
    let again = use_again();
    let again = html! { <button type="button" class={classes!("btn", props.is_line.then_some("s"))} data-test="again" onclick={again.reform(|_| ())}>{ common::TRY_AGAIN }</button> };
    if props.is_line {
        return html! {
            <p class="small row wrap" role="alert" data-test="failed"><Icon name="alert" small=true />
                <span class="grow">{ text::cannot_be_shown(&props.what) }{ ": " }{ props.failure.title() }</span>{ again }</p>
        };
    }
    let icon = if props.failure.is_forbidden() { "lock" } else { "alert" };
    html! {
        <section class="card"><div class="empty" role="alert">
            <Icon name={icon} class="large" />
            <h2>{ text::cannot_be_shown(&props.what) }</h2>
            <p>{ props.failure.title() }</p>
            <p class="muted">{ marked(&props.failure.help()) }</p>
            <div class="row">{ again }</div>
        </div></section>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct MissingProps {
    pub title: AttrValue,
    pub text: AttrValue,
    /// Links that lead on.
    pub actions: Html,
    /// It is all that the page has, its heading too.
    #[prop_or_default]
    pub is_page: bool,
}

/// The address names something that is not there.
#[function_component]
pub fn Missing(props: &MissingProps) -> Html {
    html! {
        <section class="card" data-test="missing"><div class="empty" role="alert">
            <Icon name="alert" class="large" />
            if props.is_page { <h1>{ &props.title }</h1> } else { <h2>{ &props.title }</h2> }
            <p>{ &props.text }</p>
            <div class="row">{ props.actions.clone() }</div>
        </div></section>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct EmptyProps {
    pub title: AttrValue,
    pub children: Html,
    /// Buttons or links that lead on.
    #[prop_or_default]
    pub actions: Html,
}

/// Nothing is there, which is no fault.
#[function_component]
pub fn Empty(props: &EmptyProps) -> Html {
    html! {
        <div class="empty">
            <svg class="art" viewBox="0 0 64 64" fill="none" stroke="var(--line-control)" stroke-width="1.500" aria-hidden="true">
                <path d="M14 58V8" /><path d="M14 12h32l-7 9 7 9H14" stroke-dasharray="3 3" /><path d="M6 58h52" />
            </svg>
            <h2>{ &props.title }</h2>
            { props.children.clone() }
            <div class="row">{ props.actions.clone() }</div>
        </div>
    }
}
