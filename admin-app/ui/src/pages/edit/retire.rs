use super::asked::{left_to_others, needs_approval};
use crate::backend::{Failure, api};
use crate::components::{Dialog, Icon};
use crate::hooks::{use_console, use_policy};
use crate::route::Route;
use crate::state::toasts::Tone;
use crate::words::number::count;
use crate::words::proposal::others_are_asked;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_control::api::RetireFlagRequest;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RetireProps {
    pub environment: AttrValue,
    pub flag: String,
    pub revision: u64,
    pub on_close: Callback<()>,
    /// The draft means nothing any more.
    pub on_retired: Callback<()>,
}

/// Takes a flag away for ever; its key is never used again.
#[function_component]
pub fn Retire(props: &RetireProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let reason = use_state(String::new);
    let anyway = use_state(|| false);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let policy = use_policy();
    // What was published while somebody says why lies behind this, and is not what they retire.
    let opened = {
        let revision = props.revision;
        use_memo((), move |()| revision)
    };
    let is_critical = console.is_critical(&props.flag);
    let asked = policy.as_ref().map_or(0, |policy| policy.asked_of_change(is_critical));
    let asks = asked > 0 || refused.as_ref().is_some_and(needs_approval);
    let is_in_use = refused.as_ref().is_some_and(|failure| failure.code() == "still-in-use");
    let no_reason = reason.trim().is_empty().then_some(common::SAY_WHY_FIRST);
    let why_not = console.refusal_to_edit().or(no_reason);
    let is_off = *sent || why_not.is_some();
    let on_retire = {
        let (environment, flag, revision) = (props.environment.to_string(), props.flag.clone(), *opened);
        let (sent, refused, done) = (sent.clone(), refused.clone(), props.on_retired.clone());
        let request =
            RetireFlagRequest { reason: reason.trim().to_owned(), anyway: *anyway, expected_revision: Some(revision) };
        Callback::from(move |_: MouseEvent| {
            if is_off {
                return;
            }
            sent.set(true);
            let (console, environment, flag, request) =
                (console.clone(), environment.clone(), flag.clone(), request.clone());
            let (sent, refused, done, navigator) = (sent.clone(), refused.clone(), done.clone(), navigator.clone());
            spawn_local(async move {
                if asks {
                    let RetireFlagRequest { reason, .. } = &request;
                    match api::propose_retirement(&console.backend, &environment, &flag, reason, revision).await {
                        Ok(proposed) => {
                            let to = left_to_others(&console, environment, proposed, |id| {
                                text::proposed_to_retire_flag_as_id(&flag, &id)
                            });
                            if let Some(navigator) = navigator {
                                navigator.push(&to);
                            }
                        }
                        Err(failure) => {
                            console.failed(&failure);
                            sent.set(false);
                            refused.set(Some(failure));
                        }
                    }
                    return;
                }
                match api::retire_flag(&console.backend, &environment, &flag, &request).await {
                    Ok(changed) => {
                        done.emit(());
                        let title = text::flag_was_retired(&flag);
                        console.toast(Tone::Ok, title, common::revision_revision_2(&count(changed.position.revision)));
                        if let Some(navigator) = navigator {
                            navigator.push(&Route::Flags { environment });
                        }
                    }
                    Err(failure) => {
                        console.failed(&failure);
                        sent.set(false);
                        refused.set(Some(failure));
                    }
                }
            });
        })
    };
    let on_reason = {
        let reason = reason.clone();
        Callback::from(move |event: InputEvent| reason.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_anyway = {
        let anyway = anyway.clone();
        Callback::from(move |event: Event| anyway.set(event.target_unchecked_into::<HtmlInputElement>().checked()))
    };
    let footer = html! {
        <>
            <p class="grow small muted" role="status">{ why_not }</p>
            <button type="button" class="btn quiet" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ text::KEEP_IT }</button>
            <button type="button" class={classes!("btn", if asks { "primary" } else { "kill" })} aria-disabled={is_off.to_string()} title={why_not} data-test={if asks { "retire-propose" } else { "retire-confirm" }} onclick={on_retire}>{ if asks { text::ask_to_retire_flag(&props.flag) } else { text::retire_flag(&props.flag) } }</button>
        </>
    };
    html! {
        <Dialog title={text::retire_flag_in_environment(&props.flag, &props.environment)} on_close={props.on_close.clone()} {footer} test="retire-dialog">
            <p>{ text::CODE_THAT_STILL_ASKS_FOR_IT }</p>
            if asked > 0 { <p class="small muted" data-test="retire-asks">{ others_are_asked(asked) }</p> }
            if let Some(failure) = &*refused {
                <div class="banner danger" role="alert" data-test="retire-refused"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
            }
            if is_in_use {
                <label class="row"><input type="checkbox" class="check" checked={*anyway} onchange={on_anyway} />{ text::SET_THAT_ASIDE_AND_RETIRE_IT }</label>
            }
            <div class="field"><label for="retire-reason">{ common::WHY }</label>
                <input class="input" id="retire-reason" data-test="retire-reason" value={(*reason).clone()} oninput={on_reason} maxlength="500" autocomplete="off" autofocus=true /></div>
        </Dialog>
    }
}
