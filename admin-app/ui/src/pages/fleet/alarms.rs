use crate::backend::api;
use crate::components::{FailureCard, Icon};
use crate::hooks::{use_act, use_asked, use_console, use_may, use_now};
use crate::state::live::Slot;
use crate::words::number::counted;
use crate::words::time::{age, parse};
use downhaul_control::api::AlarmView;
use yew::prelude::*;

const AGAIN_MS: u32 = 3_000;

#[derive(Debug, Properties, PartialEq)]
pub struct AlarmsProps {
    pub environment: AttrValue,
}

/// What is wrong, and who has it. Nothing is drawn where nothing is.
#[function_component]
pub fn Alarms(props: &AlarmsProps) -> Html {
    let (asked, _) = use_asked(api::alarms(&props.environment), AGAIN_MS);
    let now = use_now(5_000);
    let page = match &asked.slot {
        Slot::Ready(page) => page,
        Slot::Failed(failure) => return html! { <FailureCard failure={failure.clone()} what="What is wrong" /> },
        Slot::Loading => return Html::default(),
    };
    let open: Vec<&AlarmView> = page.alarms.iter().filter(|alarm| alarm.recovered.is_none()).collect();
    if open.is_empty() {
        return Html::default();
    }
    html! {
        <section class="card" data-test="alarms" data-alarms={open.len().to_string()}>
            <header><Icon name="alert" /><h2>{ "Alarms" }</h2><p>{ format!("{}, from when it was raised until it is over", counted(open.len(), "alarm", "alarms")) }</p></header>
            <ul class="pad-rows divide">{ for open.into_iter().map(|alarm| html! {
                <One key={alarm.id.clone()} environment={props.environment.clone()} alarm={alarm.clone()} {now} />
            }) }</ul>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct OneProps {
    environment: AttrValue,
    alarm: AlarmView,
    now: f64,
}

#[function_component]
fn One(props: &OneProps) -> Html {
    let (console, may, act) = (use_console(), use_may(&props.environment), use_act());
    let alarm = &props.alarm;
    let acknowledge = {
        let (act, backend) = (act.clone(), console.backend.clone());
        let (environment, id) = (props.environment.clone(), alarm.id.clone());
        Callback::from(move |_: MouseEvent| {
            let (backend, environment, id) = (backend.clone(), environment.clone(), id.clone());
            act.run(async move { api::acknowledge_alarm(&backend, &environment, &id).await }, |_| {});
        })
    };
    let since = parse(&alarm.since).map(|at| age((props.now - at).max(1_000.0)));
    let class = if alarm.standing == "raised" { "warn" } else { "line" };
    let waits = alarm.standing == "raised" && !act.state.sent && act.state.done == 0;
    html! {
        <li data-test={format!("alarm-{}", alarm.about)} data-standing={alarm.standing.clone()}>
            <div class="grow">
                <p><span class={classes!("chip", class)}>{ &alarm.standing }</span>{ " " }<b>{ &alarm.message }</b>
                    if let Some(since) = since { <small class="muted nowrap">{ format!(" for {since}") }</small> }</p>
                { for alarm.also.iter().map(|also| html! { <small class="muted blk">{ "also: " }{ also }</small> }) }
                if let Some(taken) = &alarm.acknowledged { <small class="muted blk">{ format!("{} has it{}", taken.by, if taken.note.is_empty() { String::new() } else { format!(": {}", taken.note) }) }</small> }
                if let Some(silence) = &alarm.silenced { <small class="muted blk">{ format!("silenced until {} by {}: {}", silence.until, silence.by, silence.reason) }</small> }
                <p class="small">{ for alarm.act.iter().chain([&alarm.look]).map(|command| html! { <><code>{ command }</code>{ " " }</> }) }</p>
                { for act.state.failure.iter().map(|failure| html! { <FailureCard failure={failure.clone()} what="The acknowledgement" /> }) }
            </div>
            if waits && may.operate.is_none() {
                <button class="btn s" onclick={acknowledge} data-test="alarm-acknowledge">{ "I have it" }</button>
            }
        </li>
    }
}
