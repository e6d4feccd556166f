use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{clock, use_asked, use_console, use_now};
use crate::route::Route;
use crate::words::number::counted;
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
                <p class="row"><span class="spin" aria-hidden="true"></span><b>{ "Waiting for the first decision…" }</b></p>
                <p class="small muted">{ match live {
                    0 => "No client is connected yet. Open your page, or start your program; this turns by itself.".to_owned(),
                    some => format!("{} connected, and none has told yet that it asked for {}. Clients tell within 15 seconds.", counted(some, "client is", "clients are"), props.flag),
                } }</p>
                if refused > 0 { <p class="small warn-ink">{ "Some clients are not counted, because a limit per key or address was reached." }</p> }
                <details class="small"><summary>{ "It does not turn" }</summary><ul class="stack s facts">
                    <li>{ "The page’s console names what is refused: an origin that the key does not allow, a key that was mistyped, a content security policy without " }<code>{ "connect-src" }</code>{ " for this server." }</li>
                    <li>{ "The code has to ask for this very key; asking for another flag is told as that." }</li>
                    <li>{ "A tab that nobody looks at tells late." }</li>
                </ul></details>
            </div>
        };
    }
    let when = first.as_ref().and_then(|first| parse(&first.at)).map(|at| ago(clock::now() - at)).unwrap_or_default();
    let who = first.as_ref().map_or("client", |first| match first.kind {
        downhaul_core::document::ClientKind::Browser => "page",
        downhaul_core::document::ClientKind::Edge => "edge worker",
        downhaul_core::document::ClientKind::Server => "server",
    });
    html! {
        <div role="status" class="stack s" data-test="guide-seen">
            <p class="row"><Icon name="check" /><b>{ "First decision seen" }</b></p>
            <p>{ format!("A {who} told {when} that it asked for {}.", props.flag) }{ " " }<Link<Route> to={fleet}>{ counted(live, "client is live", "clients are live") }</Link<Route>>{ "." }</p>
        </div>
    }
}
