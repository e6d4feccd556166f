use crate::components::Icon;
use crate::hooks::{use_console, use_now};
use crate::route::Route;
use crate::words::text::frame as text;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FrozenNoteProps {
    pub environment: AttrValue,
}

/// While the environment is frozen: so much before anyone edits.
#[function_component]
pub fn FrozenNote(props: &FrozenNoteProps) -> Html {
    let frozen = use_console().frozen();
    use_now(if frozen.is_some() { AGAIN_MS } else { 0 });
    let Some(frozen) = frozen else { return Html::default() };
    html! {
        <div class="banner info" data-test="frozen"><Icon name="lock" /><p>{ frozen }</p>
            <div class="row"><Link<Route> to={Route::Settings { environment: props.environment.to_string() }} classes="btn s">{ text::THE_FREEZE }</Link<Route>></div></div>
    }
}

/// How long ago it was is told anew so often, in milliseconds.
const AGAIN_MS: u32 = 60_000;
