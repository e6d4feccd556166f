mod acts;
mod clock_card;
mod steps;

use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon, Sign};
use crate::hooks::{clock, use_asked, use_console, use_document_title, use_way_back};
use crate::pages::frame::{Frame, framed};
use crate::route::Route;
use crate::state::live::{Connection, Slot};
use crate::words::run::{has_ended, standing, title};
use crate::words::text::common;
use crate::words::text::run as text;
use crate::words::time::{ago, clock as clock_time, duration, parse};
use clock_card::ClockCard;
use downhaul_control::api::{RunKillView, RunView};
use downhaul_control::runbook::Purpose;
use steps::Steps;
use yew::prelude::*;
use yew_router::prelude::*;

/// While a run goes on, what it waits for is read again so often, in milliseconds: not all of that is charted.
const FOLLOW: u32 = 1_000;
/// Kills are read a moment after the run that made them: only of one that ended so long ago, in milliseconds, is a kill that is
/// not in force known to be restored.
const SETTLED_MS: f64 = 10_000.0;

#[derive(Debug, Properties, PartialEq)]
pub struct RunProps {
    pub environment: AttrValue,
    pub id: String,
}

/// A run of a runbook, live for everyone who looks: steps, time against the objective, and what may be done now.
#[function_component]
pub fn Run(props: &RunProps) -> Html {
    let is_over = use_state(|| false);
    let (asked, put) = use_asked(api::run(&props.environment, &props.id), if *is_over { 0 } else { FOLLOW });
    {
        let (is_over, ended) = (is_over.clone(), asked.slot.ready().is_some_and(|run| has_ended(run)));
        use_effect_with(ended, move |ended| is_over.set(*ended));
    }
    let run = asked.slot.ready().cloned();
    use_document_title(run.as_ref().map_or_else(|| text::run_id(&props.id), |run| title(run)));
    let environment = || props.environment.to_string();
    use_way_back(back(&environment(), run.as_deref()));
    let mut crumbs = vec![(Route::Releases { environment: environment() }, common::RELEASES.to_owned())];
    if let Some(key) = run.as_ref().and_then(|run| run.subject.release.clone()) {
        crumbs.push((Route::Release { environment: environment(), key: key.clone() }, key));
    }
    let heading = html! {
        <><h1>{ run.as_ref().map_or_else(|| text::run_id(&props.id), |run| title(run)) }</h1>
            if let Some(run) = &run { <Standing run={(**run).clone()} /> }</>
    };
    let frame = Frame {
        what: "run",
        crumbs,
        id: props.id.clone(),
        heading,
        actions: Html::default(),
        missing: text::names_no_run_of(&props.id, &props.environment),
    };
    let received = asked.received;
    framed(frame, &asked.slot, |run| {
        html! { <Shown environment={props.environment.clone()} run={(**run).clone()} {received} on_run={put} /> }
    })
}

/// To the release, or the flag, that it is about.
fn back(environment: &str, run: Option<&RunView>) -> Route {
    let environment = environment.to_owned();
    let subject = run.map(|run| run.subject.clone()).unwrap_or_default();
    match (subject.release, subject.flag) {
        (Some(key), _) => Route::Release { environment, key },
        (None, Some(key)) => Route::Flag { environment, key },
        (None, None) => Route::Releases { environment },
    }
}

#[derive(Debug, Properties, PartialEq)]
struct StandingProps {
    run: RunView,
}

#[function_component]
fn Standing(props: &StandingProps) -> Html {
    let (words, class) = standing(&props.run);
    html! { <span class={classes!("chip", class)} data-test="run-phase" data-phase={props.run.phase.clone()} data-verdict={props.run.verdict.clone()}>{ words }</span> }
}

