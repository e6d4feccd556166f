mod curve;
mod helped;
mod live;
mod restore;
mod stragglers;
mod watch;

use crate::words::text::common;
use crate::words::text::kill as text;
pub use helped::Helped;
pub use live::LiveKill;
pub use restore::{RestoreForm, RestoreFormProps};

use crate::components::{Empty, FailureCard, Icon, RowsSkeleton, Sign};
use crate::hooks::{clock, use_console, use_document_title, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::kill;
use crate::words::number::counted;
use crate::words::time::{ago, parse};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct KillsProps {
    pub environment: AttrValue,
}

/// Kills in force.
#[function_component]
pub fn Kills(props: &KillsProps) -> Html {
    use_document_title(text::kills_in_environment(&props.environment));
    let console = use_console();
    let now = clock::now();
    let environment = || props.environment.to_string();
    let to = |id: &str| Route::LiveKill { environment: environment(), id: id.to_owned() };
    let rows = console.live.kills.ready().map(|page| page.kills.iter().map(|each| to(&each.id)).collect());
    let (cursor, place) = use_rows(rows.unwrap_or_default());
    let body = match &console.live.kills {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_KILLS} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=3 cells={vec!["c-flag", "", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(page) if page.kills.is_empty() => html! {
            <div class="card"><Empty title={text::NOTHING_IS_KILLED} actions={html! {
                <Link<Route> to={Route::Flags { environment: environment() }} classes="btn">{ common::ALL_FLAGS }</Link<Route>>
            }}><p>{ text::EVERY_FLAG_GIVES_WHAT_ITS_RULES }</p></Empty></div>
        },
        Slot::Ready(page) => html! {
            <div class="card tablewrap"><table class="table compact">
                <thead><tr><th>{ common::FLAG }</th><th>{ text::FOR_WHOM }</th><th>{ common::WHY }</th><th>{ common::BY }</th><th>{ text::CLIENTS_HEAD }</th><th><span class="sr">{ common::ACTIONS }</span></th></tr></thead>
                <tbody>
                    { for page.kills.iter().enumerate().map(|(at, each)| {
                        let latest = console.live.watched.get(&each.id).map(|watched| (*watched.kill).clone());
                        let progress = latest.and_then(|kill| kill.progress).or_else(|| each.progress.clone());
                        let to = to(&each.id);
                        html! {
                            <tr key={each.id.clone()} data-row={at.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-test={format!("kill-row-{}", each.id)}>
                                <td><Sign name="kill" />{ " " }<Link<Route> to={to.clone()} classes="key">{ &each.flag }</Link<Route>></td>
                                <td data-l={text::FOR_WHOM}>{ kill::scope(&each.scope) }</td>
                                <td data-l={common::WHY}>{ &each.reason }{ each.incident.as_ref().map(|incident| html! { <>{ " " }<span class="chip line">{ incident }</span></> }) }</td>
                                <td data-l={common::BY} class="nowrap">{ &each.by }<small class="faint blk">{ parse(&each.at).map(|at| ago(now - at)) }</small></td>
                                <td data-l={text::CLIENTS_HEAD} class="nowrap">{ progress.map_or_else(|| text::NOT_MEASURED.to_owned(), |progress| kill::dark(&progress)) }</td>
                                <td class="num"><Link<Route> to={to} classes="btn s">{ text::RESTORE }</Link<Route>></td>
                            </tr>
                        }
                    }) }
                </tbody>
            </table></div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow">
                <h1>{ text::KILLS_IN_FORCE }</h1>
                <p>{ console.live.kill_count().map(|kills| match kills {
                    0 => text::no_kills_in(&props.environment),
                    kills => text::in_each_stays_until_someone_restores(&counted(kills, text::AMID_KILL, text::KILLS), &props.environment),
                }) }</p>
            </div>
            <Link<Route> to={Route::Chart { environment: environment() }} classes="btn"><Icon name="chart" />{ common::CHART }</Link<Route>>
            </div>
            <div ref={place}>{ body }</div>
        </>
    }
}
