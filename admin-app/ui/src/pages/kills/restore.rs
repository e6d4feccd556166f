use crate::backend::{Failure, api};
use crate::components::Icon;
use crate::hooks::{clock, use_console, use_policy};
use crate::pages::edit::{left_to_others, needs_approval};
use crate::state::live::Action;
use crate::state::toasts::Tone;
use crate::words::kill;
use crate::words::number::count;
use crate::words::proposal::others_are_asked;
use crate::words::text::common;
use crate::words::text::kill as text;
use crate::words::time::{age, clock as clock_time, day, parse};
use downhaul_control::api::{KillView, Restored};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Clone, Properties, PartialEq)]
pub struct RestoreFormProps {
    pub environment: AttrValue,
    pub kill: KillView,
    pub on_close: Callback<()>,
}

/// Why it is safe again; where the policy asks others, a proposal.
#[function_component]
pub fn RestoreForm(props: &RestoreFormProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let reason = use_state(String::new);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let input = use_node_ref();
    let policy = use_policy();
    let is_critical = console.is_critical(&props.kill.flag);
    let asked = policy.as_ref().map_or(0, |policy| policy.asked_of_restore(is_critical));
    // The policy may have changed since it was read.
    let asks = asked > 0 || refused.as_ref().is_some_and(needs_approval);
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let why_not = reason.trim().is_empty().then_some(text::SAY_WHY_IT_IS_SAFE_FIRST);
    let ready = why_not.is_none() && !*sent;
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
            let (sent, refused, close, navigator) = (sent.clone(), refused.clone(), close.clone(), navigator.clone());
            sent.set(true);
            spawn_local(async move {
                if asks {
                    match api::propose_restore(&console.backend, &environment, &kill.id, &reason).await {
                        Ok(proposed) => {
                            let to = left_to_others(&console, environment, proposed, |id| {
                                text::proposed_to_restore_flag_as_id(&kill.flag, &id)
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
    let scope = kill::scope(&props.kill.scope);
    html! {
        <form class="pad stack restoreform" onsubmit={on_submit} aria-label={text::RESTORE_2}>
            if let Some(failure) = &*refused {
                <div class="banner danger" role="alert" data-test="restore-refused" data-code={failure.code().to_owned()}><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }if needs_approval(failure) { { common::ASK_FOR_APPROVAL_INSTEAD } }</p></div>
            }
            <div class="field">
                <label for="restore-reason">{ text::WHY_IT_IS_SAFE_AGAIN }</label>
                <input class="input" id="restore-reason" ref={input} data-test="restore-reason" value={(*reason).clone()} oninput={on_input} maxlength="500" autocomplete="off" aria-required="true" />
                <span class="help">{ text::what_the_rules_say_again_at(&kill::who_get(&props.kill.scope)) }</span>
            </div>
            if asked > 0 { <p class="small muted" data-test="restore-asks">{ others_are_asked(asked) }</p> }
            <div class="row wrap">
                <button class="btn primary" data-test={if asks { "restore-propose" } else { "restore-confirm" }} aria-disabled={(!ready).to_string()} title={why_not}>
                    if *sent { <span class="spin" aria-hidden="true"></span> } else { <Icon name="undo" /> }
                    { if asks { text::ask_to_restore_flag_for_scope(&props.kill.flag, &scope) } else { text::restore_flag_for_scope(&props.kill.flag, &scope) } }
                </button>
                <button type="button" class="btn quiet" onclick={props.on_close.reform(|_| ())}>{ common::CANCEL }<kbd>{ "Esc" }</kbd></button>
                <span class="small muted" role="status">{ why_not }</span>
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
