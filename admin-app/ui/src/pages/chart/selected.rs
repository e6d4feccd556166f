use crate::components::{Icon, SentenceText};
use crate::hooks::clock;
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::words::change::{marked, moved, short_hash};
use crate::words::message::capital;
use crate::words::number::count;
use crate::words::text::chart as text;
use crate::words::text::common;
use crate::words::time::{clock as clock_time, day, parse};
use downhaul_control::api::ChangeView;
use yew::prelude::*;
use yew_router::prelude::*;

/// Moves that are shown of one change, and edits.
const MOVES: usize = 5;

#[derive(Debug, Properties, PartialEq)]
pub struct SelectedProps {
    pub environment: AttrValue,
    pub change: Shared<ChangeView>,
}

/// One change in full: before and after in words, its place in the chain, and the record as it was hashed.
#[function_component]
pub fn Selected(props: &SelectedProps) -> Html {
    let (now, offset) = (clock::now(), clock::offset());
    let change = &props.change;
    let environment = || props.environment.to_string();
    let who =
        change.actor_name.clone().map_or_else(|| change.actor.clone(), |name| format!("{name} ({})", change.actor));
    let impact = &change.impact;
    let is_other = impact.from != impact.to;
    let command = change.record.get("command").map(|command| serde_json::to_string_pretty(command).unwrap_or_default());
    html! {
        <section class="card">
            <header><h2>{ common::revision_revision_2(&count(change.revision)) }</h2><span class="chip end">{ &change.kind }</span></header>
            <div class="pad stack">
                <p><SentenceText sentence={marked(&change.summary)} /></p>
                <dl class="dl small">
                    <dt>{ text::WHO }</dt><dd>{ who }</dd>
                    <dt>{ text::WHEN }</dt><dd>{ parse(&change.at).map(|at| format!("{}, {}", day(at, now, offset), clock_time(at, offset))) }</dd>
                    <dt>{ common::WHY }</dt><dd>{ &change.reason }</dd>
                    if let Some(from) = impact.from.as_ref().filter(|_| is_other) { <dt>{ common::BEFORE }</dt><dd>{ from }</dd> }
                    if let Some(to) = impact.to.as_ref().filter(|_| is_other) { <dt>{ common::AFTER }</dt><dd>{ to }</dd> }
                    if !impact.edits.is_empty() {
                        <dt>{ text::EDITS }</dt><dd>{ for impact.edits.iter().take(MOVES).map(|edit| html! {
                            <p><SentenceText sentence={marked(&capital(edit))} /></p>
                        }) }
                        if impact.edits.len() > MOVES || impact.more_edits > 0 {
                            <p class="muted">{ text::and_more_moves_more(&count(impact.edits.len().saturating_sub(MOVES) as u64 + impact.more_edits)) }</p>
                        }</dd>
                    }
                    if let Some(effect) = &impact.effect { <dt>{ text::EFFECT }</dt><dd>{ effect }</dd> }
                    if !impact.also.is_empty() { <dt>{ text::WITH_IT }</dt><dd>{ impact.also.join(", ") }</dd> }
                    if !impact.moves.is_empty() {
                        <dt>{ text::MOVES }</dt><dd>{ for impact.moves.iter().take(MOVES).map(|each| html! {
                            <p><SentenceText sentence={moved(each)} /></p>
                        }) }
                        if impact.moves.len() > MOVES || impact.more_moves > 0 {
                            <p class="muted">{ text::and_more_moves_more(&count(impact.moves.len().saturating_sub(MOVES) as u64 + impact.more_moves)) }</p>
                        }</dd>
                    }
                    if !impact.unknown.is_empty() { <dt>{ text::NOT_KNOWN }</dt><dd>{ text::whom_it_moves(&impact.unknown.join(", ")) }</dd> }
                    if let Some(flag) = &change.flag {
                        <dt>{ common::FLAG }</dt><dd><Link<Route> to={Route::Flag { environment: environment(), key: flag.clone() }}>{ flag }</Link<Route>></dd>
                    }
                    if let Some(kill) = &change.kill {
                        <dt>{ text::KILL }</dt><dd><Link<Route> to={Route::LiveKill { environment: environment(), id: kill.clone() }}>{ kill }</Link<Route>></dd>
                    }
                    <dt>{ text::CHAIN }</dt><dd class="mono">{ short_hash(&change.prev) }{ " " }<Icon name="right" small=true />{ " " }{ short_hash(&change.hash) }</dd>
                </dl>
            </div>
            <footer class="row wrap">
                <Link<Route, XrayQuery> to={Route::Xray { environment: environment() }} query={XrayQuery { flag: change.flag.clone().unwrap_or_default(), at: Some(change.revision), ..XrayQuery::default() }} classes="btn s">
                    <Icon name="clock" small=true /><span data-test="travel">{ text::WHAT_A_USER_SAW_THEN }</span></Link<Route, XrayQuery>>
                if change.revision > 1 {
                    <Link<Route, XrayQuery> to={Route::Xray { environment: environment() }} query={XrayQuery { flag: change.flag.clone().unwrap_or_default(), at: Some(change.revision - 1), ..XrayQuery::default() }} classes="btn s quiet">
                        <span data-test="travel-before">{ text::AND_BEFORE_IT }</span></Link<Route, XrayQuery>>
                }
            </footer>
            if let Some(command) = command {
                <details class="bt"><summary class="pad tight small">{ text::THE_COMMAND_AS_IT_WAS_HASHED }</summary><pre class="json">{ command }</pre></details>
            }
        </section>
    }
}
