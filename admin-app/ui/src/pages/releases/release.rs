use super::facts::{Artifacts, Checklist};
use super::findings::use_report;
use super::rollback::RollBack;
use crate::backend::api;
use crate::components::{Icon, SentenceText, Sign};
use crate::hooks::{clock, use_asked, use_document_title, use_way_back};
use crate::pages::frame::{Frame, framed};
use crate::pages::run::RunsCard;
use crate::route::Route;
use crate::words::change::marked;
use crate::words::message::capital;
use crate::words::number::count;
use crate::words::run::says_kind;
use crate::words::text::common;
use crate::words::text::releases as text;
use crate::words::time::{ago, parse, stopwatch};
use downhaul_control::api::ReleaseView;
use serde_json::Value;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ReleaseProps {
    pub environment: AttrValue,
    pub release: String,
}

/// One release: exactly what goes back to what, what is missing for that, and the way.
#[function_component]
pub fn Release(props: &ReleaseProps) -> Html {
    use_document_title(text::release_release(&props.release));
    let (asked, _) = use_asked(api::release(&props.environment, &props.release), 0);
    let list = Route::Releases { environment: props.environment.to_string() };
    use_way_back(list.clone());
    let heading = html! {
        <><h1 class="mono">{ &props.release }</h1>
            if let Some(view) = asked.slot.ready() {
                if view.summary.retired { <span class="chip line">{ text::RETIRED }</span> }
                if !view.one_way.is_empty() { <span class="chip warn"><Icon name="arrow" />{ text::FORWARD_FIX_ONLY }</span> }
            }</>
    };
    let frame = Frame {
        what: "release",
        crumbs: vec![(list, common::RELEASES.to_owned())],
        id: props.release.clone(),
        heading,
        actions: Html::default(),
        missing: text::names_no_release_of(&props.release, &props.environment),
    };
    framed(frame, &asked.slot, |view| {
        html! { <Shown environment={props.environment.clone()} view={(**view).clone()} /> }
    })
}

#[derive(Debug, Properties, PartialEq)]
struct ShownProps {
    environment: AttrValue,
    view: ReleaseView,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let now = clock::now();
    let view = &props.view;
    let summary = &view.summary;
    let report = use_report(props.environment.clone(), summary.key.clone(), summary.revision);
    let document = &view.release;
    let description = document.get("description").and_then(Value::as_str).unwrap_or_default();
    html! {
        <>
            if let Some(run) = &summary.running {
                <div class="banner danger" role="status" data-test="release-running"><Icon name="undo" /><p><b>{ text::is_under_way_2(&run) }</b>{ text::OTHERS_CAN_FOLLOW_IT_AND_ACT }</p>
                    <Link<Route> to={Route::Run { environment: props.environment.to_string(), id: run.clone() }} classes="btn s">{ text::OPEN_THE_RUN }</Link<Route>></div>
            }
            { for view.one_way.iter().map(|each| html! {
                <div class="banner warn"><Icon name="arrow" /><p><b>{ text::is_not_undone_by_going_back(&each.flag) }</b>{ format!("{}. ", each.why) }
                    { if each.fix.is_empty() { text::NOBODY_HAS_WRITTEN_DOWN_WHAT_TO.to_owned() } else { text::instead_fix(&each.fix) } }</p></div>
            }) }
            if !description.is_empty() { <p class="muted">{ description }</p> }
            <div class="sidegrid">
                <div class="stack l">
                    <Artifacts release={document.clone()} />
                    <WayBack environment={props.environment.clone()} view={view.clone()} />
                    if !summary.retired && summary.running.is_none() {
                        <RollBack environment={props.environment.clone()} view={view.clone()} />
                    }
                    <RunsCard environment={props.environment.clone()} subject={Some(summary.key.clone())} />
                </div>
                <aside class="stack l">
                    <Checklist release={document.clone()} {report} step_count={view.steps.len()} />
                    <section class="card"><div class="pad stack s">
                        <p class="small muted">{ text::put_by_at_revision(&summary.by, &parse(&summary.at).map(|at| ago(now - at)).unwrap_or_default(), &count(summary.revision)) }</p>
                        <dl class="dl"><dt>{ text::LAST_DRILL }</dt><dd>{ super::last_drill(summary.last_drill.as_ref(), now) }</dd>
                            <dt>{ text::LAST_DRILL_BY_SOMEONE_ELSE }</dt><dd>{ super::last_drill(summary.last_independent_drill.as_ref(), now) }</dd></dl>
                    </div></section>
                    <section class="card"><details><summary class="pad tight">{ text::AS_IT_WAS_PUT }</summary>
                        <pre class="json" tabindex="0" aria-label={text::THE_RELEASE_AS_JSON}>{ serde_json::to_string_pretty(&view.release).unwrap_or_default() }</pre></details></section>
                </aside>
            </div>
        </>
    }
}

#[function_component]
fn WayBack(props: &ShownProps) -> Html {
    let view = &props.view;
    html! {
        <section class="card" data-test="way-back">
            <header><h2>{ text::THE_WAY_BACK }</h2><p>{ text::given_up_after(&crate::words::number::counted(view.steps.len(), text::STEP, text::STEPS), &stopwatch(f64::from(view.limit_seconds) * 1000.0).0) }</p></header>
            if !view.kill_order.is_empty() {
                <ol class="killorder">
                    { for view.kill_order.iter().map(|each| html! {
                        <li key={each.flag.clone()} data-test={format!("kill-order-{}", each.flag)}><Sign name="kill" />
                            <div><Link<Route> to={Route::Flag { environment: props.environment.to_string(), key: each.flag.clone() }} classes="key">{ &each.flag }</Link<Route>>
                                <p class="muted">{ &each.effect }</p>
                                if !each.also.is_empty() { <p class="small warn-ink">{ text::degrades_with_it_outside_of_this(&each.also.join(", ")) }</p> }
                            </div></li>
                    }) }
                </ol>
            }
            <ol class="steps">
                { for view.steps.iter().enumerate().map(|(at, step)| html! {
                    <li class="rstep" key={at}><span class="st">{ at + 1 }</span>
                        <div><b><SentenceText sentence={marked(&capital(&step.what))} /></b>if says_kind(&step.kind, &step.what) { <span class="kind">{ &step.kind }</span> }
                            if !step.expect.is_empty() { <p>{ &step.expect }</p> }</div>
                        <div class="t"><small>{ text::limit_from(&stopwatch(f64::from(step.limit_seconds) * 1000.0).0) }</small></div></li>
                }) }
            </ol>
        </section>
    }
}
