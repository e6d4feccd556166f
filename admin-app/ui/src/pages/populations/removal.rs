use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_asked, use_console, use_may};
use crate::route::Route;
use crate::state::toasts::Tone;
use crate::words::text::common;
use crate::words::text::populations as text;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RemovalProps {
    pub environment: AttrValue,
    pub name: String,
    /// Whether blast radii are worked out over it.
    pub is_used: bool,
    pub back: Route,
}

/// Takes a population away, after what rests on it was said.
#[function_component]
pub fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let may = use_may(&props.environment);
    let (policy, _) = use_asked(api::policy_view(&props.environment), 0);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let named = policy
        .slot
        .ready()
        .is_some_and(|view| view.policy.get("population").and_then(|name| name.as_str()) == Some(&*props.name));
    let mut effect = String::new();
    if named {
        effect.push_str(text::THE_POLICY_JUDGES_ITS_BUDGET_BY);
    }
    if props.is_used {
        effect.push_str(text::BLAST_RADII_ARE_WORKED_OUT_OVER);
    }
    if props.name == "live" {
        effect.push_str(text::WHAT_CLIENTS_HAVE_TOLD_IS_FORGOTTEN);
    }
    if effect.is_empty() {
        effect.push_str(text::NOTHING_RESTS_ON_IT);
    }
    effect.push_str(text::IT_CANNOT_BE_BROUGHT_BACK_BUT);
    let acts = vec![ActItem {
        id: "remove",
        label: text::REMOVE,
        icon: "x",
        verb: common::remove_name(&props.name),
        effect,
        look: Look::Plain,
        // The journal keeps who did; no reason is asked.
        reason: Reason::Optional,
        why_not: may.edit.clone(),
        key: None,
    }];
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, environment, name, back) =
            (act.clone(), props.environment.to_string(), props.name.clone(), props.back.clone());
        Callback::from(move |_: (&'static str, String)| {
            let (toasts, navigator, back, gone) = (console.clone(), navigator.clone(), back.clone(), name.clone());
            act.run(api::remove_population(console.backend.clone(), environment.clone(), name.clone()), move |()| {
                toasts.toast(Tone::Ok, text::removed_the_population(&gone), String::new());
                if let Some(navigator) = &navigator {
                    navigator.push(&back);
                }
            });
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}
