mod acts;
mod rollout;
mod stages;
mod start;

use crate::words::text::common;
use crate::words::text::rollouts as text;
pub use rollout::Rollout;
pub use start::StartRollout;

use crate::backend::api;
use crate::components::{Empty, FailureCard, Placed, RowsSkeleton, SentenceText};
use crate::hooks::{Key, clock, use_asked, use_document_title, use_keys, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::change::marked;
use crate::words::number::{counted, ratio};
use crate::words::proposal::by;
use crate::words::rollout::{beside_chip, is_over, standing};
use crate::words::time::{ago, parse};
use downhaul_control::api::{RolloutStanding, RolloutSummary};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RolloutsProps {
    pub environment: AttrValue,
}

/// What is being given to more and more people.
#[function_component]
pub fn Rollouts(props: &RolloutsProps) -> Html {
    use_document_title(text::rollouts_in_environment(&props.environment));
    let (asked, _) = use_asked(api::rollouts(&props.environment), 10_000);
    let mut rollouts: Vec<RolloutSummary> = asked.slot.ready().map(|page| page.rollouts.clone()).unwrap_or_default();
    rollouts.sort_by_key(is_over);
    let going = rollouts.iter().filter(|rollout| !is_over(rollout)).count();
    let to = |id: &str| Route::Rollout { environment: props.environment.to_string(), id: id.to_owned() };
    let (cursor, place) = use_rows(rollouts.iter().map(|each| to(&each.id)).collect());
    let now = clock::now();
    let start = Route::start_rollout(&props.environment);
    {
        let (navigator, start) = (use_navigator(), start.clone());
        use_keys(move |key: &Key| match (key.plain(), &navigator) {
            (Some("n"), Some(navigator)) => {
                navigator.push(&start);
                true
            }
            (Some(_) | None, _) => false,
        });
    }
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_ROLLOUTS} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=3 cells={vec!["c-flag", "", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if rollouts.is_empty() => html! {
            <div class="card"><Empty title={text::NOTHING_IS_BEING_ROLLED_OUT} actions={html! {
                <Link<Route> to={start.clone()} classes="btn primary"><span data-test="rollout-begin">{ common::START_A_ROLLOUT_MORE }</span></Link<Route>>
            }}><p>{ text::A_ROLLOUT_GIVES_A_VARIANT_TO }</p></Empty></div>
        },
        Slot::Ready(_) => html! {
            <div class="card tablewrap"><table class="table compact rollouts">
                <thead><tr><th>{ common::FLAG }</th><th>{ text::STAGE }</th><th>{ common::HOW_IT_STANDS }</th><th>{ text::STARTED }</th></tr></thead>
                <tbody>{ for rollouts.iter().enumerate().map(|(at, each)| html! {
                    <tr key={each.id.clone()} data-row={at.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-test={format!("rollout-row-{}", each.id)}>
                        <td><Link<Route> to={to(&each.id)} classes="key">{ &each.flag }</Link<Route>><span class="muted">{ " " }{ text::id_gives_variant(&each.id, &each.variant) }</span>
                            if !each.description.is_empty() { <small class="muted blk">{ &each.description }</small> }</td>
                        <td data-l={text::STAGE}><div class="meter stagemeter"><Placed width={Some(ratio(each.stage, each.stage_count))} /></div><small class="muted">{ stage(each) }</small></td>
                        <td data-l={common::HOW_IT_STANDS}><Standing standing={each.standing.clone()} /><small class="muted blk"><SentenceText sentence={marked(&beside_chip(&each.standing, now, clock::offset()))} /></small></td>
                        <td data-l={text::STARTED} class="nowrap">{ by(&each.started) }<small class="faint blk">{ parse(&each.started.at).map(|at| ago(now - at)) }</small></td>
                    </tr>
                }) }</tbody>
            </table></div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::ROLLOUTS }</h1>
                if asked.slot.ready().is_some() { <p>{ text::under_way_a_kill_works(&match going {
                    0 => text::NO_ROLLOUT.to_owned(),
                    going => counted(going, text::ROLLOUT, text::AMID_ROLLOUTS),
                }) }</p> }
            </div>
                if !rollouts.is_empty() { <Link<Route> to={start} classes="btn"><span data-test="rollout-begin">{ common::START_A_ROLLOUT_MORE }</span><kbd>{ "N" }</kbd></Link<Route>> }
            </div>
            <div ref={place}>{ body }</div>
        </>
    }
}

fn stage(rollout: &RolloutSummary) -> String {
    match rollout.stage {
        0 => text::none_of_stages(&counted(rollout.stage_count, text::AMID_STAGE, text::STAGES)),
        stage => text::stage_of_stages(&stage, &counted(rollout.stage_count, text::AMID_STAGE, text::STAGES)),
    }
}

#[derive(Debug, Properties, PartialEq)]
struct StandingProps {
    standing: RolloutStanding,
}

#[function_component]
fn Standing(props: &StandingProps) -> Html {
    let (words, class) = standing(&props.standing);
    html! { <span class={classes!("chip", class)} data-test="rollout-standing" data-kind={props.standing.kind.clone()} data-held={props.standing.held.clone()}>{ words }</span> }
}
