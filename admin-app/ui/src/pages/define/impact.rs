use crate::components::{Icon, Placed, SentenceText, Swatches, Variant};
use crate::hooks::{Planned, use_throttled};
use crate::pages::edit::{Ladder, findings};
use crate::state::friction::Weight;
use crate::words::number::{count, counted};
use crate::words::radius as words;
use crate::words::text::common;
use crate::words::text::define as text;
use downhaul_blast::plan::{FlagPlan, Plan, Status};
use yew::prelude::*;

/// Flags that are shown, and regions of each.
const FLAGS: usize = 8;
const REGIONS: usize = 4;

#[derive(Debug, Properties, PartialEq)]
pub struct ImpactProps {
    pub planned: Planned,
    pub weight: Weight,
    /// How many others the policy asks.
    pub asked: u32,
    pub is_changed: bool,
    pub errors: usize,
    /// What keeps it from being published, where that is to be mended.
    pub why_not: Option<AttrValue>,
    pub button: Html,
}

/// Whom the draft moves, over all flags that it reaches, before anything is published.
#[function_component]
pub fn Impact(props: &ImpactProps) -> Html {
    let plan = props.planned.plan.as_ref().filter(|_| props.is_changed);
    let spoken = use_throttled(plan.map(|plan| headline(plan).1).unwrap_or_default(), 2_000.0);
    let state = match () {
        () if props.errors > 0 => html! { <><span class="dot warn"></span>{ text::OF_THE_LAST_VALID_DRAFT }</> },
        () if !props.is_changed => html! { <>{ text::NO_EDITS_YET }</> },
        () if props.planned.failure.is_some() => html! { <><span class="dot warn"></span>{ common::NOT_KNOWN }</> },
        () if props.planned.is_behind => html! { <><span class="dot"></span>{ text::WORKING_IT_OUT }</> },
        () => html! { <><span class="dot ok"></span>{ text::WORKED_OUT_BY_THE_SERVER }</> },
    };
    let is_current = props.is_changed && plan.is_some() && !props.planned.is_behind;
    html! {
        <aside class="card impact" aria-label={text::BLAST_RADIUS} data-test="radius" data-state={if is_current { "current" } else { "behind" }}>
            <header><h2>{ text::BLAST_RADIUS }</h2><span class="end small faint row">{ state }</span></header>
            <div class="pad stack">
                if let Some(why) = &props.planned.failure {
                    <p class="warning small" role="status"><Icon name="alert" small=true /><span>{ text::this_draft_could_not_be_worked(&why) }</span></p>
                }
                if let Some(plan) = plan { <Moves plan={plan.clone()} /> } else if props.is_changed && props.errors == 0 && props.planned.failure.is_none() {
                    <p class="muted" data-test="moved">{ common::WORKING_OUT_WHO_WOULD_BE_GIVEN }</p>
                } else if !props.is_changed {
                    <p class="muted" data-test="moved">{ text::EDIT_AND_SEE_HERE_WHO_WOULD }</p>
                }
                if let Some(plan) = plan { { findings(plan) } }
                <Ladder weight={props.weight} asked={props.asked} is_known={is_current || props.planned.failure.is_some()} />
                if let Some(why) = &props.why_not { <p class="small warn-ink row top"><Icon name="alert" small=true /><span>{ why }</span></p> }
                { props.button.clone() }
            </div>
            <p class="sr" role="status" aria-live="polite">{ spoken }</p>
        </aside>
    }
}

/// The figure, and what it says.
fn headline(plan: &Plan) -> (String, String) {
    match plan.population.as_ref().filter(|people| people.weight > 0.0) {
        Some(people) => {
            (words::weight(people.moved), text::of_are_given_something_else_by(&words::weight(people.weight)))
        }
        None => {
            let changed = plan.totals.changed + plan.totals.unknown;
            (
                count(changed as u64),
                if changed == 1 {
                    text::FLAG_GIVES_SOME_CONTEXTS_SOMETHING_ELSE.to_owned()
                } else {
                    text::FLAGS_GIVE_SOME_CONTEXTS_SOMETHING_ELSE.to_owned()
                },
            )
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
struct MovesProps {
    plan: crate::state::Shared<Plan>,
}

#[function_component]
fn Moves(props: &MovesProps) -> Html {
    let plan = &props.plan;
    let (figure, says) = headline(plan);
    let people = plan.population.as_ref();
    let moved = people.map_or_else(|| "unknown".to_owned(), |people| people.moved.to_string());
    let changed: Vec<(&String, &FlagPlan)> =
        plan.flags.iter().filter(|(_, flag)| flag.status != Status::ReasonOnly).collect();
    html! {
        <>
            <div class="big" data-test="moved" data-moved={moved} data-flags={changed.len().to_string()}><b>{ figure }</b><span class="muted">{ says }</span>
                if let Some(people) = people { <span class="pct">{ words::percent(people.share()) }</span> }</div>
            if changed.is_empty() { <p class="small muted">{ text::NO_FLAG_GIVES_ANYONE_ANYTHING_ELSE }</p> }
            <ul class="stack">{ for changed.iter().take(FLAGS).map(|(key, flag)| of_flag(key, flag)) }</ul>
            if changed.len() > FLAGS { <p class="small faint">{ text::and_flags_more(&counted(changed.len() - FLAGS, common::AMID_FLAG, common::FLAGS)) }</p> }
            if let Some(people) = people {
                <p class="small muted" data-test="radius-source">{ text::over_the_population_contexts_and_exactly(&people.name.strip_prefix("server:").unwrap_or(&people.name), &count(people.rows)) }</p>
            } else {
                <p class="small muted" data-test="radius-source">{ text::THIS_ENVIRONMENT_HAS_NO_POPULATION_HOW }</p>
            }
        </>
    }
}

fn of_flag(key: &str, flag: &FlagPlan) -> Html {
    let part = flag.moved_share().unwrap_or_default();
    let how_many = match (flag.moved, flag.of) {
        (Some(moved), Some(of)) => text::weight_of_weight_2(&words::weight(moved), &words::weight(of)),
        _ => words::of_everyone(flag.share()),
    };
    html! {
        <li class="stack s" key={key.to_owned()} data-test={format!("moves-{key}")}>
            <div class="row between"><b class="mono">{ key }</b>if flag.critical { <span class="chip warn">{ common::CRITICAL }</span> }<span class="small muted end">{ how_many }</span></div>
            if flag.moved.is_some() { <span class="meter plain"><Placed class="filled" width={Some(100.0 * part)} /></span> }
            <ul class="exact">{ for flag.regions.iter().take(REGIONS).map(|region| html! {
                <li><span><SentenceText sentence={words::region(key, region)} /></span>
                    <span class="to"><Variant name={region.transition.from.clone()} swatches={Swatches::default()} /><Icon name="arrow" small=true /><Variant name={region.transition.to.clone()} swatches={Swatches::default()} /></span></li>
            }) }</ul>
            if flag.regions.len() > REGIONS { <p class="small faint">{ text::and_groups_more(&counted(flag.regions.len() - REGIONS, common::AMID_GROUP, common::AMID_GROUPS)) }</p> }
        </li>
    }
}
