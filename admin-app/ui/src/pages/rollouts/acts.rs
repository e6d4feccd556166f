use super::rollout::ShownProps;
use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_console, use_looked_at, use_may, use_policy};
use crate::words::rollout;
use crate::words::text::common;
use crate::words::text::rollouts as text;
use downhaul_control::api::{ApproveStageRequest, RolloutAct, RolloutActRequest, RolloutView};
use yew::prelude::*;

const ALL: [RolloutAct; 5] =
    [RolloutAct::Pause, RolloutAct::Resume, RolloutAct::StepBack, RolloutAct::RollBack, RolloutAct::End];

/// The ways on and back. Each names the stage that was looked at.
#[function_component]
pub fn Acts(props: &ShownProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let policy = use_policy();
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let view = &props.view;
    let allows_self = policy.is_some_and(|policy| policy.approvals.by_author);
    let actor = console.who().map(|who| who.actor.clone()).unwrap_or_default();
    let mut acts: Vec<ActItem> =
        rollout::acts(&view.summary).into_iter().map(|act| item(act, view, may.operate.clone())).collect();
    if let Some(approval) = &view.approval {
        let counts = approval.approvals.iter().any(|each| each.act.actor == actor && each.counts == Some(true));
        let own = view.summary.started.actor == actor && !allows_self;
        acts.insert(
            0,
            ActItem {
                id: "approve",
                label: text::APPROVE,
                icon: "check",
                verb: text::approve_stage_stage(&approval.stage),
                effect: text::YOUR_APPROVAL_IS_OF_EXACTLY_WHAT.to_owned(),
                look: Look::Primary,
                reason: Reason::Required,
                why_not: own
                    .then(|| text::YOU_STARTED_IT_SOMEBODY_ELSE_HAS.to_owned())
                    .or_else(|| may.approve.clone())
                    .or_else(|| counts.then(|| common::YOUR_APPROVAL_COUNTS_ALREADY.to_owned())),
                key: None,
            },
        );
    }
    // How far back, where it ends and what is approved is of a stage.
    let digest = view.approval.as_ref().map(|approval| approval.digest.clone()).unwrap_or_default();
    let looked = use_looked_at(*open, &act, (view.summary.stage, digest));
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, on_view) = (act.clone(), open.clone(), props.on_view.clone());
        let (environment, view, looked) = (props.environment.to_string(), view.clone(), looked.clone());
        Callback::from(move |(id, reason): (&'static str, String)| {
            let (backend, environment, rollout) =
                (console.backend.clone(), environment.clone(), view.summary.id.clone());
            let (open, on_view) = (open.clone(), on_view.clone());
            let done = move |view: RolloutView| {
                open.set(None);
                on_view.emit(view);
            };
            match ALL.into_iter().find(|act| mark(*act) == id) {
                Some(wanted) => {
                    // The others mean the same at every stage, and are not to be refused for another one.
                    let is_of_stage = matches!(wanted, RolloutAct::StepBack | RolloutAct::End);
                    let stage = Some(if is_of_stage { looked.0 } else { view.summary.stage });
                    let request = RolloutActRequest { stage, reason };
                    act.run(api::act_on_rollout(backend, environment, rollout, wanted, request), done);
                }
                None => {
                    let digest = looked.1.clone();
                    act.run(
                        api::approve_stage(backend, environment, rollout, ApproveStageRequest { digest, reason }),
                        done,
                    );
                }
            }
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}

fn mark(act: RolloutAct) -> &'static str {
    match act {
        RolloutAct::Pause => "pause",
        RolloutAct::Resume => "resume",
        RolloutAct::StepBack => "step-back",
        RolloutAct::RollBack => "roll-back",
        RolloutAct::End => "end",
    }
}

fn item(act: RolloutAct, view: &RolloutView, why_not: Option<String>) -> ActItem {
    let id = &view.summary.id;
    let before = view.summary.stage.saturating_sub(1);
    let (label, icon, verb, effect) = match act {
        RolloutAct::Pause => (text::PAUSE, "pause", text::pause_id(&id), text::IT_STAYS_AT_ITS_STAGE_NOBODY.to_owned()),
        RolloutAct::Resume => (text::RESUME, "arrow", text::resume_id(&id), text::IT_GOES_ON_AND_ITS_STAGE.to_owned()),
        RolloutAct::StepBack if before == 0 => (
            text::STEP_BACK,
            "left",
            text::take_back_before_its_first_stage(&id),
            text::EVERYONE_GETS_WHAT_THEY_HAD_BEFORE.to_owned(),
        ),
        RolloutAct::StepBack => (
            text::STEP_BACK,
            "left",
            text::take_back_to_stage(&id, &before),
            text::exactly_the_people_of_stage_keep(&before),
        ),
        RolloutAct::RollBack => (
            text::ROLL_BACK,
            "undo",
            text::roll_id_back(&id),
            text::EVERYONE_GETS_WHAT_THEY_HAD_BEFORE_THE_START_AND.to_owned(),
        ),
        RolloutAct::End => (text::END_HERE, "x", text::end_id_here(&id), text::IT_IS_OVER_AND_THE_FLAG.to_owned()),
    };
    let is_edited = view.summary.standing.held.as_deref() == Some("edited");
    let edited = (is_edited && matches!(act, RolloutAct::StepBack | RolloutAct::RollBack))
        .then(|| text::SOMEBODY_ELSE_HAS_CHANGED_THE_FLAG.to_owned());
    let (look, key) = match act {
        RolloutAct::Resume => (Look::Primary, None),
        RolloutAct::RollBack => (Look::Danger, None),
        RolloutAct::Pause | RolloutAct::StepBack | RolloutAct::End => (Look::Plain, None),
    };
    ActItem {
        id: mark(act),
        label,
        icon,
        verb,
        effect,
        look,
        reason: Reason::Required,
        why_not: why_not.or(edited),
        key,
    }
}
