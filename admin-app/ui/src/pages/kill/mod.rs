mod proven;
mod ready;
mod scope;
mod whom;

use crate::backend::{Failure, api};
use crate::components::{CardSkeleton, FailureCard, HoldButton, Icon, Swatches, Variant};
use crate::hooks::{Key, clock, use_console, use_document_title, use_keys, use_last_resort};
use crate::pages::frame::no_flag;
use crate::pages::later::{Chunk, Later, Wanted};
use crate::route::Route;
use crate::state::kill_draft::{Action, KillDraft};
use crate::state::live::{Action as LiveAction, Slot};
use crate::words::kill;
use crate::words::text::common;
use crate::words::text::kill as text;
use downhaul_control::api::{FlagSummary, KillScope, KillView};
use downhaul_core::document::OnStale;
use gloo::timers::callback::Timeout;
pub use proven::Proven;
use ready::Ready;
use scope::ScopeChoice;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
pub use whom::Whom;
use yew::prelude::*;
use yew_router::prelude::*;

const BEGIN_MS: u32 = 50;
/// Where there is most likely no keyboard.
const TOUCH: &str = "(pointer: coarse), (max-width: 719px)";

#[derive(Debug, Properties, PartialEq)]
pub struct KillProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// The kill control: for whom, what they will see, why, and the button that is held.
#[function_component]
pub fn Kill(props: &KillProps) -> Html {
    use_document_title(text::kill_flag(&props.flag));
    let console = use_console();
    let navigator = use_navigator();
    let flag_route = Route::Flag { environment: props.environment.to_string(), key: props.flag.clone() };
    {
        let to = flag_route.clone();
        use_keys(move |key: &Key| match (&navigator, key.key.as_str()) {
            // The reason has the focus to begin with, and so is no hindrance.
            (Some(navigator), "Escape") if !key.command && (!key.typing || is_in_reason()) => {
                navigator.push(&to);
                true
            }
            _ => false,
        });
    }
    let flag =
        console.live.flags.ready().and_then(|page| page.flags.iter().find(|flag| flag.key == props.flag).cloned());
    let body = match (&console.live.flags, flag) {
        (Slot::Ready(_), Some(flag)) => html! { <Control environment={props.environment.clone()} {flag} /> },
        (Slot::Ready(page), None) => {
            let retired = page.retired.contains(&props.flag);
            no_flag(&props.environment, &props.flag, retired)
        }
        (Slot::Loading, _) => html! { <div class="killgrid"><CardSkeleton lines=9 /><CardSkeleton /></div> },
        (Slot::Failed(failure), _) => html! { <FailureCard failure={failure.clone()} what={text::THE_KILL_CONTROL} /> },
    };
    html! {
        <>
            <div class="pagehead">
                <div class="grow">
                    <div class="crumbs">
                        <Link<Route> to={Route::Flags { environment: props.environment.to_string() }}>{ common::FLAGS_HEAD }</Link<Route>>
                        <Icon name="right" small=true />
                        <Link<Route> to={flag_route.clone()}>{ &props.flag }</Link<Route>>
                        <Icon name="right" small=true /><span>{ text::KILL }</span>
                    </div>
                    <h1>{ text::KILL_2 }<span class="mono">{ &props.flag }</span></h1>
                    <p>{ text::ONE_PERSON_AND_A_REASON_ARE }</p>
                </div>
                <Link<Route> to={flag_route} classes="btn quiet">{ text::BACK_TO_THE_FLAG }<kbd>{ "Esc" }</kbd></Link<Route>>
            </div>
            { body }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ControlProps {
    environment: AttrValue,
    flag: FlagSummary,
}

#[function_component]
fn Control(props: &ControlProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let draft = use_reducer_eq(KillDraft::default);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let attempt = use_state(|| 0_u32);
    let ask_whom = use_state(|| None::<AttrValue>);
    let flag = &props.flag;
    use_last_resort(draft.address(&props.environment, &flag.key));
    let scope = draft.scope();
    let whom = scope.as_ref().map_or_else(|| "…".to_owned(), kill::scope);
    let on_fire = {
        let (console, draft, environment, key) =
            (console.clone(), draft.clone(), props.environment.clone(), flag.key.clone());
        let (sent, refused, attempt) = (sent.clone(), refused.clone(), attempt.clone());
        Callback::from(move |()| {
            let Some(request) = draft.request(&key) else { return };
            let (console, environment, navigator) = (console.clone(), environment.to_string(), navigator.clone());
            let (sent, refused, attempt) = (sent.clone(), refused.clone(), attempt.clone());
            sent.set(true);
            refused.set(None);
            spawn_local(async move {
                match api::fire(&console.backend, &environment, &request).await {
                    Ok(kill) => {
                        let id = kill.id.clone();
                        let received = clock::monotonic();
                        let kill = LiveAction::Kill { kill: Box::new(kill), received };
                        console.live.dispatch(LiveAction::of(&environment, kill));
                        if let Some(navigator) = navigator {
                            navigator.push(&Route::LiveKill { environment, id });
                        }
                    }
                    Err(failure) => {
                        console.failed(&failure);
                        sent.set(false);
                        attempt.set(*attempt + 1);
                        refused.set(Some(failure));
                    }
                }
            });
        })
    };
    let on_text = |make: fn(String) -> Action| {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            draft.dispatch(make(event.target_unchecked_into::<HtmlInputElement>().value()));
        })
    };
    let reason = use_node_ref();
    {
        let reason = reason.clone();
        use_effect_with((), move |()| {
            // Once the palette is gone by which one may have come: it gives the focus back to where it was.
            let begin = Timeout::new(BEGIN_MS, move || begin_with(&reason));
            move || drop(begin)
        });
    }
    // By the role alone: a kill is worth a try without a connection.
    let barred = console.refusal_to_kill().map(|refusal| (*ask_whom).clone().unwrap_or_else(|| refusal.into()));
    let is_barred = barred.is_some();
    let on_whom = {
        let ask_whom = ask_whom.setter();
        Callback::from(move |whom: AttrValue| ask_whom.set(Some(whom)))
    };
    let disabled = barred.or_else(|| draft.why_not().map(AttrValue::from));
    let target = text::key_for_whom_in_environment(&flag.key, &whom, &props.environment);
    html! {
        <div class="killgrid">
            <section class="card divide" aria-label={text::KILL_CONTROL}>
                <div class="step"><span class="no" aria-hidden="true">{ "1" }</span>
                    <ScopeChoice draft={(*draft).clone()} flag={flag.clone()} on_action={
                        let draft = draft.clone();
                        Callback::from(move |action| draft.dispatch(action))
                    } />
                </div>
                <div class="step"><span class="no" aria-hidden="true">{ "2" }</span>
                    <div class="stack"><h3>{ text::WHAT_THEY_WILL_SEE }</h3><Effect flag={flag.clone()} {scope} /></div>
                </div>
                <div class="step"><span class="no" aria-hidden="true">{ "3" }</span>
                    <div class="cols why">
                        <div class="field"><label for="reason">{ text::REASON }</label>
                            <input class="input" id="reason" ref={reason} data-test="kill-reason" value={draft.reason.clone()} oninput={on_text(Action::Reason)}
                                aria-required="true" aria-describedby="reason-help" autocomplete="off" maxlength="500" />
                            <span class="help" id="reason-help">{ text::GOES_TO_THE_CHART_FOR_WHOEVER }</span>
                        </div>
                        <div class="field"><label for="incident">{ text::INCIDENT }<span class="faint">{ text::OPTIONAL }</span></label>
                            <input class="input mono" id="incident" data-test="kill-incident" value={draft.incident.clone()} oninput={on_text(Action::Incident)} autocomplete="off" maxlength="100" />
                        </div>
                    </div>
                </div>
                <div class="step"><span class="no" aria-hidden="true">{ "4" }</span><div class="stack">
                    if let Some(failure) = &*refused {
                        <div class="banner danger" role="alert" data-test="kill-refused"><Icon name="alert" />
                            <p><b>{ failure.title() }</b>{ ". " }
                                if failure.leaves_doubt() { { text::THE_KILL_MAY_HAVE_BEEN_MADE } }
                                { failure.help() }</p></div>
                    }
                    <HoldButton label={text::hold_to_kill(&target)} press_label={text::kill_target(&target)}
                        effect={text::map_will_see_degraded_meaning(&draft.scope().as_ref().map(kill::who_gets).unwrap_or_default(), &flag.degraded_meaning)}
                        {disabled} is_refused={is_barred} sent={*sent} attempt={*attempt} {on_fire} />
                    if is_barred { <Later chunk={Chunk::Course} wanted={Wanted::Whom(on_whom)} environment={props.environment.clone()} /> }
                </div></div>
            </section>
            <Ready environment={props.environment.clone()} flag={flag.clone()} command={draft.command(&flag.key)} />
        </div>
    }
}

