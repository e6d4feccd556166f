use super::Standing;
use super::acts::Acts;
use super::stages::Stages;
use crate::backend::api;
use crate::components::{Icon, Placed, SentenceText};
use crate::hooks::{clock, use_asked, use_document_title, use_way_back};
use crate::pages::frame::{Frame, framed};
use crate::route::Route;
use crate::words::change::marked;
use crate::words::message::capital;
use crate::words::number::{count, counted, ratio};
use crate::words::proposal::by;
use crate::words::rollout::{how_it_stands, is_over, reads_gates, what_to_do};
use crate::words::text::common;
use crate::words::text::rollouts as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::{ApprovalView, RolloutView};
use yew::prelude::*;
use yew_router::prelude::*;

/// Readings of gates are not charted, so they are asked for this often while there are any, in milliseconds.
const FOLLOW: u32 = 2_000;

#[derive(Debug, Properties, PartialEq)]
pub struct RolloutProps {
    pub environment: AttrValue,
    pub id: String,
}

/// One rollout: where it is, what it waits for, and the ways on and back.
#[function_component]
pub fn Rollout(props: &RolloutProps) -> Html {
    let follows = use_state(|| true);
    let (asked, put) = use_asked(api::rollout(&props.environment, &props.id), if *follows { FOLLOW } else { 0 });
    {
        let (follows, reads) = (follows.clone(), asked.slot.ready().is_none_or(|view| reads_gates(&view.summary)));
        use_effect_with(reads, move |reads| follows.set(*reads));
    }
    let view = asked.slot.ready().cloned();
    use_document_title(
        view.as_ref().map_or_else(|| text::rollout_id(&props.id), |view| text::rollout_of_flag(&view.summary.flag)),
    );
    let list = Route::Rollouts { environment: props.environment.to_string() };
    use_way_back(list.clone());
    let heading = html! {
        <><h1>{ text::ROLLOUT_HEAD }{ view.as_ref().map(|view| html! { <>{ common::OF }<span class="mono">{ &view.summary.flag }</span></> }) }</h1>
            if let Some(view) = &view { <Standing standing={view.summary.standing.clone()} /> }</>
    };
    let actions = view.as_ref().map(|view| {
        let flag = Route::Flag { environment: props.environment.to_string(), key: view.summary.flag.clone() };
        html! { <Link<Route> to={flag} classes="btn"><Icon name="flag" />{ text::THE_FLAG }</Link<Route>> }
    });
    let frame = Frame {
        what: "rollout",
        crumbs: vec![(list, text::ROLLOUTS.to_owned())],
        id: props.id.clone(),
        heading,
        actions: actions.unwrap_or_default(),
        missing: text::names_no_rollout_of(&props.id, &props.environment),
    };
    framed(frame, &asked.slot, |view| {
        html! { <Shown environment={props.environment.clone()} view={(**view).clone()} on_view={put} /> }
    })
}

