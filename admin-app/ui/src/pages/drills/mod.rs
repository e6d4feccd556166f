mod bars;
mod call;
mod drill;
mod due;

use crate::words::text::drills as text;
pub use drill::Drill;

use crate::backend::api;
use crate::components::{CardSkeleton, Empty, FailureCard, Icon};
use crate::hooks::{clock, use_asked, use_document_title, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::drill::{Summary, outcome, summary, who};
use crate::words::number::{count, counted, or_dash};
use crate::words::time::{ago, duration, parse};
use bars::Bars;
use downhaul_control::api::DrillView;
use due::DueCard;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct DrillsProps {
    pub environment: AttrValue,
}

/// Whether the way back is rehearsed, by whom, and how fast it is.
#[function_component]
pub fn Drills(props: &DrillsProps) -> Html {
    use_document_title(text::drills_in_environment(&props.environment));
    let (asked, _) = use_asked(api::drills(&props.environment), 0);
    let drills: Vec<DrillView> = asked.slot.ready().map(|page| page.drills.clone()).unwrap_or_default();
    let to = |run: &str| Route::Drill { environment: props.environment.to_string(), id: run.to_owned() };
    let (cursor, place) = use_rows(drills.iter().map(|each| to(&each.run)).collect());
    let now = clock::now();
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_DRILLS} /> },
        Slot::Loading => html! { <><CardSkeleton lines=2 /><CardSkeleton lines=8 /></> },
        Slot::Ready(_) if drills.is_empty() => html! {
            <div class="card"><Empty title={text::NO_DRILL_YET}>
                <p>{ text::A_DRILL_RUNS_THE_SAME_RUNBOOK }</p>
            </Empty></div>
        },
        Slot::Ready(_) => html! {
            <>
                <Stats summary={summary(&drills)} />
                <Bars drills={drills.clone()} />
            </>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::DRILLS_HEAD }</h1>
                <p>{ text::THE_WAY_BACK_GONE_ON_PURPOSE }</p></div></div>
            { body }
            <DueCard environment={props.environment.clone()} />
            if !drills.is_empty() {
                <section class="card">
                    <header><h2>{ text::ALL_DRILLS }</h2><p>{ text::THE_NEWEST_FIRST }</p></header>
                    <div class="tablewrap" ref={place}><table class="table compact">
                        <thead><tr><th>{ text::DRILL_HEAD }</th><th>{ text::OUTCOME }</th><th>{ text::TOOK }</th><th>{ text::RUN_BY }</th><th>{ text::WHEN }</th></tr></thead>
                        <tbody>{ for drills.iter().enumerate().map(|(at, each)| html! {
                            <tr key={each.run.clone()} data-row={at.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-test={format!("drill-row-{}", each.run)}>
                                <td><Link<Route> to={to(&each.run)} classes="key">{ each.subject.key() }</Link<Route>><small class="muted blk">{ format!("{}, {}", each.run, if each.subject.flag.is_some() { text::A_FLAG } else { text::A_RELEASE }) }</small></td>
                                <td data-l={text::OUTCOME}><Outcome drill={each.clone()} /></td>
                                <td data-l={text::TOOK} class="nowrap">{ or_dash(each.phases.total_ms, |total| duration(total as f64)) }</td>
                                <td data-l={text::RUN_BY}>{ if each.independent == Some(true) { html! { <span class="ok-ink"><Icon name="shieldcheck" small=true />{ " " }</span> } } else { html! {} } }{ who(each) }</td>
                                <td data-l={text::WHEN} class="nowrap">{ parse(&each.began).map(|at| ago(now - at)) }
                                    if !each.reviews.is_empty() { <small class="faint blk">{ counted(each.reviews.len(), text::REVIEW, text::REVIEWS) }</small> }</td>
                            </tr>
                        }) }</tbody>
                    </table></div>
                </section>
            }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct StatsProps {
    summary: Summary,
}

#[function_component]
fn Stats(props: &StatsProps) -> Html {
    let all = &props.summary;
    let of = |(part, whole): (usize, usize)| html! { <span class="v">{ count(part as u64) }<small>{ text::of_whole(&count(whole as u64)) }</small></span> };
    let time = |ms: Option<u64>| html! { <span class="v">{ or_dash(ms, |ms| duration(ms as f64)) }</span> };
    html! {
        <section class="card stats" aria-label={text::DRILLS_TAKEN_TOGETHER}>
            <div class="stat"><span class="k">{ text::PASSED }</span>{ of((all.passed, all.passed + all.failed)) }</div>
            <div class="stat"><span class="k">{ text::WITHIN_THE_OBJECTIVE }</span>{ of(all.within) }</div>
            <div class="stat"><span class="k">{ text::MEDIAN_WHOLE_WAY_BACK }</span>{ time(all.median_ms) }</div>
            <div class="stat"><span class="k">{ text::SLOWEST }</span>{ time(all.slowest_ms) }</div>
            <div class="stat"><span class="k">{ text::NOT_RUN_BY_THE_AUTHOR }</span>{ of(all.independent) }</div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct OutcomeProps {
    drill: DrillView,
}

#[function_component]
fn Outcome(props: &OutcomeProps) -> Html {
    let (words, class) = outcome(&props.drill);
    html! { <span class={classes!("chip", class)} data-test="drill-outcome" data-outcome={props.drill.outcome.clone()}>{ words }</span> }
}
