use crate::backend::{Failure, api};
use crate::components::Icon;
use crate::hooks::{clock, use_console};
use crate::state::live::Action;
use crate::state::toasts::Tone;
use crate::words::kill;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::kill as text;
use crate::words::time::{age, clock as clock_time, day, parse};
use downhaul_control::api::{KillView, Restored};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RestoreFormProps {
    pub environment: AttrValue,
    pub kill: KillView,
    pub on_close: Callback<()>,
}

/// Why it is safe again.
#[function_component]
pub fn RestoreForm(props: &RestoreFormProps) -> Html {
    let console = use_console();
    let reason = use_state(String::new);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let ready = !reason.trim().is_empty() && !*sent;
    let on_submit = {
        let (console, reason, sent, refused) = (console.clone(), reason.clone(), sent.clone(), refused.clone());
        let (environment, kill, close) = (props.environment.to_string(), props.kill.clone(), props.on_close.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !ready {
                return;
            }
            let (console, reason, environment, kill) =
                (console.clone(), reason.trim().to_owned(), environment.clone(), kill.clone());
            let (sent, refused, close) = (sent.clone(), refused.clone(), close.clone());
            sent.set(true);
            spawn_local(async move {
                match api::restore(&console.backend, &environment, &kill.id, reason).await {
                    Ok(report) => {
                        let detail = common::revision_revision_2(&count(report.position.revision));
                        console.toast(Tone::Ok, text::is_restored_for(&kill.flag, &kill::scope(&kill.scope)), detail);
                        close.emit(());
                        if let Ok(kill) = api::kill(&console.backend, &environment, &kill.id).await {
                            let received = clock::monotonic();
                            let kill = Action::Kill { kill: Box::new(kill), received };
                            console.live.dispatch(Action::of(&environment, kill));
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
    let on_input = {
        let reason = reason.clone();
        Callback::from(move |event: InputEvent| reason.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    html! {
        <form class="pad stack restoreform" onsubmit={on_submit} aria-label={text::RESTORE_2}>
            if let Some(failure) = &*refused {
                <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
            }
            <div class="field">
                <label for="restore-reason">{ text::WHY_IT_IS_SAFE_AGAIN }</label>
                <input class="input" id="restore-reason" ref={input} data-test="restore-reason" value={(*reason).clone()} oninput={on_input} maxlength="500" autocomplete="off" aria-required="true" />
                <span class="help">{ text::what_the_rules_say_again_at(&kill::who_get(&props.kill.scope)) }</span>
            </div>
            <div class="row">
                <button class="btn primary" data-test="restore-confirm" aria-disabled={(!ready).to_string()}>
                    if *sent { <span class="spin" aria-hidden="true"></span> } else { <Icon name="undo" /> }
                    { text::restore_flag_for_scope(&props.kill.flag, &kill::scope(&props.kill.scope)) }
                </button>
                <button type="button" class="btn quiet" onclick={props.on_close.reform(|_| ())}>{ common::CANCEL }<kbd>{ "Esc" }</kbd></button>
            </div>
        </form>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct RestoredNoteProps {
    pub restored: Restored,
    /// Epoch milliseconds.
    pub killed_at: Option<f64>,
}

#[function_component]
pub fn RestoredNote(props: &RestoredNoteProps) -> Html {
    let (now, offset) = (clock::now(), clock::offset());
    let restored = &props.restored;
    let at = parse(&restored.at);
    let when = at.map(|at| format!("{} {}", day(at, now, offset), clock_time(at, offset))).unwrap_or_default();
    let after = match (at, props.killed_at) {
        (Some(at), Some(killed)) => text::after_age(&age(at - killed)),
        (Some(_) | None, _) => String::new(),
    };
    html! {
        <div class="banner ok flat" role="status" data-test="restored"><Icon name="undo" />
            <p><b>{ text::restored_by_by(&restored.by) }</b>{ text::at_when_after_revision_revision_reason(&when, &after, &count(restored.revision), &restored.reason) }</p>
        </div>
    }
}
