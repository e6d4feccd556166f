use crate::backend::Failure;
use crate::components::Icon;
use crate::hooks::{use_again, use_console, use_now};
use crate::state::live::{Action, Connection};
use crate::words::text::{common, shell as text};
use crate::words::time::{age, ago};
use gloo::timers::callback::Interval;
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
        <div class="banner warn" data-test="offline">
            <Icon name="offline" />
            <p>
                <b role="status">{ text::THE_CONTROL_PLANE_CANNOT_BE_REACHED }</b>{ data }
                { text::READING_GOES_ON_A_KILL_FROM }
                <code>{ text::DOWNHAUL_KILL_FLAG_REASON_TEXT }</code>
            </p>
        </div>
    }
}

/// What failed to be read again is asked for so often, in milliseconds.
const AGAIN_MS: u32 = 20_000;

/// The stream is well, and something that is shown could not be read again: what of it is oldest, and why.
#[function_component]
pub fn StuckNote() -> Html {
    let console = use_console();
    if console.live.stuck.is_empty() {
        Html::default()
    } else {
        html! { <Stuck /> }
    }
}

#[function_component]
fn Stuck() -> Html {
    let console = use_console();
    let now = use_now(1_000);
    let again = use_again();
    {
        let live = console.live.dispatcher();
        use_effect_with((), move |()| {
            let interval = Interval::new(AGAIN_MS, move || live.dispatch(Action::Stale));
            move || drop(interval)
        });
    }
    let Some(stuck) = console.live.oldest_stuck(now, PATIENCE) else { return Html::default() };
    // The stream comes, so the control plane is there.
    let why = if stuck.failure == Failure::Offline { text::NO_ANSWER_CAME.to_owned() } else { stuck.failure.title() };
    // What is told aloud does not change with every second.
    html! {
        <div class="banner warn" data-test="stuck">
            <Icon name="alert" />
            <p class="grow"><b role="status">{ text::PART_OF_THIS_PAGE_IS_OLD }</b>{ text::it_was_read_ago(&ago(now - stuck.read_at), &why) }</p>
            <button type="button" class="btn s" data-test="again" onclick={again.reform(|_| ())}>{ common::TRY_AGAIN }</button>
        </div>
    }
}
