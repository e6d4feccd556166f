use crate::components::{Icon, SentenceText};
use crate::hooks::{clock, use_now};
use crate::words::change::{marked, plain};
use crate::words::message::capital;
use crate::words::number::counted;
use crate::words::rollout::bake;
use crate::words::text::common;
use crate::words::text::rollouts as text;
use crate::words::time::{age, day, duration, hour, parse};
use downhaul_control::api::{GateView, RolloutView, StageView};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct StagesProps {
    pub view: RolloutView,
}

/// The stages on one line, from the first to everyone: what each adds, bakes and asks for.
#[function_component]
pub fn Stages(props: &StagesProps) -> Html {
    let view = &props.view;
    let is_baking = view.summary.standing.kind == "baking";
    let now = use_now(if is_baking { 1_000 } else { 0 });
    html! {
        <section class="card">
            <header><h2>{ text::STAGES_HEAD }</h2><p>{ text::EACH_ADDS_ITS_PEOPLE_TO_THOSE }</p></header>
            <ol class="halyard stages">
                { for view.stages.iter().map(|stage| html! {
                    <li key={stage.number} class={classes!("knot", "stage", stage.state.clone())} aria-current={(stage.state == "current").then_some("step")}
                        data-test={format!("stage-{}", stage.number)} data-state={stage.state.clone()}>
                        <span class="node">{ mark(stage) }</span>
                        <div class="stagebody">
                            <p><b>{ if stage.name.is_empty() { text::stage_number(&stage.number) } else { stage.name.clone() } }</b>if !plain(&stage.cohort).eq_ignore_ascii_case(&stage.name) { { " " }<SentenceText sentence={marked(&stage.cohort)} /> }
                                <span class="sr">{ format!(", {}", words(&stage.state)) }</span></p>
                            <p class="small muted">{ capital(&about(stage)) }</p>
                            if stage.state == "current" {
                                if let (true, Some(until)) = (is_baking, view.summary.standing.until.as_deref().and_then(parse)) { { baking(until, now) } }
                                { for view.gates.iter().map(gate) }
                            }
                        </div>
                    </li>
                }) }
            </ol>
        </section>
    }
}

fn about(stage: &StageView) -> String {
    let mut parts = Vec::new();
    if stage.approvals > 0 {
        let approvals = counted(stage.approvals as usize, common::APPROVAL, common::APPROVALS);
        parts.push(text::asks_for_before_it_is_entered(&approvals));
    }
    let bake = bake(stage.bake_seconds);
    parts.push(if stage.state == "passed" { text::baked_for_bake(&bake) } else { text::bakes_for_bake(&bake) });
    if !stage.gates.is_empty() {
        parts.push(text::left_when_join(&stage.gates.join(text::AND)));
    }
    parts.join("; ")
}

fn baking(until: f64, now: f64) -> Html {
    let offset = clock::offset();
    let left = age((until - now).max(1_000.0));
    html! { <p class="small" data-test="baking"><Icon name="clock" small=true />{ text::baked_at_on_in(&hour(until, offset), &day(until, now, offset), &left) }</p> }
}

fn gate(gate: &GateView) -> Html {
    let (class, icon) = if gate.holds { ("ok-ink", "check") } else { ("warn-ink", "alert") };
    let reading = match (gate.value, &gate.problem) {
        (_, Some(problem)) => problem.clone(),
        (Some(value), None) if gate.holds => text::reads_and_holds_for(&value, &duration(gate.held_ms as f64)),
        (Some(value), None) => text::reads_which_does_not_hold(&value),
        (None, None) => text::NOT_READ_YET.to_owned(),
    };
    html! { <p class={classes!("small", class)} data-test="gate" data-holds={gate.holds.to_string()}><Icon name={icon} small=true />{ " " }<b>{ &gate.name }</b>{ " " }{ reading }</p> }
}

fn mark(stage: &StageView) -> Html {
    match stage.state.as_str() {
        "passed" => html! { <Icon name="check" /> },
        "taken-back" => html! { <Icon name="undo" /> },
        "left-out" => html! { <Icon name="x" /> },
        _ => html! { { stage.number } },
    }
}

fn words(state: &str) -> &str {
    match state {
        "current" => text::WHERE_IT_IS_NOW,
        "taken-back" => text::TAKEN_BACK,
        "left-out" => text::LEFT_OUT,
        other => other,
    }
}
