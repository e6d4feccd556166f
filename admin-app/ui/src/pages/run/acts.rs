use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{Key, use_act, use_console, use_keys, use_may};
use crate::words::run;
use crate::words::text::common;
use crate::words::text::run as text;
use downhaul_control::api::{RunAct, RunActRequest, RunView};
use downhaul_control::runbook::Purpose;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ActsProps {
    pub environment: AttrValue,
    pub run: RunView,
    pub on_run: Callback<RunView>,
}

/// What may be done with a run as it stands. Every act names the step that was looked at, so of two people who press at
/// once the second is told where the run is by then.
#[function_component]
pub fn Acts(props: &ActsProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let acts: Vec<ActItem> =
        run::acts(&props.run).into_iter().map(|act| item(act, &props.run, may.operate.clone())).collect();
    let on_act = {
        let (act, open, on_run) = (act.clone(), open.clone(), props.on_run.clone());
        let (environment, run) = (props.environment.to_string(), props.run.clone());
        Callback::from(move |(id, note): (&'static str, String)| {
            let Some(wanted) = ALL.into_iter().find(|act| mark(*act) == id) else { return };
            let request = RunActRequest { step: run.step, note };
            let (open, on_run) = (open.clone(), on_run.clone());
            act.run(
                api::act_on_run(console.backend.clone(), environment.clone(), run.id.clone(), wanted, request),
                move |run| {
                    open.set(None);
                    on_run.emit(run);
                },
            );
        })
    };
    {
        let (acts, open, on_act, sent) = (acts.clone(), open.clone(), on_act.clone(), act.state.sent);
        use_keys(move |key: &Key| {
            let Some(plain) = key.plain().map(str::to_lowercase) else { return false };
            if sent || open.is_some() || (plain == "enter" && key.on_control) {
                return false;
            }
            let pressed = acts.iter().find(|act| act.why_not.is_none() && act.key == Some(plain.as_str()));
            match pressed {
                Some(act) if act.reason == Reason::None => on_act.emit((act.id, String::new())),
                Some(act) => open.set(Some(act.id)),
                None => return false,
            }
            true
        });
    }
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    if acts.is_empty() {
        return Html::default();
    }
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}

const ALL: [RunAct; 6] = [RunAct::Confirm, RunAct::Fail, RunAct::Go, RunAct::Retry, RunAct::Skip, RunAct::Abort];

fn mark(act: RunAct) -> &'static str {
    match act {
        RunAct::Confirm => "confirm",
        RunAct::Fail => "fail",
        RunAct::Go => "go",
        RunAct::Retry => "retry",
        RunAct::Skip => "skip",
        RunAct::Abort => "abort",
    }
}

fn item(act: RunAct, run: &RunView, why_not: Option<String>) -> ActItem {
    let step = run.step.unwrap_or_default();
    let (label, icon, verb, effect) = match act {
        RunAct::Confirm => (text::DONE, "check", text::step_is_done(&step), text::THE_NEXT_STEP_BEGINS),
        RunAct::Fail => (
            text::COULD_NOT_BE_DONE,
            "alert",
            text::step_could_not_be_done(&step),
            text::THE_STEP_HAS_FAILED_WHOEVER_IS,
        ),
        RunAct::Go if begins_drill(run) => {
            (text::LET_IT_BEGIN, "arrow", text::begin_id(&run.id), text::FROM_HERE_FLAGS_ARE_KILLED_FOR)
        }
        RunAct::Go => (text::GO, "arrow", text::let_step_begin(&step), text::THE_STEP_BEGINS),
        RunAct::Retry => (common::TRY_AGAIN, "undo", text::try_step_again(&step), text::THE_STEP_BEGINS_ANEW),
        RunAct::Skip => (text::SKIP, "right", text::skip_step_step(&step), text::IT_IS_PASSED_OVER_AND_THE),
        RunAct::Abort => (text::ABORT, "x", text::abort_id(&run.id), abort(run)),
    };
    let (look, reason, key) = match act {
        RunAct::Go if begins_drill(run) => (Look::Primary, Reason::Optional, Some("enter")),
        RunAct::Confirm | RunAct::Go | RunAct::Retry => (Look::Primary, Reason::None, Some("enter")),
        RunAct::Fail => (Look::Plain, Reason::Required, Some("e")),
        RunAct::Skip => (Look::Plain, Reason::Required, None),
        RunAct::Abort => (Look::Plain, Reason::Required, Some("s")),
    };
    ActItem { id: mark(act), label, icon, verb, effect: effect.to_owned(), look, reason, why_not, key }
}

/// Nobody has let the drill begin yet.
fn begins_drill(run: &RunView) -> bool {
    run.purpose == Purpose::Drill && run.steps.iter().all(|step| step.state == "waiting")
}

fn abort(run: &RunView) -> &'static str {
    match run.purpose {
        Purpose::Rollback => text::THE_RUN_ENDS_HERE_WHAT_WAS,
        Purpose::Drill => text::THE_DRILL_ENDS_HERE_AND_HAS,
    }
}
