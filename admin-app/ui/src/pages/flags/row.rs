use super::kind_name;
use crate::components::{Icon, Sign, Swatches, share_strip};
use crate::hooks::clock;
use crate::route::Route;
use crate::state::Shared;
use crate::words::kill;
use crate::words::reach::{Reach, reach};
use crate::words::time::until;
use downhaul_control::api::{FlagPage, FlagState, FlagSummary, KillView};
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RowProps {
    pub environment: AttrValue,
    pub page: Shared<FlagPage>,
    /// Where it is in the page.
    pub place: usize,
    /// Those in force that name it.
    pub kills: Vec<KillView>,
    /// Rules, where they have arrived.
    pub document: Option<Shared<FlagSet>>,
    pub is_focus: bool,
    /// Its place in the list, from 0: of a long one only a part is drawn.
    pub at: usize,
    pub is_chosen: bool,
}

/// A flag of the list; on a narrow screen a card. Plain elements, without listeners, as scrolling makes many of them: what a
/// click does is the list's.
#[function_component]
pub fn Row(props: &RowProps) -> Html {
    let Some(flag) = props.page.flags.get(props.place) else { return Html::default() };
    let environment = || props.environment.to_string();
    let (date, distance) = until(&flag.until, clock::now(), clock::offset());
    let late = flag.overdue.then_some("warn-ink");
    let reach = props.document.as_ref().and_then(|document| document.flag(&flag.key).map(reach));
    let keys: Vec<&str> = flag.variants.iter().map(String::as_str).collect();
    let swatches = Swatches::of_keys(&keys, &flag.degraded_variant);
    let action = match props.kills.as_slice() {
        [only] if flag.state == FlagState::Killed => html! {
            <a href={Route::LiveKill { environment: environment(), id: only.id.clone() }.to_path()} class="btn s">
                <span aria-hidden="true">{ "Restore…" }</span><span class="sr">{ format!("Restore {}, opens the kill", flag.key) }</span>
            </a>
        },
        _ => html! {
            <a href={Route::Kill { environment: environment(), key: flag.key.clone() }.to_path()} class="btn s kill calm">
                <span aria-hidden="true">{ "Kill…" }</span><span class="sr">{ format!("Kill {}, opens the kill control", flag.key) }</span>
            </a>
        },
    };
    html! {
        <tr class={classes!(props.is_focus.then_some("is-focus"), props.is_chosen.then_some("is-chosen"))} aria-rowindex={(props.at + 2).to_string()} data-test={format!("flag-row-{}", flag.key)}>
            <td class="c-pick"><input type="checkbox" class="check" checked={props.is_chosen} aria-label={format!("Choose {}", flag.key)} data-test={format!("pick-{}", flag.key)} data-pick={flag.key.clone()} /></td>
            <td class="c-flag">
                <a href={Route::Flag { environment: environment(), key: flag.key.clone() }.to_path()} class="key">{ &flag.key }</a>
                if flag.critical {
                    <span class="crit" title="Critical: large changes and restores matter most here"><Icon name="shield" small=true /><span class="sr">{ "critical" }</span></span>
                }
                <small class="faint">{ &flag.description }</small>
            </td>
            <td class="c-state">{ state_chips(flag, &props.kills, reach.as_ref()) }</td>
            <td class="c-who">
                if let Some(Reach { shares: Some(shares), .. }) = &reach {
                    { share_strip(&if flag.state == FlagState::Killed { vec![(flag.degraded_variant.clone(), 100_000)] } else { shares.clone() }, &swatches) }
                }
                <small class="muted" title={reach.as_ref().map(|reach| reach.detail.clone())}>{
                    match &reach {
                        _ if flag.state == FlagState::Killed => format!("{} 100\u{202F}%", flag.degraded_variant),
                        Some(reach) => reach.detail.clone(),
                        None => flag.serving.clone(),
                    }
                }</small>
            </td>
            <td class="c-kind"><span>{ kind_name(flag.kind) }</span><small class="faint">{ &flag.owner }</small></td>
            <td class="c-exp">
                <span class={classes!(late)}>{ if flag.is_review { format!("review {date}") } else { date } }</span>
                <small class={classes!(late.or(Some("faint")))}>{ distance }</small>
            </td>
            <td class="c-act" data-test={format!("kill-open-{}", flag.key)}>{ action }</td>
        </tr>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct StateChipsProps {
    pub flag: FlagSummary,
    pub kills: Vec<KillView>,
    pub reach: Option<Reach>,
}

/// Killed, overdue, or how far it reaches.
#[function_component]
pub fn StateChips(props: &StateChipsProps) -> Html {
    state_chips(&props.flag, &props.kills, props.reach.as_ref())
}

fn state_chips(flag: &FlagSummary, kills: &[KillView], reach: Option<&Reach>) -> Html {
    let (_, distance) = until(&flag.until, clock::now(), clock::offset());
    html! {
        <span class="chips" data-test="flag-state" data-state={state_name(flag.state)}>
            { for kills.iter().map(|each| html! {
                <span class="chip killed"><Sign name="kill" /><span class="trunc">{ format!("killed for {}", kill::scope(&each.scope)) }</span></span>
            }) }
            if flag.overdue {
                <span class="chip warn"><Icon name="alert" />{ if flag.is_review { format!("review {distance}") } else { format!("expired, {distance}") } }</span>
            }
            if flag.state != FlagState::Killed {
                <span class="chip serving">{ reach.map_or_else(|| flag.serving.clone(), |reach| reach.summary.clone()) }</span>
            }
        </span>
    }
}

fn state_name(state: FlagState) -> &'static str {
    match state {
        FlagState::Live => "live",
        FlagState::Killed => "killed",
        FlagState::KilledInPart => "killed-in-part",
    }
}
