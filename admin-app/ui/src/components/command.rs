use super::Icon;
use crate::hooks::use_console;
use crate::state::toasts::Tone;
use crate::words::text::components as text;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CommandProps {
    pub command: AttrValue,
}

/// A command for a shell, and the button that copies it.
#[function_component]
pub fn Command(props: &CommandProps) -> Html {
    let console = use_console();
    let copy = {
        let command = props.command.clone();
        Callback::from(move |_: MouseEvent| {
            let (console, command) = (console.clone(), command.clone());
            spawn_local(async move {
                let Some(window) = web_sys::window() else { return };
                let copied = JsFuture::from(window.navigator().clipboard().write_text(&command)).await.is_ok();
                if copied {
                    console.toast(Tone::Ok, text::COMMAND_COPIED.to_owned(), String::new());
                } else {
                    console.toast(
                        Tone::Warn,
                        text::THE_BROWSER_DID_NOT_ALLOW_COPYING.to_owned(),
                        text::SELECT_THE_TEXT_INSTEAD.to_owned(),
                    );
                }
            });
        })
    };
    html! {
        <div class="cmd"><code>{ &props.command }</code>
            <button type="button" class="iconbtn" aria-label={text::COPY_COMMAND} onclick={copy}><Icon name="copy" small=true /></button>
        </div>
    }
}
