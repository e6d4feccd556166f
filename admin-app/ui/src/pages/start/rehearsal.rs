use crate::backend::api;
use crate::components::{ActBar, ActItem, Icon, Look, Reason};
use crate::hooks::{use_act, use_asked, use_console, use_may};
use crate::route::Route;
use crate::words::text::start as text;
use crate::words::time::duration;
use downhaul_control::api::{DrillKind, DrillRequest, RunView};
use downhaul_control::runbook::Pace;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RehearsalProps {
    pub environment: AttrValue,
    pub flag: String,
    pub is_rehearsed: bool,
}

/// A drill of the flag: it is killed for real, watched until every client is dark, and given back.
#[function_component]
pub fn Rehearsal(props: &RehearsalProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let may = use_may(&props.environment);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let (drills, _) = use_asked(api::drills(&props.environment), 0);
    if props.is_rehearsed {
        let drill = drills.slot.ready().and_then(|page| {
            page.drills
                .iter()
                .find(|drill| drill.subject.flag.as_deref() == Some(&*props.flag) && drill.outcome == "passed")
                .cloned()
        });
        let disable = drill.as_ref().and_then(|drill| drill.slowest_ms);
        return html! {
            <div class="stack s" data-test="guide-rehearsed">
                <p class="row"><Icon name="shieldcheck" /><b>{ match disable {
                    Some(ms) => text::rehearsed_every_client_was_dark_after(&duration(ms)),
                    None => text::REHEARSED.to_owned(),
                } }</b></p>
                <p>{ text::THAT_IS_ALL_THERE_IS_TO }
                    <Link<Route> to={Route::Kill { environment: props.environment.to_string(), key: props.flag.clone() }}>{ text::kill_flag(&props.flag) }</Link<Route>>
                    { text::NEXT }<Link<Route> to={Route::People { environment: props.environment.to_string() }}>{ text::LET_OTHERS_IN }</Link<Route>>{ ", " }
                    <Link<Route> to={Route::Settings { environment: props.environment.to_string() }}>{ text::SAY_WHAT_NEEDS_A_SECOND_PERSON }</Link<Route>>{ ", " }
                    <Link<Route> to={Route::Populations { environment: props.environment.to_string() }}>{ text::PUT_A_POPULATION }</Link<Route>>{ "." }</p>
            </div>
        };
    }
    let acts = vec![ActItem {
        id: "drill",
        label: text::REHEARSE_THE_KILL,
        icon: "drill",
        verb: text::call_a_drill_of(&props.flag),
        effect: text::it_opens_the_run_once_you(&props.flag),
        look: Look::Primary,
        reason: Reason::Required,
        why_not: may.operate.clone(),
        key: None,
    }];
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, environment, flag) = (act.clone(), props.environment.to_string(), props.flag.clone());
        Callback::from(move |(_, reason): (&'static str, String)| {
            let request =
                DrillRequest { name: flag.clone(), kind: Some(DrillKind::Flag), reason, pace: Pace::Straight };
            let (navigator, to) = (navigator.clone(), environment.clone());
            act.run(api::call_drill(console.backend.clone(), environment.clone(), request), move |run: RunView| {
                if let Some(navigator) = navigator {
                    navigator.push(&Route::Run { environment: to, id: run.id });
                }
            });
        })
    };
    html! {
        <>
            <p>{ text::A_WAY_DOWN_THAT_WAS_NEVER }</p>
            <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} />
        </>
    }
}
