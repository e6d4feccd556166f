//! Others at the flag that this page shows: who they are, and what they have just published.

use crate::components::{Icon, SentenceText};
use crate::hooks::{clock, tab, use_console};
use crate::route::Route;
use crate::words::change::{joint, marked};
use crate::words::number::count;
use crate::words::presence::others;
use crate::words::text::common;
use crate::words::text::shell as text;
use downhaul_control::api::ChangeView;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CompanyProps {
    pub environment: String,
    pub flag: String,
    /// Where the page itself shows what others have changed, as the editor does.
    pub tells_news: bool,
}

#[function_component]
pub fn Company(props: &CompanyProps) -> Html {
    let console = use_console();
    let me = console.who().map(|who| who.actor.clone()).unwrap_or_default();
    let others = others(&console.live.seats, &props.flag, &tab(), &me, clock::offset());
    let newest = console.live.news.get(&props.flag).cloned();
    // What came before this page was opened is no news to it.
    let known = use_state(|| newest.as_ref().map_or(0, |change| change.revision));
    let news = newest.filter(|change| !props.tells_news && change.revision > *known && change.actor != me);
    let seen = {
        let known = known.clone();
        Callback::from(move |revision: u64| known.set(revision))
    };
    html! {
        <>
            <div class="also" role="status" data-test="also-here" data-count={others.len().to_string()}>
                { for others.into_iter().map(|other| html! {
                    <span key={other.actor} class={classes!("also-one", other.edits.then_some("edits"))}>
                        <span class="avatar s" aria-hidden="true">{ other.initials }</span>{ other.words }
                    </span>
                }) }
            </div>
            if let Some(change) = news {
                <News environment={props.environment.clone()} change={(*change).clone()} on_seen={seen} />
            }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct NewsProps {
    environment: String,
    change: ChangeView,
    on_seen: Callback<u64>,
}

#[function_component]
fn News(props: &NewsProps) -> Html {
    let change = &props.change;
    let revision = change.revision;
    let who = change.actor_name.clone().unwrap_or_else(|| change.actor.clone());
    let entry = Route::ChartEntry { environment: props.environment.clone(), revision };
    html! {
        <div class="banner info" role="status" data-test="news" data-revision={revision.to_string()}><Icon name="chart" />
            <p class="grow"><b>{ who }</b>{ joint(&change.summary) }<SentenceText sentence={marked(&change.summary)} />{ text::this_page_shows_it_already_as(&change.reason) }
                <Link<Route> to={entry}>{ common::revision_revision(&count(revision)) }</Link<Route>></p>
            <button type="button" class="iconbtn" aria-label={text::DISMISS} onclick={props.on_seen.reform(move |_: MouseEvent| revision)}><Icon name="x" small=true /></button></div>
    }
}
