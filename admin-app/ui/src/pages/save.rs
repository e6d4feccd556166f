use crate::backend::Saved;
use crate::components::Icon;
use crate::hooks::{use_act, use_console};
use crate::state::toasts::Tone;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SaveProps {
    /// Where it is, below the control plane.
    pub path: AttrValue,
    /// What the file is called, unless somebody calls it otherwise.
    pub name: AttrValue,
    pub label: AttrValue,
    /// Once it is saved, where that is known: `The chart is saved`.
    pub told: AttrValue,
    pub class: Classes,
    pub test: AttrValue,
}

/// Keeps something of the control plane as a file: by the browser, or, in the desktop app, where a person chooses.
#[function_component]
pub fn Save(props: &SaveProps) -> Html {
    let console = use_console();
    let act = use_act();
    let on_click = {
        let (act, path, name, told) = (act.clone(), props.path.clone(), props.name.clone(), props.told.clone());
        Callback::from(move |_: MouseEvent| {
            if act.state.sent {
                return;
            }
            let (console, told) = (console.clone(), told.clone());
            act.run(console.backend.save(path.to_string(), name.to_string()), move |saved| {
                if let Saved::At(place) = saved {
                    console.toast(Tone::Ok, told.to_string(), place);
                }
            });
        })
    };
    html! {
        <div class="stack s">
            <button type="button" class={props.class.clone()} data-test={props.test.clone()} aria-disabled={act.state.sent.to_string()} onclick={on_click}>
                <Icon name="down2" small=true />{ &props.label }
            </button>
            if let Some(failure) = &act.state.failure { <p class="error" role="alert">{ failure.title() }</p> }
        </div>
    }
}
