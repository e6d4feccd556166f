use super::rollout::ShownProps;
use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_console, use_may, use_policy};
use crate::words::rollout;
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
                label: "Approve…",
                icon: "check",
                verb: format!("Approve stage {}", approval.stage),
                effect: "Your approval is of exactly what entering it would do now.".to_owned(),
                look: Look::Primary,
                reason: Reason::Required,
                why_not: own
                    .then(|| "You started it; somebody else has to approve its stages.".to_owned())
                    .or_else(|| may.approve.clone())
                    .or_else(|| counts.then(|| "Your approval counts already.".to_owned())),
                key: None,
            },
        );
    }
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, on_view) = (act.clone(), open.clone(), props.on_view.clone());
        let (environment, view) = (props.environment.to_string(), view.clone());
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
                    let request = RolloutActRequest { stage: Some(view.summary.stage), reason };
                    act.run(api::act_on_rollout(backend, environment, rollout, wanted, request), done);
                }
                None => {
                    let digest = view.approval.as_ref().map(|approval| approval.digest.clone()).unwrap_or_default();
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
        RolloutAct::Pause => {
            ("Pause…", "pause", format!("Pause {id}"), "It stays at its stage. Nobody loses what they have.".to_owned())
        }
        RolloutAct::Resume => {
            ("Resume…", "arrow", format!("Resume {id}"), "It goes on, and its stage bakes anew.".to_owned())
        }
        RolloutAct::StepBack if before == 0 => (
            "Step back…",
            "left",
            format!("Take {id} back before its first stage"),
            "Everyone gets what they had before the start, and it pauses.".to_owned(),
        ),
        RolloutAct::StepBack => (
            "Step back…",
            "left",
            format!("Take {id} back to stage {before}"),
            format!(
                "Exactly the people of stage {before} keep it, all others get what they had before; and it pauses."
            ),
        ),
        RolloutAct::RollBack => (
            "Roll back…",
            "undo",
            format!("Roll {id} back"),
            "Everyone gets what they had before the start, and it is over.".to_owned(),
        ),
        RolloutAct::End => {
            ("End here…", "x", format!("End {id} here"), "It is over, and the flag stays as it is now.".to_owned())
        }
    };
    let is_edited = view.summary.standing.held.as_deref() == Some("edited");
    let edited = (is_edited && matches!(act, RolloutAct::StepBack | RolloutAct::RollBack))
        .then(|| "Somebody else has changed the flag, and that is not overwritten. Resume takes the flag as it is now; a kill always goes.".to_owned());
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