#[derive(Debug, Properties, PartialEq)]
pub struct ShownProps {
    pub environment: AttrValue,
    pub view: RolloutView,
    pub on_view: Callback<RolloutView>,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let (view, now) = (&props.view, clock::now());
    let (summary, standing) = (&view.summary, &view.summary.standing);
    let when = |at: &str| parse(at).map(|at| ago(now - at)).unwrap_or_default();
    html! {
        <div class="sidegrid">
            <div class="stack l">
                if let Some(held) = &standing.held {
                    <div class="banner warn" role="status" data-test="rollout-held"><Icon name="pause" /><p><b>{ text::HELD }</b><SentenceText sentence={marked(&standing.words)} />{ ". " }{ what_to_do(held) }</p></div>
                }
                <Stages view={view.clone()} />
                <section class="card">
                    <header><h2>{ text::SO_FAR }</h2><p>{ text::EACH_STAGE_THAT_WAS_ENTERED_THE }</p></header>
                    <ul class="approvals">
                        { for view.entered.iter().rev().map(|each| html! {
                            <li key={each.change.revision}><Icon name={if each.stage == 0 { "undo" } else { "check" }} small=true /><div><b>{ if each.stage == 0 { text::BEFORE_THE_FIRST_STAGE.to_owned() } else { text::stage_number(&each.stage) } }</b>
                                <small class="faint">{ text::when_revision_revision_by_by(&when(&each.change.at), &count(each.change.revision), &by(&each.change)) }</small><p class="muted">{ format!("“{}”", each.change.reason) }</p></div></li>
                        }) }
                        { for view.held.iter().rev().map(|each| html! {
                            <li class="void" key={each.revision}><Icon name="pause" small=true /><div><b>{ text::HELD_HEAD }</b><small class="faint">{ text::when_revision_revision(&when(&each.at), &count(each.revision)) }</small>
                                <p class="muted"><SentenceText sentence={marked(&capital(&each.why))} /></p></div></li>
                        }) }
                    </ul>
                    if view.entered.is_empty() { <p class="pad muted">{ text::NO_STAGE_HAS_BEEN_ENTERED }</p> }
                </section>
            </div>
            <aside class="stack l">
                <section class="card"><div class="pad stack s">
                    <p class="say">{ text::GIVES }<span class="variant">{ &summary.variant }</span></p>
                    if standing.held.is_none() { <p data-test="rollout-words"><SentenceText sentence={marked(&capital(&how_it_stands(standing, now, clock::offset())))} /></p> }
                    if !summary.description.is_empty() { <p class="muted">{ &summary.description }</p> }
                    <p class="quote">{ &summary.started.reason }</p>
                    <p class="small muted">{ text::started_by_at_revision(&by(&summary.started), &when(&summary.started.at), &count(summary.started.revision)) }</p>
                </div></section>
                if let Some(approval) = &view.approval {
                    <section class="card divide">
                        <header><h2>{ text::stage_stage(&approval.stage) }</h2>
                            <span class={classes!("chip", "end", if approval.counting >= approval.needed { "ok" } else { "warn" })} data-test="stage-approvals">{ text::from_of_approvals(&count(u64::from(approval.counting)), &counted(approval.needed as usize, common::APPROVAL, common::APPROVALS)) }</span></header>
                        <div class="pad"><div class="meter"><Placed width={Some(ratio(approval.counting as usize, approval.needed as usize))} /></div></div>
                        if approval.approvals.is_empty() { <p class="pad muted">{ text::NOBODY_HAS_APPROVED_THAT_IT_IS }</p> }
                        else { <ul class="approvals">{ for approval.approvals.iter().map(|each| row(each, &when(&each.act.at))) }</ul> }
                    </section>
                }
                if !is_over(summary) { <section class="card"><div class="pad"><Acts environment={props.environment.clone()} view={view.clone()} on_view={props.on_view.clone()} /></div></section> }
                <section class="card"><details><summary class="pad tight">{ text::AS_IT_IS_CARRIED_OUT }</summary>
                    <pre class="json" tabindex="0" aria-label={text::THE_ROLLOUT_AS_JSON}>{ serde_json::to_string_pretty(&view.rollout).unwrap_or_default() }</pre></details></section>
            </aside>
        </div>
    }
}

fn row(approval: &ApprovalView, when: &str) -> Html {
    let (class, icon) = if approval.counts == Some(false) { ("void", "alert") } else { ("counts", "check") };
    html! {
        <li class={class} key={approval.act.revision}><Icon name={icon} small=true /><div><b>{ by(&approval.act) }</b><small class="faint">{ format!(" {when}") }</small>
            <p class="muted">{ format!("“{}”", approval.act.reason) }</p>
            if let Some(void) = &approval.void { <p class="warn-ink">{ text::DOES_NOT_COUNT }<SentenceText sentence={marked(void)} /></p> }</div></li>
    }
}
