use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{clock, use_asked, use_console, use_now};
use crate::route::Route;
use crate::words::number::counted;
use crate::words::text::start as text;
use crate::words::time::{ago, parse};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct DecisionProps {
    pub environment: AttrValue,
    pub flag: String,
    pub is_asked: bool,
}

/// Waits for what clients themselves tell: that their application asked for this flag. Nothing else counts as a decision.
#[function_component]
pub fn Decision(props: &DecisionProps) -> Html {
    let console = use_console();
    let _ = use_now(1_000);
    let (asked, _) = use_asked(api::asked(&props.environment, &props.flag), 0);
    let (live, refused) = console.live.fleet.ready().map_or((0, 0), |fleet| (fleet.live, fleet.refused));
    let first = asked.slot.ready().and_then(|view| view.asked.first().cloned());
    let fleet = Route::Fleet { environment: props.environment.to_string() };
    if !props.is_asked {
        return html! {
            <div role="status" class="stack s" data-test="guide-waiting">
                <p class="row"><span class="spin" aria-hidden="true"></span><b>{ text::WAITING_FOR_THE_FIRST_DECISION }</b></p>
                <p class="small muted">{ match live {
                    0 => text::NO_CLIENT_IS_CONNECTED_YET_OPEN.to_owned(),
                    some => text::connected_and_none_has_told_yet(&counted(some, text::CLIENT_IS, text::CLIENTS_ARE), &props.flag),
                } }</p>
                if refused > 0 { <p class="small warn-ink">{ text::SOME_CLIENTS_ARE_NOT_COUNTED_BECAUSE }</p> }
                <details class="small"><summary>{ text::IT_DOES_NOT_TURN }</summary><ul class="stack s facts">
                    <li>{ text::THE_PAGES_CONSOLE_NAMES_WHAT_IS }<code>{ text::CONNECT_SRC }</code>{ text::FOR_THIS_SERVER }</li>
                    <li>{ text::THE_CODE_HAS_TO_ASK_FOR }</li>
                    <li>{ text::A_TAB_THAT_NOBODY_LOOKS_AT }</li>
                </ul></details>
            </div>
        };
    }
    let when = first.as_ref().and_then(|first| parse(&first.at)).map(|at| ago(clock::now() - at)).unwrap_or_default();
    let who = first.as_ref().map_or("client", |first| match first.kind {
        downhaul_core::document::ClientKind::Browser => "page",
        downhaul_core::document::ClientKind::Edge => text::EDGE_WORKER,
        downhaul_core::document::ClientKind::Server => "server",
    });
    html! {
        <div role="status" class="stack s" data-test="guide-seen">
            <p class="row"><Icon name="check" /><b>{ text::FIRST_DECISION_SEEN }</b></p>
            <p>{ text::a_told_that_it_asked_for(&who, &when, &props.flag) }{ " " }<Link<Route> to={fleet}>{ counted(live, text::CLIENT_IS_LIVE, text::CLIENTS_ARE_LIVE) }</Link<Route>>{ "." }</p>
        </div>
    }
}
