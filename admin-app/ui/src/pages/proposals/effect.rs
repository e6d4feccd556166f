use crate::components::{Icon, SentenceText};
use crate::hooks::use_console;
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::change::{marked, moved};
use crate::words::message::capital;
use crate::words::number::{count, counted};
use crate::words::proposal::{budget, kept_back, restored};
use crate::words::text::proposals as text;
use downhaul_control::api::{Impact, KillPage, ProposalNow};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct EffectProps {
    pub environment: AttrValue,
    pub now: ProposalNow,
    /// Whether it ends a kill: whom that moves is told by the states before and after.
    pub is_restore: bool,
}

/// What it would do as things are: the difference in words, whom it moves, and what it reaches.
#[function_component]
pub fn Effect(props: &EffectProps) -> Html {
    let console = use_console();
    let now = &props.now;
    let Some(impact) = &now.impact else {
        return html! {
            <section class="card"><header><h2>{ text::WHAT_IT_WOULD_DO }</h2></header>
                <p class="pad muted">{ text::AS_THINGS_ARE_IT_COULD_NOT }</p></section>
        };
    };
    html! {
        <section class="card divide" data-test="proposal-effect">
            <header><h2>{ text::WHAT_IT_WOULD_DO }</h2><p>{ text::AS_THINGS_ARE_NOW_IT_IS }</p></header>
            if let Some(effect) = &impact.effect { <p class="pad">{ effect }</p> }
            if !impact.edits.is_empty() {
                <div class="pad stack s"><h3>{ text::WHAT_CHANGES }</h3>
                    <ul class="edits">{ for impact.edits.iter().map(|edit| html! { <li><SentenceText sentence={marked(&capital(edit))} /></li> }) }
                        if impact.more_edits > 0 { <li class="muted">{ text::and_more_edits_more(&count(impact.more_edits)) }</li> }</ul></div>
            }
            if !impact.moves.is_empty() || !impact.unknown.is_empty() {
                <div class="pad stack s"><h3>{ text::WHO_IS_GIVEN_SOMETHING_ELSE }</h3>
                    <ul class="edits">{ for impact.moves.iter().map(|each| html! { <li><SentenceText sentence={moved(each)} /></li> }) }
                        if impact.more_moves > 0 { <li class="muted">{ text::and_more_moves_more(&count(impact.more_moves)) }</li> }
                        { for impact.unknown.iter().map(|flag| html! { <li class="warn-ink"><b class="mono">{ flag }</b>{ text::TOO_MUCH_TO_WORK_OUT_EXACTLY }</li> }) }
                    </ul></div>
            } else if impact.effect.is_none() {
                { without_moves(props, impact, &console.live.kills) }
            }
            if let Some(reverts) = impact.reverts { <p class="pad"><Icon name="undo" small=true />{ text::gives_back_what_revision_had(&count(reverts)) }</p> }
            if let Some(verdict) = &impact.budget { <p class="pad"><b>{ text::BUDGET }</b><SentenceText sentence={marked(&budget(verdict))} /></p> }
            if !now.reaches.is_empty() { <p class="pad"><b>{ counted(now.reaches.len(), text::FLAG_IS_REACHED, text::FLAGS_ARE_REACHED) }</b>{ for links(&props.environment, &now.reaches) }</p> }
        </section>
    }
}

/// A kill hides what a change would do, so that nobody is moved is not said before it is known what is killed.
fn without_moves(props: &EffectProps, impact: &Impact, kills: &Slot<KillPage>) -> Html {
    if let Some(words) = restored(impact).filter(|_| props.is_restore) {
        return html! {
            <div class="pad stack s"><h3>{ text::WHO_IS_GIVEN_SOMETHING_ELSE }</h3>
                <ul class="edits"><li><SentenceText sentence={marked(&words)} /></li></ul></div>
        };
    }
    let Some(page) = kills.ready() else { return Html::default() };
    match kept_back(&props.now.reaches, &page.kills) {
        Some(words) => html! {
            <p class="pad warn-ink row top" data-test="kept-back"><Icon name="alert" small=true /><span><SentenceText sentence={marked(&words)} /></span></p>
        },
        None => html! { <p class="pad muted">{ text::AS_THINGS_ARE_NOBODY_IS_GIVEN }</p> },
    }
}

fn links<'a>(environment: &'a str, flags: &'a [String]) -> impl Iterator<Item = Html> + 'a {
    flags.iter().enumerate().map(move |(at, flag)| {
        let to = Route::Flag { environment: environment.to_owned(), key: flag.clone() };
        html! { <>{ if at > 0 { ", " } else { "" } }<Link<Route> to={to} classes="mono">{ flag }</Link<Route>></> }
    })
}
