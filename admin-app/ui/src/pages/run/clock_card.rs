use crate::components::Placed;
use crate::hooks::{clock, use_now};
use crate::words::run::{Stretch, against_objective, has_ended, stretches};
use crate::words::text::common;
use crate::words::text::run as text;
use crate::words::time::{duration, stopwatch};
use downhaul_control::api::RunView;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ClockCardProps {
    pub run: RunView,
    pub received: f64,
}

/// What is left of the objective, and what the time went into.
#[function_component]
pub fn ClockCard(props: &ClockCardProps) -> Html {
    let run = &props.run;
    use_now(if has_ended(run) { 0 } else { 500 });
    let since = if has_ended(run) { 0.0 } else { (clock::monotonic() - props.received).max(0.0) };
    let elapsed = run.elapsed_ms as f64 + since;
    let objective = f64::from(run.objective_seconds) * 1000.0;
    let (number, of) = if has_ended(run) {
        (duration(elapsed), text::from_its_beginning_to_its_end(&stopwatch(objective).0))
    } else {
        against_objective(elapsed, run.objective_seconds)
    };
    let all = stretches(run, since);
    let whole = elapsed.max(objective).max(1.0);
    let percent = |ms: f64| Some(100.0 * ms / whole);
    let words = all.iter().map(|each| format!("{} {}", each.part, duration(each.ms))).collect::<Vec<_>>().join(", ");
    let is_over = elapsed > objective;
    // Near an end of the bar its label keeps within it.
    let end = match elapsed / whole {
        at if at < 0.08 => Some("first"),
        at if at > 0.92 => Some("last"),
        _ => None,
    };
    html! {
        <section class="card objective" aria-label={text::TIME_OBJECTIVE}>
            <div><div class={classes!("clock", is_over.then_some("warn-ink"))} role="timer" data-test="run-clock">{ number }</div><p class="muted">{ of }</p></div>
            <div>
                <div class="row between wrap"><h3>{ text::WHERE_THE_TIME_WENT }</h3><span class="legend">
                    { for ["decide", "disable", "redeploy", "verify"].map(|part| html! { <span><i class={text::sw_p_part(&part)}></i>{ part }</span> }) }
                </span></div>
                <div class="timebar" role="img" aria-label={text::words_duration_of_stopwatch(&words, &duration(elapsed), &stopwatch(objective).0)}>
                    { for all.iter().map(|each| stretch(each, percent(each.ms))) }
                    <Placed class={classes!("now", end)} left={percent(elapsed)}><span>{ if has_ended(run) { duration(elapsed) } else { stopwatch(elapsed).0 } }</span></Placed>
                    <Placed class="tick first" left={Some(0.0)}>{ "0:00" }</Placed>
                    <Placed class="tick last" left={percent(objective)}>{ common::objective_time(&stopwatch(objective).0) }</Placed>
                </div>
            </div>
        </section>
    }
}

fn stretch(each: &Stretch, width: Option<f64>) -> Html {
    // Where it is too narrow for its number, the number stands in the steps.
    let label = width.filter(|width| *width > 6.0).map(|_| duration(each.ms));
    html! { <Placed class={classes!("part", format!("p-{}", each.part), each.is_running.then_some("running"))} {width}>{ label.unwrap_or_default() }</Placed> }
}
