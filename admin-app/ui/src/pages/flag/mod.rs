mod breaker;
mod rollout;
mod rules;
mod surroundings;

use crate::components::{CardSkeleton, FailureCard, Icon, Sign, Swatches, Variant};
use crate::hooks::{Key, clock, use_console, use_document_title, use_history, use_keys};
use crate::pages::chart::Entries;
use crate::pages::flags::{StateChips, kind_name};
use crate::pages::frame::{no_flag, of_flag};
use crate::pages::guards::OfFlag;
use crate::pages::later::{Chunk, Later, Wanted};
use crate::route::Route;
use crate::state::Shared;
use crate::state::beats::Opened;
use crate::state::history::Part;
use crate::state::live::Slot;
use crate::words::reach::reach;
use crate::words::text::common;
use crate::words::text::flag as text;
use crate::words::time::until;
use breaker::OpenBreakers;
use downhaul_control::api::{ChangeView, FlagSummary, KillView};
use downhaul_core::document::{FlagSet, OnStale};
use rollout::OfRollout;
use rules::Rules;
use surroundings::Surroundings;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FlagProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// A flag: what it is, who gets what in words, its way down, and an X-ray of any context.
#[function_component]
pub fn Flag(props: &FlagProps) -> Html {
    use_document_title(props.flag.clone());
    let console = use_console();
    let navigator = use_navigator();
    {
        let (environment, key_of_flag) = (props.environment.to_string(), props.flag.clone());
        use_keys(move |key: &Key| match (key.plain(), &navigator) {
            (Some("Escape"), Some(navigator)) => {
                navigator.push(&Route::Flags { environment: environment.clone() });
                true
            }
            (Some("e"), Some(navigator)) => {
                navigator.push(&Route::Edit { environment: environment.clone(), key: key_of_flag.clone() });
                true
            }
            (Some("t"), _) => {
                let context = web_sys::window().and_then(|window| window.document()?.get_element_by_id("xray-context"));
                if let Some(context) = context {
                    context.scroll_into_view();
                }
                true
            }
            (Some(_) | None, _) => false,
        });
    }
    let live = &console.live;
    let summary = live.flags.ready().map(|page| page.flags.iter().find(|flag| flag.key == props.flag).cloned());
    match (&live.flags, &live.document, summary) {
        (Slot::Failed(failure), _, _) | (_, Slot::Failed(failure), _) => {
            let instead = html! { <FailureCard failure={failure.clone()} what={text::THIS_FLAG} /> };
            of_flag(&props.environment, &props.flag, instead)
        }
        (Slot::Ready(page), _, Some(None)) => {
            let instead = no_flag(&props.environment, &props.flag, page.retired.contains(&props.flag));
            of_flag(&props.environment, &props.flag, instead)
        }
        (_, Slot::Ready(document), Some(Some(summary))) if document.flag(&props.flag).is_some() => {
            html! { <Whole environment={props.environment.clone()} {summary} document={document.clone()} /> }
        }
        (Slot::Loading | Slot::Ready(_), _, _) => {
            let instead = html! { <div class="flaggrid"><div class="stack l"><CardSkeleton lines=3 /><CardSkeleton lines=8 /></div><CardSkeleton lines=7 /></div> };
            of_flag(&props.environment, &props.flag, instead)
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
struct WholeProps {
    environment: AttrValue,
    summary: FlagSummary,
    document: Shared<FlagSet>,
}

#[function_component]
fn Whole(props: &WholeProps) -> Html {
    let console = use_console();
    let (history, _) = use_history(Part::of_flag(props.summary.key.clone()), 6);
    let opened = use_state_eq(Opened::default);
    let on_toggle = {
        let opened = opened.clone();
        Callback::from(move |run: Vec<Shared<ChangeView>>| opened.set(opened.toggled(&run)))
    };
    let Some(flag) = props.document.flag(&props.summary.key) else { return Html::default() };
    let environment = || props.environment.to_string();
    let swatches = Swatches::of(flag);
    let kills: Vec<KillView> = console
        .live
        .kills
        .ready()
        .map(|page| page.kills.iter().filter(|kill| kill.flag == props.summary.key).cloned().collect())
        .unwrap_or_default();
    let is_open = console.live.open_breakers.as_ref().is_some_and(|open| open.contains(&props.summary.key));
    let (date, distance) = until(&props.summary.until, clock::now(), clock::offset());
    let clients: Vec<String> = flag.clients.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
    let key = props.summary.key.clone();
    html! {
        <div class="flaggrid">
            <div class="stack l">
                <div class="pagehead">
                    <div class="grow">
                        <div class="crumbs"><Link<Route> to={Route::Flags { environment: environment() }}>{ common::FLAGS_HEAD }</Link<Route>><Icon name="right" small=true /><span>{ &key }</span></div>
                        <div class="row wrap"><h1 class="mono">{ &key }</h1>
                            <StateChips flag={props.summary.clone()} kills={kills.clone()} {is_open} reach={Some(reach(flag))} />
                            if flag.critical { <span class="chip line"><Icon name="shield" />{ common::CRITICAL }</span> }
                        </div>
                    </div>
                    <Link<Route> to={Route::Edit { environment: environment(), key: key.clone() }} classes="btn"><span data-test="edit-open">{ text::EDIT }</span><kbd>{ "E" }</kbd></Link<Route>>
                    <Link<Route> to={Route::Kill { environment: environment(), key: key.clone() }} classes="btn kill"><Sign name="kill" /><span data-test="kill-open">{ common::KILL }</span><kbd>{ text::SHIFT_K }</kbd></Link<Route>>
                </div>
                <div class="meta">
                    if !flag.description.is_empty() { <span><b>{ &flag.description }</b></span> }
                    <span>{ text::OWNER }<b>{ &flag.owner }</b></span>
                    <span>{ text::KIND }<b>{ kind_name(flag.kind) }</b></span>
                    <span class={classes!(props.summary.overdue.then_some("warn-ink"))}>{ if props.summary.is_review { text::REVIEW } else { text::EXPIRES } }<b>{ date }</b>{ format!(", {distance}") }</span>
                    <span>{ text::CLIENTS }<b>{ clients.join(", ") }</b></span>
                    <span>{ text::REVERSIBILITY }<b>{ match flag.reversibility {
                        downhaul_core::document::Reversibility::RollbackSafe => "rollback-safe",
                        downhaul_core::document::Reversibility::ForwardFixOnly => text::FORWARD_FIX_ONLY,
                    } }</b></span>
                </div>
                <OpenBreakers environment={props.environment.clone()} flag={key.clone()} />
                <Rules environment={props.environment.clone()} document={props.document.clone()} flag={key.clone()} kills={kills} />
                <OfRollout environment={props.environment.clone()} flag={key.clone()} />
                if !flag.guards.is_empty() { <OfFlag environment={props.environment.clone()} flag={key.clone()} /> }
                <section class="card">
                    <header><h2>{ text::DEGRADED_MODE }</h2><p>{ common::WHAT_ANYONE_SEES_WHEN_THIS_FLAG }</p></header>
                    <div class="pad meaning"><Sign name="degraded" />
                        <div class="stack s">
                            <p class="say"><Variant name={flag.degraded.variant.to_string()} swatches={swatches.clone()} />{ " " }<b>{ &flag.degraded.meaning }</b></p>
                            <p class="muted">{ match flag.on_stale {
                                OnStale::Degraded => common::A_CLIENT_THAT_HEARS_NOTHING_DEGRADES,
                                OnStale::Keep => common::A_CLIENT_THAT_HEARS_NOTHING_KEEPS,
                            } }</p>
                        </div>
                    </div>
                </section>
                <section class="card">
                    <header><h2>{ common::VARIANTS }</h2></header>
                    <div class="tablewrap"><table class="table compact">
                        <thead><tr><th>{ common::VARIANT }</th><th>{ text::VALUE }</th><th>{ text::USED_AS }</th></tr></thead>
                        <tbody>
                            { for flag.variants.iter().map(|(name, value)| html! {
                                <tr key={name.to_string()}><td><Variant name={name.to_string()} swatches={swatches.clone()} /></td>
                                    <td data-l={text::VALUE}><code class="value">{ value.to_string() }</code></td>
                                    <td data-l={text::USED_AS} class="muted">{ uses(flag, name.as_str()) }</td></tr>
                            }) }
                        </tbody>
                    </table></div>
                </section>
                <Surroundings environment={props.environment.clone()} summary={props.summary.clone()} document={props.document.clone()} />
                <section class="card">
                    <header><h2>{ text::LATELY }</h2><p>{ text::CHANGES_THAT_NAME_THIS_FLAG }</p>
                        <Link<Route> to={Route::Chart { environment: environment() }} classes="end small">{ text::THE_WHOLE_CHART }</Link<Route>></header>
                    if let (Some(failure), false) = (&history.failure, history.is_loaded) { <div class="pad"><FailureCard is_line=true failure={failure.clone()} what={text::ITS_CHANGES} /></div> }
                    else if history.is_loaded && history.changes.is_empty() { <p class="pad muted">{ text::NO_CHANGE_NAMES_IT }</p> }
                    else if !history.is_loaded { <div class="pad stack"><i class="skel w-80"></i><i class="skel w-60"></i></div> }
                    else { <Entries environment={props.environment.clone()} changes={history.changes.clone()} opened={(*opened).clone()} on_toggle={on_toggle} /> }
                </section>
            </div>
            <aside class="stack l" id="xray-context"><Later chunk={Chunk::Look} wanted={Wanted::Tester { document: props.document.clone(), flag: key }} environment={props.environment.clone()} /></aside>
        </div>
    }
}

fn uses(flag: &downhaul_core::document::Flag, variant: &str) -> String {
    let mut uses = Vec::new();
    if flag.default.as_str() == variant {
        uses.push(text::AMID_DEFAULT);
    }
    if flag.degraded.variant.as_str() == variant {
        uses.push(text::AMID_DEGRADED);
    }
    if uses.is_empty() { "–".to_owned() } else { uses.join(", ") }
}
