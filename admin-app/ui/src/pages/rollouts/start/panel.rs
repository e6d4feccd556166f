use crate::backend::Failure;
use crate::components::{Icon, Placed, Sail};
use crate::hooks::{Planned, use_throttled};
use crate::pages::edit::{Ladder, NameField, ReasonField, Refusal, findings};
use crate::state::friction::Weight;
use crate::words::number::count;
use crate::words::proposal::others_are_asked;
use crate::words::radius as words;
use crate::words::text::common;
use crate::words::text::start_rollout as text;
use downhaul_blast::plan::{FlagPlan, Plan};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PanelProps {
    pub flag: String,
    /// Whom the first stage moves; absent where nobody is moved before others have approved.
    pub first: Option<Planned>,
    /// Whom all of it may move, by which it is judged.
    pub whole: Planned,
    pub weight: Weight,
    pub errors: usize,
    /// Others who are asked before it is started.
    pub asks: Option<u32>,
    pub reason: UseStateHandle<String>,
    pub typed_name: UseStateHandle<String>,
    pub wants_name: bool,
    pub why_not: Option<AttrValue>,
    pub sent: bool,
    pub refused: Option<Failure>,
    pub on_start: Callback<()>,
}

/// Whom it moves, first and in the end, what is asked for that, and the button that starts it.
#[function_component]
pub fn Panel(props: &PanelProps) -> Html {
    let is_behind = props.whole.is_behind || props.first.as_ref().is_some_and(|first| first.is_behind);
    let failure = props.whole.failure.as_ref().or(props.first.as_ref().and_then(|first| first.failure.as_ref()));
    let whole = props.whole.plan.as_deref();
    let is_current = props.errors == 0 && !is_behind && whole.is_some();
    let spoken =
        whole.filter(|_| is_current).map(|plan| words::spoken(plan.flags.get(&props.flag))).unwrap_or_default();
    let spoken = use_throttled(spoken, 2_000.0);
    let state = match () {
        () if props.errors > 0 => html! { <><span class="dot warn"></span>{ text::OF_THE_LAST_VALID_DRAFT }</> },
        () if failure.is_some() => html! { <><span class="dot warn"></span>{ common::NOT_KNOWN }</> },
        () if !is_current => html! { <><span class="dot"></span>{ text::WORKING_IT_OUT }</> },
        () => html! { <><span class="dot ok"></span>{ text::WORKED_OUT_BY_THE_SERVER }</> },
    };
    let must_ask = props.asks.is_some();
    let start = props.on_start.reform(|_: MouseEvent| ());
    let is_off = props.why_not.is_some() || props.sent;
    html! {
        <aside class="card impact" aria-label={text::WHOM_IT_MOVES} data-test="radius" data-state={if is_current { "current" } else { "behind" }}>
            <header><h2>{ text::WHOM_IT_MOVES }</h2><span class="end small faint row">{ state }</span></header>
            <div class="pad stack">
                if let Some(why) = failure { <p class="warning small" role="status"><Icon name="alert" small=true /><span>{ text::could_not_be_worked_out(&why) }</span></p> }
                <div data-test="first-stage"><h3>{ text::AT_ONCE }</h3>
                    { match &props.first {
                        Some(first) => of_plan(first.plan.as_deref(), &props.flag),
                        None => html! { <p class="muted">{ text::BEGINS_WITHOUT_ANYONE }</p> },
                    } }</div>
                <div data-test="all-stages"><h3>{ text::BY_THE_LAST_STAGE }</h3>{ of_plan(whole, &props.flag) }</div>
                if let Some(plan) = whole { { findings(plan) }{ source(plan) } }
                <Ladder weight={props.weight} is_known={is_current || failure.is_some()} />
                <p class="small muted">{ text::ASKED_ONCE }</p>
                if let Some(failure) = props.refused.clone() { <Refusal {failure} /> }
                <ReasonField reason={props.reason.clone()} is_first=false />
                if props.wants_name { <NameField label={text::type_to_start(&props.flag)} name={props.typed_name.clone()} /> }
                if let Some(approvals) = props.asks { <p class="small muted">{ others_are_asked(approvals) }</p> }
                <p class="small muted" role="status" data-test="start-why-not">{ props.why_not.clone() }</p>
                <button type="button" class="btn primary l block" aria-disabled={is_off.to_string()} title={props.why_not.clone()} data-test={if must_ask { "propose" } else { "start-rollout" }} onclick={start}>
                    if props.sent { <span class="spin" aria-hidden="true"></span> } else { <Sail /> }
                    { if must_ask { text::ASK_FOR_APPROVAL } else { text::START } }<kbd>{ "Ctrl Enter" }</kbd></button>
            </div>
            <p class="sr" role="status" aria-live="polite">{ spoken }</p>
        </aside>
    }
}

/// How many, of how many; nothing of the flag in a plan means that nobody is moved.
fn of_plan(plan: Option<&Plan>, flag: &str) -> Html {
    let Some(plan) = plan else { return html! { <p class="muted">{ common::WORKING_OUT_WHO_WOULD_BE_GIVEN }</p> } };
    let of = |flag: &FlagPlan| match (flag.moved, flag.of, flag.moved_share()) {
        (Some(moved), Some(of), Some(part)) => html! {
            <>
                <div class="big" data-test="moved" data-moved={moved.to_string()}><b>{ words::weight(moved) }</b><span class="muted">{ text::of_weight_change(&words::weight(of)) }</span><span class="pct">{ words::percent(part) }</span></div>
                <span class="meter plain"><Placed class="filled" width={Some(100.0 * part)} /></span>
            </>
        },
        _ => html! {
            <div class="big" data-test="moved" data-moved="unknown"><b class="text">{ words::of_everyone(flag.share()) }</b><span class="muted">{ text::MAY_BE_GIVEN_SOMETHING_ELSE }</span></div>
        },
    };
    match plan.flags.get(flag) {
        Some(flag) => of(flag),
        None => html! { <p class="muted" data-test="moved" data-moved="0">{ text::NOTHING_MOVES }</p> },
    }
}

fn source(plan: &Plan) -> Html {
    let words = match &plan.population {
        Some(people) => {
            let name = people.name.strip_prefix("server:").unwrap_or(&people.name);
            text::over_the_population(&name, &count(people.rows))
        }
        None => text::NO_POPULATION.to_owned(),
    };
    html! { <p class="small muted" data-test="radius-source">{ words }</p> }
}
