use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_asked, use_console, use_may};
use crate::route::Route;
use crate::state::toasts::Tone;
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
        effect.push_str("The policy judges its budget by it: without it only what is known exactly counts, and what cannot be said needs approval. ");
    }
    if props.is_used {
        effect.push_str("Blast radii are worked out over it: until there is another, nobody sees how many change. ");
    }
    if props.name == "live" {
        effect.push_str("What clients have told is forgotten; it begins anew with the next of them. ");
    }
    if effect.is_empty() {
        effect.push_str("Nothing rests on it. ");
    }
    effect.push_str("It cannot be brought back but from its file.");
    let acts = vec![ActItem {
        id: "remove",
        label: "Remove…",
        icon: "x",
        verb: format!("Remove {}", props.name),
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
                toasts.toast(Tone::Ok, format!("Removed the population {gone}"), String::new());
                if let Some(navigator) = &navigator {
                    navigator.push(&back);
                }
            });
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}
