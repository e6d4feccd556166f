use crate::backend::{Saved, api};
use crate::components::Icon;
use crate::hooks::{use_act, use_console};
use crate::state::toasts::Tone;
use crate::words::text::chart as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ExportProps {
    pub environment: AttrValue,
}

/// Keeps the whole chart as a file, which `downhaul chart verify` checks without this server.
#[function_component]
pub fn Export(props: &ExportProps) -> Html {
    let console = use_console();
    let act = use_act();
    let on_click = {
        let (act, environment) = (act.clone(), props.environment.to_string());
        Callback::from(move |_: MouseEvent| {
            if act.state.sent {
                return;
            }
            let saving = api::save_chart(&console.backend, &environment);
            let console = console.clone();
            act.run(saving, move |saved| {
                if let Saved::At(place) = saved {
                    console.toast(Tone::Ok, text::THE_CHART_IS_SAVED.to_owned(), place);
                }
            });
        })
    };
    html! {
        <div class="stack s">
            <button class="btn" data-test="chart-export" aria-disabled={act.state.sent.to_string()} onclick={on_click}>
                <Icon name="down2" small=true />{ text::EXPORT }
            </button>
            if let Some(failure) = &act.state.failure { <p class="error" role="alert">{ failure.title() }</p> }
        </div>
    }
}
