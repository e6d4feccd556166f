use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon, marked};
use crate::hooks::{use_asked, use_now};
use crate::state::live::Slot;
use crate::words::fleet::who;
use crate::words::message::capital;
use crate::words::number::{count, counted};
use crate::words::text::fleet as text;
use crate::words::time::{age, parse};
use downhaul_control::api::{FleetState, FleetStateKind};
use yew::prelude::*;

/// How often they are asked for: time alone changes them too.
const AGAIN_MS: u32 = 3_000;

#[derive(Debug, Properties, PartialEq)]
pub struct StatesProps {
    pub environment: AttrValue,
    /// Without any nothing can differ.
    pub has_clients: bool,
}

/// What is not the same for all clients, or not as it should be: who, since when, and what to do.
#[function_component]
pub fn States(props: &StatesProps) -> Html {
    let (asked, _) = use_asked(api::fleet_states(&props.environment), AGAIN_MS);
    let now = use_now(5_000);
    let states = match &asked.slot {
        Slot::Ready(page) => &page.states,
        Slot::Failed(failure) => {
            return html! { <FailureCard failure={failure.clone()} what={text::WHAT_THE_FLEET_IS_IN} /> };
        }
        Slot::Loading => return html! { <CardSkeleton lines=2 /> },
    };
    let (icon, words) = match states.len() {
        0 if !props.has_clients => (None, text::NO_CLIENT_TO_COMPARE_YET.to_owned()),
        0 => (Some("check"), text::EVERY_CLIENT_AGREES_IS_HEARD_OF.to_owned()),
        many => (Some("alert"), text::the_most_urgent_first(&counted(many, text::AMID_STATE, text::STATES))),
    };
    html! {
        <section class="card" data-test="fleet-states" data-states={states.len().to_string()}>
            <header>if let Some(icon) = icon { <Icon name={icon} /> }<h2>{ text::IS_EVERY_CLIENT_IN_THE_SAME }</h2><p>{ words }</p></header>
            if !states.is_empty() { <ul class="pad-rows divide fleet-states">{ for states.iter().map(|state| row(state, now)) }</ul> }
        </section>
    }
}

fn row(state: &FleetState, now: f64) -> Html {
    let since = parse(&state.since).map(|at| age((now - at).max(1_000.0)));
    let parts: Vec<String> = state.who.iter().map(|part| who(state.kind, part)).collect();
    let claimed = state.clients.saturating_sub(state.trusted);
    let claim = if claimed == 1 { text::only_claims_it } else { text::only_claim_it };
    html! {
        <li key={state.id.clone()} data-test={format!("state-{}", state.kind.as_str())}>
            <div class="grow">
                <p><span class={classes!("chip", tone(state.kind))}>{ title(state.kind) }</span>{ " " }<b>{ marked(&capital(&state.words)) }</b>
                    if let Some(since) = since { <small class="muted nowrap">{ text::for_since(&since) }</small> }</p>
                if !parts.is_empty() { <small class="muted blk">{ parts.join("; ") }
                    if claimed > 0 { { claim(&count(claimed as u64)) } }</small> }
                <p class="small">{ marked(&capital(&state.help)) }</p>
                if let Some(command) = &state.command { <p class="small"><code>{ command }</code></p> }
            </div>
        </li>
    }
}

/// What is mixed for a while, or on purpose, is no warning.
fn tone(kind: FleetStateKind) -> &'static str {
    match kind {
        FleetStateKind::MixedReleases | FleetStateKind::CachesLagging | FleetStateKind::KilledInRegions => "line",
        _ => "warn",
    }
}

fn title(kind: FleetStateKind) -> &'static str {
    match kind {
        FleetStateKind::PartlyDark => text::PARTLY_DARK,
        FleetStateKind::KilledInRegions => text::KILLED_IN_PART,
        FleetStateKind::BreakersOpen => text::BREAKERS_OPEN,
        FleetStateKind::RolledBackRelease => text::OLD_RELEASE_LEFT,
        FleetStateKind::CachesLagging => text::CACHES_LAG,
        FleetStateKind::ClientsRefusing => text::REFUSED,
        FleetStateKind::StaleClients => text::SILENT_CLIENTS,
        FleetStateKind::SilentRegion => text::SILENT_REGION,
        FleetStateKind::MixedRevisions => text::MIXED_REVISIONS,
        FleetStateKind::MixedReleases => text::MIXED_RELEASES,
        FleetStateKind::OscillatingFlag | FleetStateKind::OscillatingClients => text::OSCILLATING,
        FleetStateKind::Other => text::OTHER,
    }
}
