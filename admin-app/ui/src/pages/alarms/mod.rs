mod banner;

use crate::words::text::alarms as text;
pub use banner::Banner;

use crate::backend::api;
use crate::components::{Empty, FailureCard, Icon, RowsSkeleton, marked};
use crate::hooks::{clock, use_asked_as, use_console, use_document_title, use_now};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::alarm::{is_unattended, said, title, ways};
use crate::words::number::counted;
use crate::words::time::{age, ago, parse};
use banner::Acknowledge;
use downhaul_control::api::AlarmView;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct AlarmsProps {
    pub environment: AttrValue,
}

/// What is wrong, who has it, what acts, and what is over.
#[function_component]
pub fn Alarms(props: &AlarmsProps) -> Html {
    use_document_title(text::alarms_in_environment(&props.environment));
    let console = use_console();
    let (asked, _) = use_asked_as(api::alarms(&props.environment), 0, console.live.alarms.told);
    let now = use_now(5_000);
    let alarms = asked.slot.ready().map(|page| page.alarms.as_slice()).unwrap_or_default();
    let (open, over): (Vec<&AlarmView>, Vec<&AlarmView>) = alarms.iter().partition(|alarm| alarm.recovered.is_none());
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_ALARMS} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=3 cells={vec!["c-flag", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) => html! { <>
            if open.is_empty() {
                <div class="card"><Empty title={text::NOTHING_IS_WRONG} actions={html! {
                    <Link<Route> to={Route::Fleet { environment: props.environment.to_string() }} classes="btn">{ text::LOOK_AT_THE_FLEET }</Link<Route>>
                }}><p>{ text::WHAT_GUARDS_DID_OR_WOULD_DO }</p></Empty></div>
            } else {
                <section class="card" data-test="alarms" data-alarms={open.len().to_string()}>
                    <header><Icon name="alert" /><h2>{ text::NOW }</h2><p>{ summary(&open) }</p></header>
                    <ul class="pad-rows divide">{ for open.iter().map(|alarm| row(alarm, &props.environment, now)) }</ul>
                </section>
            }
            if !over.is_empty() {
                <section class="card" data-test="alarms-over">
                    <header><Icon name="check" /><h2>{ text::OVER }</h2><p>{ text::KEPT_FOR_TWO_WEEKS }</p></header>
                    <ul class="pad-rows divide">{ for over.iter().map(|alarm| row(alarm, &props.environment, now)) }</ul>
                </section>
            }
        </> },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::ALARMS }</h1>
                <p>{ text::ONE_ALARM_FOR_EACH_CAUSE }</p></div></div>
            { body }
        </>
    }
}

fn summary(open: &[&AlarmView]) -> String {
    let unattended = open.iter().filter(|alarm| is_unattended(alarm)).count();
    let alarms = counted(open.len(), text::ALARM, text::AMID_ALARMS);
    match unattended {
        0 => text::somebody_has_each_or_has_silenced(&alarms),
        all if all == open.len() => text::not_acknowledged(&alarms),
        some => text::some_not_acknowledged(&alarms, &some),
    }
}

fn row(alarm: &AlarmView, environment: &AttrValue, now: f64) -> Html {
    let since = parse(&alarm.since).map(|at| age((now - at).max(1_000.0)));
    let is_over = alarm.recovered.is_some();
    let class = if alarm.standing == "raised" { "warn" } else { "line" };
    let at = |text: &str| parse(text).map(|at| ago(now - at)).unwrap_or_default();
    html! {
        <li key={alarm.id.clone()} data-test={format!("alarm-{}", alarm.about)} data-standing={alarm.standing.clone()}>
            <div class="grow stack s">
                <p><span class={classes!("chip", class)}>{ title(&alarm.about) }</span>{ " " }<b>{ marked(&said(&alarm.message, clock::offset())) }</b></p>
                <small class="muted">
                    { if is_over { String::new() } else { since.map(|since| text::for_since_2(&since)).unwrap_or_default() } }
                    { alarm.owner.as_ref().map(|owner| text::owner_owner_2(&owner)) }
                    { alarm.acknowledged.as_ref().map(|taken| text::has_it_since(&taken.by, &at(&taken.at), &if taken.note.is_empty() { ".".to_owned() } else { format!(": {}.", taken.note) })) }
                    { alarm.silenced.as_ref().map(|silence| text::silenced_by_until(&silence.by, &silence.until, &silence.reason)) }
                    { alarm.recovered.as_ref().map(|over| text::over_at_shown_by(&at(over), &alarm.shown_by.clone().unwrap_or_default())) }
                </small>
                { for alarm.also.iter().map(|also| html! { <small class="muted blk">{ text::ALSO }{ marked(also) }</small> }) }
                if !is_over { { for alarm.act.iter().chain([&alarm.look]).map(|command| html! { <p class="small"><code>{ command }</code></p> }) } }
            </div>
            if !is_over {
                <div class="row wrap">
                    { for ways(alarm, environment).into_iter().map(|way| html! {
                        <Link<Route> to={way.to} classes={classes!("btn", "s", way.kills.then_some("kill"))}>{ way.name }</Link<Route>>
                    }) }
                    if is_unattended(alarm) { <Acknowledge environment={environment.clone()} alarm={alarm.id.clone()} /> }
                </div>
            }
        </li>
    }
}
