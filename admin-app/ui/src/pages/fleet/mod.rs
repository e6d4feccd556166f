mod behind;
mod breakers;
mod heartbeat;
mod spread;
mod states;

use crate::components::{CardSkeleton, Empty, FailureCard, Icon};
use crate::hooks::{use_console, use_document_title};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::number::{count, counted, ratio};
use crate::words::text::common;
use crate::words::text::fleet as text;
use behind::Behind;
use breakers::Breakers;
use downhaul_control::api::FleetView;
use heartbeat::Heartbeat;
use spread::{Regions, Releases};
use states::States;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FleetProps {
    pub environment: AttrValue,
}

/// What every connected client runs, counted from its own acknowledgements.
#[function_component]
pub fn Fleet(props: &FleetProps) -> Html {
    use_document_title(text::fleet_of_environment(&props.environment));
    let console = use_console();
    let has_clients = console.live.fleet.ready().is_none_or(|fleet| fleet.live + fleet.hidden + fleet.unknown > 0);
    let body = match &console.live.fleet {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_FLEET} /> },
        Slot::Loading => {
            html! { <><CardSkeleton lines=2 /><div class="cols c2"><CardSkeleton lines=6 /><CardSkeleton lines=6 /></div></> }
        }
        Slot::Ready(_) if !has_clients => html! {
            <div class="card"><Empty title={text::NO_CLIENT_IS_CONNECTED} actions={html! {
                <Link<Route> to={Route::Flags { environment: props.environment.to_string() }} classes="btn">{ common::ALL_FLAGS }</Link<Route>>
            }}><p>{ text::A_PAGE_AN_EDGE_OR_A }</p></Empty></div>
        },
        Slot::Ready(fleet) => html! { <Shown fleet={(**fleet).clone()} /> },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::FLEET }</h1>
                <p>{ text::WHAT_EVERY_CONNECTED_CLIENT_RUNS_COUNTED }</p></div></div>
            <States environment={props.environment.clone()} {has_clients} />
            { body }
            <Breakers environment={props.environment.clone()} />
            <Heartbeat environment={props.environment.clone()} />
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct ShownProps {
    pub fleet: FleetView,
}

#[function_component]
fn Shown(props: &ShownProps) -> Html {
    let fleet = &props.fleet;
    let behind = fleet.live.saturating_sub(fleet.current);
    let claim = if fleet.claimed == 1 { text::and_which_only_claims_it } else { text::and_which_only_claim_it };
    let warn = |number: usize| classes!("v", (number > 0).then_some("warn-ink"));
    html! {
        <>
            <section class="card stats" aria-label={text::CLIENTS} data-test="fleet" data-live={fleet.live.to_string()} data-current={fleet.current.to_string()}>
                <div class="stat"><span class="k">{ text::LIVE }</span><span class="v">{ count(fleet.live as u64) }if fleet.hidden > 0 { <small>{ text::hidden_hidden(&count(fleet.hidden as u64)) }</small> }</span></div>
                <div class="stat"><span class="k">{ text::on_revision_revision(&count(fleet.position.revision)) }</span><span class="v">{ format!("{:.1}\u{202F}%", ratio(fleet.current, fleet.live)) }<small>{ format!(" {}", counted(fleet.current, text::AMID_CLIENT, text::AMID_CLIENTS)) }</small></span></div>
                <div class="stat"><span class="k">{ text::BEHIND }</span><span class={warn(behind)}>{ count(behind as u64) }</span></div>
                <div class="stat"><span class="k">{ text::SILENT }</span><span class={warn(fleet.unknown)}>{ count(fleet.unknown as u64) }</span></div>
                <div class="stat"><span class="k">{ text::EDGE_AND_SERVER }</span><span class="v">{ count(fleet.trusted as u64) }<small>{ claim(&counted(fleet.claimed, text::BROWSER, text::BROWSERS)) }</small></span></div>
            </section>
            <div class="cols c2"><Regions fleet={fleet.clone()} /><Releases fleet={fleet.clone()} /></div>
            if !fleet.problems.is_empty() || fleet.refused > 0 {
                <section class="card" data-test="fleet-problems"><header><h2>{ text::WHAT_CLIENTS_COULD_NOT_ACCEPT }</h2></header>
                    <ul class="pad-rows divide">
                        { for fleet.problems.iter().map(|(code, clients)| html! { <li><Icon name="alert" small=true /><code class="grow">{ code }</code><b>{ counted(*clients, text::AMID_CLIENT, text::AMID_CLIENTS) }</b></li> }) }
                        if fleet.refused > 0 { <li><Icon name="lock" small=true /><span class="grow">{ text::ACKNOWLEDGEMENTS_THAT_WERE_NOT_COUNTED_SINCE }</span><b>{ count(fleet.refused) }</b></li> }
                    </ul></section>
            }
            <Behind fleet={fleet.clone()} />
        </>
    }
}
