use crate::backend::api;
use crate::components::{Icon, marked};
use crate::hooks::{clock, use_act, use_asked_as, use_console, use_now};
use crate::route::Route;
use crate::state::live::Slot;
use crate::state::toasts::Tone;
use crate::words::alarm::{announcement, is_unattended, said, ways};
use crate::words::number::counted;
use crate::words::text::alarms as text;
use crate::words::time::{age, parse};
use downhaul_control::api::AlarmView;
use yew::prelude::*;
use yew_router::prelude::*;

/// As many are told one by one.
const SHOWN: usize = 2;

#[derive(Debug, Properties, PartialEq)]
pub struct BannerProps {
    pub environment: AttrValue,
}

/// What is wrong and nobody has, on every page, until somebody has it or it is over.
#[function_component]
pub fn Banner(props: &BannerProps) -> Html {
    let console = use_console();
    let (asked, _) = use_asked_as(api::alarms(&props.environment), 0, console.live.alarms.told);
    let alarms = asked.slot.ready().map(|page| page.alarms.as_slice()).unwrap_or_default();
    let unattended: Vec<&AlarmView> = alarms.iter().filter(|alarm| is_unattended(alarm)).collect();
    // What could not be read is counted all the same, by the stream.
    let has_failed = matches!(asked.slot, Slot::Failed(_));
    let known = if has_failed { console.live.alarms.unattended } else { unattended.len() };
    let more = known.saturating_sub(unattended.len().min(SHOWN));
    let (one, many) =
        if unattended.is_empty() { (text::ALARM, text::AMID_ALARMS) } else { (text::MORE_ALARM, text::MORE_ALARMS) };
    html! {
        <>
            // There before anything is said, or it would not be read out.
            <p class="sr" aria-live="polite">{ announcement(&unattended) }</p>
            if known > 0 {
                <section class="stack s" aria-label={text::ALARMS} data-test="alarm-banner" data-alarms={known.to_string()}>
                    { for unattended.into_iter().take(SHOWN).map(|alarm| html! {
                        <One key={alarm.id.clone()} environment={props.environment.clone()} alarm={alarm.clone()} />
                    }) }
                    if more > 0 {
                        <p class="small"><Link<Route> to={Route::Alarms { environment: props.environment.to_string() }}>{ text::that_nobody_has_acknowledged(&counted(more, one, many)) }</Link<Route>></p>
                    }
                </section>
            }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct OneProps {
    environment: AttrValue,
    alarm: AlarmView,
}

#[function_component]
fn One(props: &OneProps) -> Html {
    let now = use_now(5_000);
    let alarm = &props.alarm;
    let since = parse(&alarm.since).map(|at| age((now - at).max(1_000.0)));
    html! {
        <div class="banner danger alarm" data-test={format!("alarm-banner-{}", alarm.about)}>
            <Icon name="alert" />
            <p><b>{ marked(&said(&alarm.message, clock::offset())) }</b>
                <small class="muted">{ since.map(|since| text::for_since(&since)) }{ alarm.owner.as_ref().map(|owner| text::owner_owner(&owner)) }{ " " }
                    <Link<Route> to={Route::Alarms { environment: props.environment.to_string() }}>{ text::MORE_ABOUT_IT }</Link<Route>></small></p>
            <div class="row">
                { for ways(alarm, &props.environment).into_iter().map(|way| html! {
                    <Link<Route> to={way.to} classes={classes!("btn", "s", way.kills.then_some("kill"))}>{ way.name }</Link<Route>>
                }) }
                <Acknowledge environment={props.environment.clone()} alarm={alarm.id.clone()} />
            </div>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct AcknowledgeProps {
    pub environment: AttrValue,
    /// Its id.
    pub alarm: String,
}

/// The button by which somebody takes an alarm.
#[function_component]
pub fn Acknowledge(props: &AcknowledgeProps) -> Html {
    let (console, act) = (use_console(), use_act());
    let refusal = console.refusal_to_acknowledge();
    let is_off = refusal.is_some() || act.state.sent;
    let acknowledge = {
        let (act, console) = (act.clone(), console.clone());
        let (environment, id) = (props.environment.clone(), props.alarm.clone());
        Callback::from(move |_: MouseEvent| {
            if is_off {
                return;
            }
            let backend = console.backend.clone();
            let (environment, id) = (environment.clone(), id.clone());
            // The stream tells of it.
            act.run(async move { api::acknowledge_alarm(&backend, &environment, &id).await }, |_| {});
        })
    };
    {
        let console = console.clone();
        use_effect_with(act.state.failure.clone(), move |failure| {
            if let Some(failure) = failure {
                console.toast(Tone::Warn, text::it_was_not_acknowledged(&failure.title()), failure.help());
            }
        });
    }
    html! {
        <button class="btn s" data-test="alarm-acknowledge" onclick={acknowledge} aria-disabled={is_off.to_string()} title={refusal.unwrap_or(text::SAY_THAT_YOU_ARE_ON_IT)}>{ text::ACKNOWLEDGE }if let Some(refusal) = refusal { <span class="sr">{ ". " }{ refusal }</span> }</button>
    }
}
