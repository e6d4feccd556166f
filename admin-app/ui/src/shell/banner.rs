use crate::components::Icon;
use crate::hooks::{use_console, use_now};
use crate::state::live::Connection;
use crate::words::text::shell as text;
use crate::words::time::age;
use yew::prelude::*;

/// Shorter losses are over before anyone has read about them, in milliseconds.
const PATIENCE: f64 = 2_000.0;

/// Offline: how old the data is, what still works, and what waits.
#[function_component]
pub fn ConnectionBanner() -> Html {
    let console = use_console();
    let Connection::Lost { since } = console.live.connection else { return Html::default() };
    html! { <Offline {since} confirmed_at={console.live.confirmed_at} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct OfflineProps {
    since: f64,
    confirmed_at: Option<f64>,
}

#[function_component]
fn Offline(props: &OfflineProps) -> Html {
    let now = use_now(1_000);
    if now - props.since < PATIENCE {
        return Html::default();
    }
    let data = match props.confirmed_at {
        Some(at) => text::what_you_see_is_old(&age(now - at)),
        None => String::new(),
    };
    html! {
        <div class="banner warn" role="status" data-test="offline">
            <Icon name="offline" />
            <p>
                <b>{ text::THE_CONTROL_PLANE_CANNOT_BE_REACHED }</b>{ data }
                { text::READING_GOES_ON_A_KILL_FROM }
                <code>{ text::DOWNHAUL_KILL_FLAG_REASON_TEXT }</code>
            </p>
        </div>
    }
}
