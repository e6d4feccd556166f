use super::{Icon, NotYet};
use crate::backend::Failure;
use crate::words::text::common;
use crate::words::text::components as text;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Something that a person may do with what the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ActItem {
    /// Also its mark for tests: `act-approve`.
    pub id: &'static str,
    /// `Approve…`
    pub label: &'static str,
    pub icon: &'static str,
    /// The whole of it, on the button that does it: `Approve p-7`.
    pub verb: String,
    /// What comes of it, in a sentence.
    pub effect: String,
    pub look: Look,
    pub reason: Reason,
    /// Why it cannot be done now, and what to do about that.
    pub why_not: Option<String>,
    /// The letter that opens it.
    pub key: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Plain,
    /// What is most likely wanted next.
    Primary,
    /// It takes something away from people.
    Danger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Required,
    /// It may be left out.
    Optional,
    /// Done at once, without a form.
    None,
}

#[derive(Debug, Properties, PartialEq)]
pub struct ActBarProps {
    pub acts: Vec<ActItem>,
    /// The id of the act that is open; the page keeps it, so that its keys can open one.
    pub open: Option<&'static str>,
    pub on_open: Callback<Option<&'static str>>,
    pub sent: bool,
    pub failure: Option<Failure>,
    /// With the id and the reason.
    pub on_act: Callback<(&'static str, String)>,
}

/// Buttons, why some are off, and the form that asks why.
#[function_component]
pub fn ActBar(props: &ActBarProps) -> Html {
    let open = props.acts.iter().find(|act| Some(act.id) == props.open && act.why_not.is_none());
    // One line for each reason, naming all that it keeps from being used.
    let mut whys: Vec<(&str, Vec<&str>)> = Vec::new();
    for act in &props.acts {
        let Some(why) = act.why_not.as_deref() else { continue };
        let label = act.label.trim_end_matches('…');
        match whys.iter_mut().find(|(known, _)| *known == why) {
            Some((_, labels)) => labels.push(label),
            None => whys.push((why, vec![label])),
        }
    }
    html! {
        <div class="acts">
            <div class="row wrap">
                { for props.acts.iter().map(|act| button(props, act)) }
            </div>
            { for whys.into_iter().map(|(why, labels)| html! {
                <p class="why-not"><Icon name="lock" small=true /><span><b>{ format!("{}. ", labels.join(", ")) }</b>{ why }</span></p>
            }) }
            if let Some(act) = open {
                <ReasonForm key={act.id} act={act.clone()} sent={props.sent} failure={props.failure.clone()}
                    on_submit={ let id = act.id; props.on_act.reform(move |reason| (id, reason)) } on_close={props.on_open.reform(|()| None)} />
            } else if let Some(failure) = &props.failure {
                <div class="banner danger" role="alert" data-test="act-refused"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
            }
        </div>
    }
}

fn button(props: &ActBarProps, act: &ActItem) -> Html {
    let class = match act.look {
        Look::Plain => None,
        Look::Primary => Some("primary"),
        Look::Danger => Some("kill"),
    };
    let is_off = act.why_not.is_some() || props.sent;
    let onclick = {
        let (id, reason) = (act.id, act.reason);
        let (on_open, on_act, was_open) = (props.on_open.clone(), props.on_act.clone(), props.open == Some(act.id));
        Callback::from(move |_: MouseEvent| match reason {
            _ if is_off => {}
            Reason::None => on_act.emit((id, String::new())),
            Reason::Required | Reason::Optional => on_open.emit((!was_open).then_some(id)),
        })
    };
    let expands = act.reason != Reason::None;
    html! {
        <button type="button" class={classes!("btn", class)} data-test={format!("act-{}", act.id)} aria-disabled={is_off.to_string()} {onclick}
            aria-expanded={expands.then(|| (props.open == Some(act.id)).to_string())}>
            <Icon name={act.icon} small=true />{ act.label }
            if let Some(key) = act.key { <kbd>{ if key == "enter" { "Enter".to_owned() } else { key.to_uppercase() } }</kbd> }
        </button>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ReasonFormProps {
    act: ActItem,
    sent: bool,
    failure: Option<Failure>,
    on_submit: Callback<String>,
    on_close: Callback<()>,
}

#[function_component]
fn ReasonForm(props: &ReasonFormProps) -> Html {
    let reason = use_state(String::new);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let is_missing = props.act.reason == Reason::Required && reason.trim().is_empty();
    let is_ready = !props.sent && !is_missing;
    let on_submit = {
        let (submit, reason) = (props.on_submit.clone(), reason.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_ready {
                submit.emit(reason.trim().to_owned());
            }
        })
    };
    let on_input = {
        let reason = reason.clone();
        Callback::from(move |event: InputEvent| reason.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_key = {
        let close = props.on_close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.prevent_default();
                event.stop_propagation();
                close.emit(());
            }
        })
    };
    let class = match props.act.look {
        Look::Danger => "kill",
        Look::Plain | Look::Primary => "primary",
    };
    html! {
        <form class="stack actform" onsubmit={on_submit} onkeydown={on_key} aria-label={props.act.verb.clone()}>
            <p>{ &props.act.effect }</p>
            if let Some(failure) = &props.failure {
                <div class="banner danger" role="alert" data-test="act-refused"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
            }
            <div class="field">
                <label for="act-reason">{ if props.act.reason == Reason::Optional { text::WHY_MAY_BE_LEFT_OUT } else { common::WHY } }</label>
                <input class="input" id="act-reason" ref={input} data-test="act-reason" value={(*reason).clone()} oninput={on_input} maxlength="500" autocomplete="off"
                    aria-required={(props.act.reason == Reason::Required).to_string()} />
            </div>
            <div class="row wrap">
                <button class={classes!("btn", class)} data-test="act-confirm" aria-disabled={(!is_ready).to_string()}>
                    if props.sent { <span class="spin" aria-hidden="true"></span> } else { <Icon name={props.act.icon} small=true /> }
                    { &props.act.verb }
                </button>
                <button type="button" class="btn quiet" onclick={props.on_close.reform(|_| ())}>{ common::CANCEL }<kbd>{ "Esc" }</kbd></button>
                <NotYet why={is_missing.then(|| AttrValue::from(common::SAY_WHY_FIRST))} />
            </div>
        </form>
    }
}
