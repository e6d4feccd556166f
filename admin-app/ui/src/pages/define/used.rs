use crate::components::Icon;
use crate::route::Route;
use crate::state::Shared;
use crate::state::definition::{Place, Subject, Use, uses};
use crate::words::number::counted;
use crate::words::text::common;
use crate::words::text::define as text;
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct UsedByProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub subject: Subject,
}

/// Uses that are shown before the rest is folded away.
const SHOWN: usize = 12;

/// Who uses it: flags with their rules, segments, kills, each with its link.
#[function_component]
pub fn UsedBy(props: &UsedByProps) -> Html {
    let found =
        use_memo((props.document.clone(), props.subject.clone()), |(document, subject)| uses(document, subject));
    let item = |each: &Use| {
        let environment = props.environment.to_string();
        let (icon, link, more) = match &each.place {
            Place::Flag { key, rules } => {
                let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
                let words = if rules.len() == 1 { text::RULE } else { text::RULES };
                let to = Route::Flag { environment, key: key.clone() };
                (
                    "flag",
                    html! { <Link<Route> {to} classes="mono">{ key }</Link<Route>> },
                    format!("{words} {}", rules.join(", ")),
                )
            }
            Place::Segment(key) => {
                let to = Route::Segment { environment, key: key.clone() };
                ("segment", html! { <Link<Route> {to} classes="mono">{ key }</Link<Route>> }, "segment".to_owned())
            }
            Place::Kill { id, flag } => {
                let to = Route::LiveKill { environment, id: id.clone() };
                ("kill", html! { <Link<Route> {to} classes="mono">{ id }</Link<Route>> }, text::kill_of_flag(&flag))
            }
        };
        let through = (!each.through.is_empty()).then(|| text::through_join(&each.through.join(", ")));
        html! { <li class="row wrap" data-test="use"><Icon name={icon} small=true />{ link }<span class="muted small">{ more }{ through }</span></li> }
    };
    html! {
        <section class="card" data-test="used-by" data-count={found.len().to_string()}>
            <header><h2>{ text::WHO_USES_IT }</h2><p>{ match found.len() {
                0 => text::NOTHING_NAMES_IT.to_owned(),
                some => counted(some, text::PLACE_NAMES_IT, text::PLACES_NAME_IT),
            } }</p></header>
            if !found.is_empty() {
                <ul class="pad stack s">{ for found.iter().take(SHOWN).map(item) }</ul>
                if found.len() > SHOWN {
                    <details><summary class="pad tight">{ common::count_more(&(found.len() - SHOWN)) }</summary><ul class="pad stack s">{ for found.iter().skip(SHOWN).map(item) }</ul></details>
                }
            }
        </section>
    }
}
