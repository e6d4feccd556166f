use super::Outcome;
use crate::backend::api;
use crate::components::{ActBar, ActItem, Icon, Look, Reason};
use crate::hooks::{clock, use_act, use_asked, use_console, use_document_title, use_may, use_way_back};
use crate::pages::frame::{Frame, framed};
use crate::route::Route;
use crate::words::drill::who;
use crate::words::number::{count, or_dash};
use crate::words::text::common;
use crate::words::text::drills as text;
use crate::words::time::{ago, duration, parse, stopwatch};
use downhaul_control::api::{DrillView, ReviewRequest};
use downhaul_control::runbook::ReviewAbout;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct DrillProps {
    pub environment: AttrValue,
    pub id: String,
}

/// What one drill has shown: its times, who ran it, why it failed, and what was said of it.
#[function_component]
pub fn Drill(props: &DrillProps) -> Html {
    use_document_title(text::drill_id(&props.id));
    let (asked, put) = use_asked(api::drill(&props.environment, &props.id), 0);
    let list = Route::Drills { environment: props.environment.to_string() };
    use_way_back(list.clone());
    let heading = html! {
        <><h1>{ text::DRILL_HEAD }{ asked.slot.ready().map(|drill| html! { <>{ common::OF }<span class="mono">{ drill.subject.key() }</span></> }) }</h1>
            if let Some(drill) = asked.slot.ready() { <Outcome drill={(**drill).clone()} />
                if drill.independent == Some(true) { <span class="chip ok"><Icon name="shieldcheck" />{ text::NOT_RUN_BY_ITS_AUTHOR }</span> } }</>
    };
    let run = Route::Run { environment: props.environment.to_string(), id: props.id.clone() };
    let frame = Frame {
        what: "drill",
        crumbs: vec![(list, text::DRILLS_HEAD.to_owned())],
        id: props.id.clone(),
        heading,
        actions: html! { <Link<Route> to={run} classes="btn">{ text::OPEN_THE_RUN }<Icon name="right" /></Link<Route>> },
        missing: text::names_no_drill_of(&props.id, &props.environment),
    };
    framed(frame, &asked.slot, |drill| {
        html! { <Shown environment={props.environment.clone()} drill={(**drill).clone()} on_drill={put} /> }
    })
}

#[derive(Debug, Properties, PartialEq)]
struct ShownProps {
    environment: AttrValue,
    drill: DrillView,
    on_drill: Callback<DrillView>,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let (drill, now) = (&props.drill, clock::now());
    let phases = &drill.phases;
    let times = [
        (text::DECIDE, phases.decide_ms),
        (text::DISABLE, phases.disable_ms),
        (text::REDEPLOY, phases.redeploy_ms),
        (text::VERIFY, phases.verify_ms),
        (text::OTHER_STEPS_AND_WAITING, phases.other_ms),
        (text::PUT_BACK, phases.put_back_ms),
    ];
    html! {
        <div class="sidegrid">
            <div class="stack l">
                if !drill.reasons.is_empty() {
                    <div class="banner warn"><Icon name="alert" /><div class="grow"><b>{ text::IT_HAS_FAILED }</b><ul>{ for drill.reasons.iter().map(|reason| html! { <li>{ reason }</li> }) }</ul></div></div>
                }
                <section class="card">
                    <header><h2>{ text::TIMES }</h2><p>{ text::AS_THE_CONTROL_PLANE_MEASURED_THEM }</p></header>
                    <div class="pad"><dl class="dl">
                        { for times.into_iter().map(|(name, ms)| html! { <><dt>{ name }</dt><dd>{ or_dash(ms, |ms| duration(ms as f64)) }</dd></> }) }
                        <dt>{ text::WHOLE_WAY_BACK }</dt><dd><b>{ or_dash(phases.total_ms, |ms| duration(ms as f64)) }</b>{ text::of_from(&stopwatch(f64::from(drill.objective_seconds) * 1000.0).0) }</dd>
                        <dt>{ text::CLIENTS_WAITED_FOR }</dt><dd>{ drill.clients.map_or_else(|| common::NOT_TOLD.to_owned(), count) }{ drill.slowest_ms.map(|ms| text::the_slowest_after(&duration(ms))) }</dd>
                    </dl></div>
                </section>
                <section class="card">
                    <header><h2>{ text::WHAT_WAS_SAID_OF_IT }</h2></header>
                    if drill.reviews.is_empty() { <p class="pad muted">{ text::NOBODY_HAS_SAID_ANYTHING_WHAT_WAS }</p> }
                    <ul class="approvals">{ for drill.reviews.iter().map(|review| html! {
                        <li data-test="drill-review"><Icon name="user" small=true /><div><b>{ &review.by }</b><small class="faint">{ format!(" {}, {}{}", parse(&review.at).map(|at| ago(now - at)).unwrap_or_default(), about(review.about), review.step.map(|step| text::step_step(&step)).unwrap_or_default()) }</small>
                            <p class="quote">{ &review.note }</p></div></li>
                    }) }</ul>
                    if drill.outcome != "under-way" { <div class="pad bt"><Review environment={props.environment.clone()} drill={drill.clone()} on_drill={props.on_drill.clone()} /></div> }
                </section>
            </div>
            <aside class="stack l"><section class="card"><div class="pad stack s">
                <p class="quote">{ &drill.reason }</p>
                <dl class="dl">
                    <dt>{ text::CALLED_BY }</dt><dd>{ format!("{}, {}", drill.by, parse(&drill.began).map(|at| ago(now - at)).unwrap_or_default()) }</dd>
                    <dt>{ text::RUN_BY }</dt><dd>{ who(drill) }</dd>
                    <dt>{ text::WRITTEN_BY }</dt><dd>{ drill.author.clone().unwrap_or_else(|| common::NOT_KNOWN.to_owned()) }</dd>
                    if let Some(tried) = &drill.tried { <dt>{ text::TRIED }</dt><dd>{ parse(tried).map(|at| ago(now - at)) }</dd> }
                </dl>
            </div></section></aside>
        </div>
    }
}

