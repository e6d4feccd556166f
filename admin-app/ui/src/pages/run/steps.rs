use super::ShownProps;
use super::acts::Acts;
use crate::components::{Icon, SentenceText};
use crate::hooks::{clock, use_now};
use crate::words::change::marked;
use crate::words::message::capital;
use crate::words::number::counted;
use crate::words::run::{has_ended, says_kind};
use crate::words::text::run as text;
use crate::words::time::{duration, stopwatch};
use downhaul_control::api::RunStepView;
use yew::prelude::*;

/// The steps, in order; where it stands is what may be done now.
#[function_component]
pub fn Steps(props: &ShownProps) -> Html {
    let run = &props.run;
    let is_going = !has_ended(run);
    use_now(if is_going { 1_000 } else { 0 });
    let since = if is_going { (clock::monotonic() - props.received).max(0.0) } else { 0.0 };
    let where_it_is = match run.step {
        Some(step) => text::step_of_each_is_charted(&step, &counted(run.steps.len(), text::STEP, text::STEPS)),
        None => text::each_was_charted(&counted(run.steps.len(), text::STEP, text::STEPS)),
    };
    let on_step = |step: &RunStepView| is_going && Some(step.number) == run.step;
    html! {
        <section class="card" aria-label={text::RUNBOOK}>
            <header><h2>{ text::RUNBOOK }</h2><p>{ where_it_is }</p></header>
            <ol class="steps">
                { for run.steps.iter().map(|step| html! {
                    <li key={step.number} class={classes!("rstep", class(step, on_step(step)))} aria-current={on_step(step).then_some("step")}
                        data-test={format!("step-{}", step.number)} data-state={step.state.clone()}>
                        <span class="st">{ mark(step) }<span class="sr">{ &step.state }</span></span>
                        <div><b><SentenceText sentence={marked(&capital(&step.what))} /></b>if says_kind(&step.kind, &step.what) { <span class="kind">{ &step.kind }</span> }
                            if !step.expect.is_empty() { <p>{ text::expect_expect(&step.expect) }</p> }
                            if !step.detail.is_empty() { <p data-test="step-detail">{ detail(step) }</p> }
                            if step.attempt > 1 { <p class="small faint">{ text::attempt_attempt(&step.attempt) }</p> }
                        </div>
                        <div class="t">
                            { step.took_ms.map(|took| if step.state == "running" { stopwatch(took as f64 + since).0 } else { duration(took as f64) }) }
                            <small>{ text::limit_from(&stopwatch(f64::from(step.limit_seconds) * 1000.0).0) }</small></div>
                        if on_step(step) {
                            <div class="more"><Acts environment={props.environment.clone()} run={run.clone()} on_run={props.on_run.clone()} /></div>
                        }
                    </li>
                }) }
            </ol>
            if is_going && run.step.is_none() {
                <div class="pad bt"><Acts environment={props.environment.clone()} run={run.clone()} on_run={props.on_run.clone()} /></div>
            }
        </section>
    }
}

/// Of one that failed or was skipped, it may be what a person wrote.
fn detail(step: &RunStepView) -> String {
    match step.state.as_str() {
        "running" | "done" => capital(&step.detail),
        _ => step.detail.clone(),
    }
}

fn class(step: &RunStepView, is_here: bool) -> &'static str {
    match step.state.as_str() {
        _ if is_here => "running",
        "done" => "done",
        "failed" => "failed",
        "skipped" => "skipped",
        _ => "",
    }
}

fn mark(step: &RunStepView) -> Html {
    match step.state.as_str() {
        "done" => html! { <Icon name="check" /> },
        "failed" => html! { <Icon name="x" /> },
        "skipped" => html! { <Icon name="arrow" /> },
        _ => html! { { step.number } },
    }
}