/// Whoever comes with a keyboard writes why, unless they are at something else here already; on a phone the keys would cover what
/// is to be read first.
fn begin_with(reason: &NodeRef) {
    let is_at_work = web_sys::window()
        .and_then(|window| window.document()?.active_element()?.closest(".killgrid").ok().flatten())
        .is_some();
    let is_touched = web_sys::window()
        .and_then(|window| window.match_media(TOUCH).ok().flatten())
        .is_some_and(|query| query.matches());
    if let Some(reason) = reason.cast::<HtmlInputElement>().filter(|_| !is_touched && !is_at_work) {
        let _ = reason.focus();
    }
}

fn is_in_reason() -> bool {
    let focus = web_sys::window().and_then(|window| window.document()?.active_element());
    focus.is_some_and(|focus| focus.id() == "reason")
}

#[derive(Debug, Properties, PartialEq)]
struct EffectProps {
    flag: FlagSummary,
    /// `None` while it is being chosen.
    scope: Option<KillScope>,
}

/// The effect in words, before anything happens.
#[function_component]
fn Effect(props: &EffectProps) -> Html {
    let console = use_console();
    let flag = &props.flag;
    let keys: Vec<&str> = flag.variants.iter().map(String::as_str).collect();
    let swatches = Swatches::of_keys(&keys, &flag.degraded_variant);
    let with_it =
        degrades_with(&console.live.flags.ready().map(|page| page.flags.clone()).unwrap_or_default(), &flag.key);
    let on_stale =
        console.live.document.ready().and_then(|document| document.flag(&flag.key).map(|flag| flag.on_stale));
    let kills: Vec<KillView> = console
        .live
        .kills
        .ready()
        .map(|page| page.kills.iter().filter(|kill| kill.flag == flag.key).cloned().collect())
        .unwrap_or_default();
    html! {
        <div class="effect" data-test="kill-effect">
            <p class="say">
                { props.scope.as_ref().map_or_else(|| text::WHOEVER_YOU_CHOOSE_GETS.to_owned(), kill::who_get) }
                { " " }
                <Variant name={flag.degraded_variant.clone()} swatches={swatches} />{ ": " }
                <q>{ &flag.degraded_meaning }</q>
            </p>
            <ul>
                if let Some(scope) = &props.scope {
                    <li><Icon name="people" small=true /><span>{ kill::scope_help(scope) }</span></li>
                }
                if !with_it.is_empty() {
                    <li><Icon name="link" small=true /><span>
                        { if with_it.len() == 1 { text::ONE_FLAG_REQUIRES_IT_AND_DEGRADES.to_owned() } else { text::flags_require_it_and_degrade_with(&with_it.len()) } }
                        { with_it.join(", ") }
                    </span></li>
                }
                { for kills.iter().map(|kill| html! {
                    <li><Icon name="kill" small=true /><span>{ text::it_is_killed_already_for(&kill::scope(&kill.scope), &kill.reason) }</span></li>
                }) }
                if let Some(on_stale) = on_stale {
                    <li><Icon name="clock" small=true /><span>{ match on_stale {
                        OnStale::Degraded => common::A_CLIENT_THAT_HEARS_NOTHING_DEGRADES,
                        OnStale::Keep => common::A_CLIENT_THAT_HEARS_NOTHING_KEEPS,
                    } }</span></li>
                }
            </ul>
        </div>
    }
}

/// Every flag that requires this one, directly or through others.
fn degrades_with(flags: &[FlagSummary], key: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut ask = vec![key.to_owned()];
    while let Some(key) = ask.pop() {
        let dependents =
            flags.iter().find(|flag| flag.key == key).map(|flag| flag.dependents.as_slice()).unwrap_or_default();
        for dependent in dependents {
            if !found.contains(dependent) {
                found.push(dependent.clone());
                ask.push(dependent.clone());
            }
        }
    }
    found
}