#[derive(Debug, Properties, PartialEq)]
pub struct ShownProps {
    pub environment: AttrValue,
    pub run: RunView,
    /// When it arrived, of the monotonic clock.
    pub received: f64,
    pub on_run: Callback<RunView>,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let console = use_console();
    let (run, now) = (&props.run, clock::now());
    let environment = || props.environment.to_string();
    let is_settled = console.live.connection == Connection::Open
        && run.ended.as_deref().and_then(parse).is_some_and(|ended| now - ended > SETTLED_MS);
    let in_force = console.live.kills.ready().filter(|_| is_settled);
    let restored_since = |kill: &RunKillView| {
        !kill.restored && in_force.is_some_and(|page| page.kills.iter().all(|each| each.id != kill.kill))
    };
    html! {
        <>
            <ClockCard run={run.clone()} received={props.received} />
            if let Some(held) = &run.held {
                <div class="banner warn" role="alert" data-test="run-held"><Icon name="pause" /><p><b>{ text::HELD }</b>{ held }{ text::TRY_THE_STEP_AGAIN_SKIP_IT }</p></div>
            }
            <div class="sidegrid">
                <Steps environment={props.environment.clone()} run={run.clone()} received={props.received} on_run={props.on_run.clone()} />
                <aside class="stack l">
                    <section class="card"><div class="pad stack s">
                        <p class="quote">{ &run.reason }</p>
                        <p class="small muted">{ text::by_by_ago(&run.by, &parse(&run.began).map(|at| ago(now - at)).unwrap_or_default()) }</p>
                        <p class="small muted">{ match run.purpose {
                            Purpose::Rollback if has_ended(run) => text::WHAT_IT_KILLED_STAYS_KILLED_UNTIL,
                            Purpose::Rollback => text::WHAT_IT_KILLED_STAYS_KILLED_HOWEVER,
                            Purpose::Drill => text::AT_ITS_END_HOWEVER_IT_ENDS,
                        } }</p>
                    </div></section>
                    <section class="card">
                        <header><h2>{ common::KILLS }</h2></header>
                        if run.kills.is_empty() { <p class="pad muted">{ text::IT_HAS_KILLED_NOTHING_YET }</p> }
                        <ul class="killorder">{ for run.kills.iter().map(|kill| html! {
                            <li key={kill.kill.clone()}>if kill.restored || restored_since(kill) { <Icon name="undo" small=true /> } else { <Sign name="kill" /> }<div><Link<Route> to={Route::LiveKill { environment: environment(), id: kill.kill.clone() }} classes="key">{ &kill.flag }</Link<Route>>
                                <p class="small muted">{ match (kill.found, kill.restored) {
                                    (_, true) => text::RESTORED_BY_THIS_RUN,
                                    (true, false) => text::WAS_IN_FORCE_ALREADY,
                                    (false, false) => text::KILLED_BY_THIS_RUN,
                                } }if restored_since(kill) { { text::RESTORED_SINCE } }</p></div></li>
                        }) }</ul>
                    </section>
                    if !run.calls.is_empty() {
                        <section class="card">
                            <header><Sign name="assist" /><h2>{ text::CALLS_FOR_HELP }</h2></header>
                            <ul class="approvals">{ for run.calls.iter().map(|call| html! {
                                <li class={if call.through == Some(false) { "void" } else { "counts" }}><Icon name={match call.through { Some(true) => "check", Some(false) => "alert", None => "clock" }} small=true />
                                    <div><b>{ &call.target }</b><small class="faint">{ format!(" {}", parse(&call.at).map(|at| clock_time(at, clock::offset())).unwrap_or_default()) }</small>
                                        <p class="muted">{ &call.message }</p>
                                        <p class="small">{ match call.through { Some(true) => text::GOT_THROUGH, Some(false) => text::DID_NOT_GET_THROUGH_REACH_THEM, None => text::UNDER_WAY } }</p></div></li>
                            }) }</ul>
                        </section>
                    }
                </aside>
            </div>
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct RunsCardProps {
    pub environment: AttrValue,
    /// Only of this release.
    pub subject: Option<String>,
}

/// Rollbacks and drills, the newest first.
#[function_component]
pub fn RunsCard(props: &RunsCardProps) -> Html {
    const SHOWN: usize = 20;
    let (asked, _) = use_asked(api::runs(&props.environment), 0);
    let now = clock::now();
    let of = |run: &&RunView| props.subject.is_none() || run.subject.release == props.subject;
    let Some(page) = asked.slot.ready() else {
        return match &asked.slot {
            Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_RUNS} /> },
            Slot::Loading | Slot::Ready(_) => html! { <CardSkeleton /> },
        };
    };
    let runs: Vec<&RunView> = page.runs.iter().filter(of).collect();
    html! {
        <section class="card">
            <header><h2>{ text::RUNS }</h2><p>{ text::ROLLBACKS_AND_DRILLS_THE_NEWEST_FIRST }</p></header>
            if runs.is_empty() { <p class="pad muted">{ text::NOBODY_HAS_GONE_THIS_WAY_BACK }</p> } else {
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ text::RUN }</th><th>{ common::HOW_IT_STANDS }</th><th>{ common::BY }</th><th>{ text::TOOK }</th><th>{ common::WHY }</th></tr></thead>
                    <tbody>{ for runs.into_iter().take(SHOWN).map(|run| html! {
                        <tr key={run.id.clone()} data-test={format!("run-row-{}", run.id)}>
                            <td><Link<Route> to={Route::Run { environment: props.environment.to_string(), id: run.id.clone() }} classes="key">{ &run.id }</Link<Route>>
                                <small class="muted blk">{ title(run) }</small></td>
                            <td data-l={common::HOW_IT_STANDS}><Standing run={run.clone()} /></td>
                            <td data-l={common::BY} class="nowrap">{ &run.by }<small class="faint blk">{ parse(&run.began).map(|at| ago(now - at)) }</small></td>
                            <td data-l={text::TOOK} class="nowrap">{ duration(run.elapsed_ms as f64) }</td>
                            <td data-l={common::WHY}>{ &run.reason }</td>
                        </tr>
                    }) }</tbody>
                </table></div>
            }
        </section>
    }
}
