use crate::backend::Failure;
use crate::components::{Command, Icon};
use crate::hooks::{use_again, use_console, use_now};
use crate::state::live::{Action, Connection};
use crate::words::text::{common, shell as text};
use crate::words::time::{age, ago};
use gloo::timers::callback::Interval;
use yew::prelude::*;

/// Shorter losses are over before anyone has read about them, in milliseconds.
const PATIENCE: f64 = 2_000.0;

/// What failed to be read again is asked for so often, in milliseconds.
const AGAIN_MS: u32 = 20_000;

/// Offline: how old the data is, what still works, and what waits. While the stream is well: what of the page could not be
/// read again, and why. What is told aloud does not change with every second.
#[function_component]
pub fn ConnectionBanner() -> Html {
    let console = use_console();
    let live = &console.live;
    let lost = match live.connection {
        Connection::Lost { since } => Some(since),
        Connection::Connecting | Connection::Open => None,
    };
    let is_stuck = !live.stuck.is_empty();
    let now = use_now(if is_stuck || lost.is_some() { 1_000 } else { 0 });
    let again = use_again();
    {
        let live = live.dispatcher();
        use_effect_with(is_stuck, move |is_stuck| {
            let interval = is_stuck.then(|| Interval::new(AGAIN_MS, move || live.dispatch(Action::Stale)));
            move || drop(interval)
        });
    }
    match (lost, live.oldest_stuck(now, PATIENCE)) {
        (Some(since), _) if now - since >= PATIENCE => html! {
            <div class="banner warn" data-test="offline">
                <Icon name="offline" />
                <p>
                    <b role="status">{ text::THE_CONTROL_PLANE_CANNOT_BE_REACHED }</b>
                    { live.confirmed_at.map(|at| text::what_you_see_is_old(&age(now - at))) }
                    { text::READING_GOES_ON_A_KILL_FROM }
                </p>
                <Command command={text::DOWNHAUL_KILL_FLAG_REASON_TEXT} />
            </div>
        },
        (None, Some(stuck)) => {
            // The stream comes, so the control plane is there.
            let why =
                if stuck.failure == Failure::Offline { text::NO_ANSWER_CAME.to_owned() } else { stuck.failure.title() };
            html! {
                <div class="banner warn" data-test="stuck">
                    <Icon name="alert" />
                    <p class="grow"><b role="status">{ text::PART_OF_THIS_PAGE_IS_OLD }</b>{ text::it_was_read_ago(&ago(now - stuck.read_at), &why) }</p>
                    <button type="button" class="btn s" data-test="again" onclick={again.reform(|_| ())}>{ common::TRY_AGAIN }</button>
                </div>
            }
        }
        _ => Html::default(),
    }
}
