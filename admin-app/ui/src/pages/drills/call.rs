use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_console, use_may};
use crate::route::Route;
use crate::words::text::drills as text;
use downhaul_control::api::{DrillKind, DrillRequest, RunView, SubjectView};
use downhaul_control::runbook::Pace;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CallProps {
    pub environment: AttrValue,
    pub subject: SubjectView,
    pub on_close: Callback<()>,
}

/// Calls a drill: the time to decide runs from here, and nothing is killed until somebody lets it begin.
#[function_component]
pub fn Call(props: &CallProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let may = use_may(&props.environment);
    let (act, open) = (use_act(), use_state(|| Some("drill")));
    let key = props.subject.key().to_owned();
    let acts = vec![ActItem {
        id: "drill",
        label: text::CALL_IT,
        icon: "drill",
        verb: text::call_a_drill_of_in(&key, &props.environment),
        effect: text::the_time_to_decide_begins_to(&props.environment),
        look: Look::Primary,
        reason: Reason::Required,
        why_not: may.operate.clone(),
        key: None,
    }];
    let on_open = {
        let (open, close) = (open.clone(), props.on_close.clone());
        Callback::from(move |id: Option<&'static str>| {
            open.set(id);
            if id.is_none() {
                close.emit(());
            }
        })
    };
    let on_act = {
        let (act, environment, subject) = (act.clone(), props.environment.to_string(), props.subject.clone());
        Callback::from(move |(_, reason): (&'static str, String)| {
            let kind = if subject.flag.is_some() { DrillKind::Flag } else { DrillKind::Release };
            let request =
                DrillRequest { name: subject.key().to_owned(), kind: Some(kind), reason, pace: Pace::Straight };
            let (navigator, to) = (navigator.clone(), environment.clone());
            act.run(api::call_drill(console.backend.clone(), environment.clone(), request), move |run: RunView| {
                if let Some(navigator) = navigator {
                    navigator.push(&Route::Run { environment: to, id: run.id });
                }
            });
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}