fn about(about: ReviewAbout) -> &'static str {
    match about {
        ReviewAbout::ConfusingStep => text::A_CONFUSING_STEP,
        ReviewAbout::WrongStep => text::A_WRONG_STEP,
        ReviewAbout::MissingStep => text::A_MISSING_STEP,
        ReviewAbout::MissingPermission => text::A_MISSING_PERMISSION,
        ReviewAbout::Other => text::SOMETHING_ELSE,
    }
}

#[function_component]
fn Review(props: &ShownProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let why_not = may.operate;
    let item = |id, label, icon, what: &str| ActItem {
        id,
        label,
        icon,
        verb: text::add_it_to(&props.drill.run),
        effect: text::it_stands_with_the_drill_and(&what),
        look: Look::Plain,
        reason: Reason::Required,
        why_not: why_not.clone(),
        key: None,
    };
    let acts = vec![
        item("review-step", text::A_CONFUSING_STEP_OPENS, "alert", text::WHAT_WAS_NOT_CLEAR),
        item("review-wrong", text::A_WRONG_STEP_OPENS, "x", text::WHICH_STEP_DOES_NOT_DO_WHAT),
        item("review-missing", text::A_MISSING_STEP_OPENS, "plus", text::WHAT_HAD_TO_BE_DONE_AND),
        item("review-permission", text::A_MISSING_PERMISSION_OPENS, "lock", text::WHO_COULD_NOT_DO_WHAT),
        item("review-other", text::SOMETHING_ELSE_OPENS, "info", text::WHAT_ELSE_IS_WORTH_KNOWING),
    ];
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, on_drill) = (act.clone(), open.clone(), props.on_drill.clone());
        let (environment, run) = (props.environment.to_string(), props.drill.run.clone());
        Callback::from(move |(id, note): (&'static str, String)| {
            let about = match id {
                "review-step" => ReviewAbout::ConfusingStep,
                "review-wrong" => ReviewAbout::WrongStep,
                "review-missing" => ReviewAbout::MissingStep,
                "review-permission" => ReviewAbout::MissingPermission,
                _ => ReviewAbout::Other,
            };
            let review = ReviewRequest { note, about, step: None };
            let (open, on_drill) = (open.clone(), on_drill.clone());
            act.run(
                api::review_drill(console.backend.clone(), environment.clone(), run.clone(), review),
                move |drill| {
                    open.set(None);
                    on_drill.emit(drill);
                },
            );
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}
