use crate::components::{Icon, SentenceText};
use crate::route::Route;
use crate::words::change::{marked, moved};
use crate::words::number::{count, counted};
use crate::words::proposal::budget;
use downhaul_control::api::ProposalNow;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct EffectProps {
    pub environment: AttrValue,
    pub now: ProposalNow,
}

/// What it would do as things are: the difference in words, whom it moves, and what it reaches.
#[function_component]
pub fn Effect(props: &EffectProps) -> Html {
    let now = &props.now;
    let Some(impact) = &now.impact else {
        return html! {
            <section class="card"><header><h2>{ "What it would do" }</h2></header>
                <p class="pad muted">{ "As things are it could not be carried out at all, so there is no difference to show." }</p></section>
        };
    };
    html! {
        <section class="card divide" data-test="proposal-effect">
            <header><h2>{ "What it would do" }</h2><p>{ "As things are now; it is worked out again with every change" }</p></header>
            if let Some(effect) = &impact.effect { <p class="pad">{ effect }</p> }
            if !impact.edits.is_empty() {
                <div class="pad stack s"><h3>{ "What is other" }</h3>
                    <ul class="edits">{ for impact.edits.iter().map(|edit| html! { <li><SentenceText sentence={marked(edit)} /></li> }) }
                        if impact.more_edits > 0 { <li class="muted">{ format!("and {} more", count(impact.more_edits)) }</li> }</ul></div>
            }
            if !impact.moves.is_empty() || !impact.unknown.is_empty() {
                <div class="pad stack s"><h3>{ "Who is given something else" }</h3>
                    <ul class="edits">{ for impact.moves.iter().map(|each| html! { <li><SentenceText sentence={moved(each)} /></li> }) }
                        if impact.more_moves > 0 { <li class="muted">{ format!("and {} more", count(impact.more_moves)) }</li> }
                        { for impact.unknown.iter().map(|flag| html! { <li class="warn-ink"><b class="mono">{ flag }</b>{ ": too much to work out exactly; anyone may be given another variant" }</li> }) }
                    </ul></div>
            } else if impact.effect.is_none() {
                <p class="pad muted">{ "As things are, nobody is given another variant by it." }</p>
            }
            if let Some(reverts) = impact.reverts { <p class="pad"><Icon name="undo" small=true />{ format!(" Gives back what revision {} had", count(reverts)) }</p> }
            if let Some(verdict) = &impact.budget { <p class="pad"><b>{ "Budget: " }</b><SentenceText sentence={marked(&budget(verdict))} /></p> }
            if !now.reaches.is_empty() { <p class="pad"><b>{ counted(now.reaches.len(), "flag is reached: ", "flags are reached: ") }</b>{ for links(&props.environment, &now.reaches) }</p> }
        </section>
    }
}

fn links<'a>(environment: &'a str, flags: &'a [String]) -> impl Iterator<Item = Html> + 'a {
    flags.iter().enumerate().map(move |(at, flag)| {
        let to = Route::Flag { environment: environment.to_owned(), key: flag.clone() };
        html! { <>{ if at > 0 { ", " } else { "" } }<Link<Route> to={to} classes="mono">{ flag }</Link<Route>></> }
    })
}
