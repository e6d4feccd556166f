use super::kind_name;
use crate::components::{Icon, Sign, Swatches, strip};
use crate::hooks::clock;
use crate::route::Route;
use crate::words::kill;
use crate::words::reach::{Reach, reach};
use crate::words::text::common;
use crate::words::text::flags as text;
use crate::words::time::until;
use downhaul_control::api::{FlagState, FlagSummary, KillView};
use downhaul_core::document::Flag;
use yew::prelude::*;
use yew_router::Routable;

/// What a row of the list says: texts and addresses alone, so that a row that shows another flag has set what differs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowWords {
    pub key: String,
    /// Where its page is.
    pub page: String,
    pub is_critical: bool,
    pub description: String,
    pub chips: Chips,
    /// A background, and the same in words.
    pub strip: Option<(String, String)>,
    pub who: String,
    pub who_whole: Option<String>,
    pub kind: &'static str,
    pub owner: String,
    pub date: String,
    pub distance: String,
    pub is_overdue: bool,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Action {
    pub to: String,
    pub word: &'static str,
    pub spoken: String,
    pub is_restore: bool,
}

impl RowWords {
    /// `kills` are those in force, `open` the flags with an open breaker; the definition has the rules, where they have arrived.
    pub fn of(
        flag: &FlagSummary,
        definition: Option<&Flag>,
        kills: &[KillView],
        open: &[String],
        environment: &str,
    ) -> Self {
        let environment = || environment.to_owned();
        let (date, distance) = until(&flag.until, clock::now(), clock::offset());
        let reach = definition.map(reach);
        let is_killed = flag.state == FlagState::Killed;
        let mut own = kills.iter().filter(|kill| kill.flag == flag.key);
        let action = match (own.next(), own.next()) {
            (Some(only), None) if is_killed => Action {
                to: Route::LiveKill { environment: environment(), id: only.id.clone() }.to_path(),
                word: text::RESTORE,
                spoken: text::restore_opens_the_kill(&flag.key),
                is_restore: true,
            },
            _ => Action {
                to: Route::Kill { environment: environment(), key: flag.key.clone() }.to_path(),
                word: common::KILL,
                spoken: text::kill_opens_the_kill_control(&flag.key),
                is_restore: false,
            },
        };
        let drawn = |shares: &[(String, u32)]| {
            let keys: Vec<&str> = flag.variants.iter().map(String::as_str).collect();
            strip(shares, &Swatches::of_keys(&keys, &flag.degraded_variant))
        };
        let shares = if is_killed {
            // Whatever its rules say.
            Some(drawn(&[(flag.degraded_variant.clone(), 100_000)]))
        } else {
            reach.as_ref().and_then(|reach| reach.shares.as_deref()).map(drawn)
        };
        RowWords {
            key: flag.key.clone(),
            page: Route::Flag { environment: environment(), key: flag.key.clone() }.to_path(),
            is_critical: flag.critical,
            description: flag.description.clone(),
            chips: Chips::of(flag, kills, open.contains(&flag.key), reach.as_ref()),
            strip: shares,
            who: match &reach {
                _ if is_killed => format!("{} 100\u{202F}%", flag.degraded_variant),
                Some(reach) => reach.detail.clone(),
                None => flag.serving.clone(),
            },
            who_whole: reach.map(|reach| reach.detail),
            kind: kind_name(flag.kind),
            owner: flag.owner.clone(),
            date: if flag.is_review { text::review_date(&date) } else { date },
            distance,
            is_overdue: flag.overdue,
            action,
        }
    }
}

/// Killed, turned off by clients, overdue, or how far it reaches.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chips {
    pub state: &'static str,
    pub killed: Vec<String>,
    pub is_open: bool,
    pub overdue: Option<String>,
    pub serving: Option<String>,
}

impl Chips {
    fn of(flag: &FlagSummary, kills: &[KillView], is_open: bool, reach: Option<&Reach>) -> Self {
        let overdue = flag.overdue.then(|| {
            let (_, distance) = until(&flag.until, clock::now(), clock::offset());
            if flag.is_review { text::review_distance(&distance) } else { text::expired_distance(&distance) }
        });
        let serving = || reach.map_or_else(|| flag.serving.clone(), |reach| reach.summary.clone());
        Chips {
            state: state_name(flag.state),
            killed: kills
                .iter()
                .filter(|kill| kill.flag == flag.key)
                .map(|kill| text::killed_for_scope(&kill::scope(&kill.scope)))
                .collect(),
            is_open,
            overdue,
            serving: (flag.state != FlagState::Killed).then(serving),
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct StateChipsProps {
    pub flag: FlagSummary,
    pub kills: Vec<KillView>,
    /// It has an open breaker.
    pub is_open: bool,
    pub reach: Option<Reach>,
}

/// The same on a flag's own page.
#[function_component]
pub fn StateChips(props: &StateChipsProps) -> Html {
    let chips = Chips::of(&props.flag, &props.kills, props.is_open, props.reach.as_ref());
    html! {
        <span class="chips" data-test="flag-state" data-state={chips.state}>
            { for chips.killed.into_iter().map(|killed| html! {
                <span class="chip killed"><Sign name="kill" /><span class="trunc">{ killed }</span></span>
            }) }
            if chips.is_open { <span class="chip warn"><Sign name="degraded" />{ text::BREAKER_OPEN }</span> }
            if let Some(overdue) = chips.overdue { <span class="chip warn"><Icon name="alert" />{ overdue }</span> }
            if let Some(serving) = chips.serving { <span class="chip serving">{ serving }</span> }
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
