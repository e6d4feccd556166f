mod curve;
mod live;
mod restore;
mod stragglers;
mod watch;

pub use live::LiveKill;

use crate::components::{Empty, FailureCard, Icon, RowsSkeleton, Sign};
use crate::hooks::{clock, use_console, use_document_title};
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
    use_document_title(format!("Kills in {}", props.environment));
    let console = use_console();
    let now = clock::now();
    let environment = || props.environment.to_string();
    let body = match &console.live.kills {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what="The kills" /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=3 cells={vec!["c-flag", "", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(page) if page.kills.is_empty() => html! {
            <div class="card"><Empty title="Nothing is killed" actions={html! {
                <Link<Route> to={Route::Flags { environment: environment() }} classes="btn">{ "All flags" }</Link<Route>>
            }}><p>{ "Every flag gives what its rules say. A kill starts from the flag that does harm." }</p></Empty></div>
        },
        Slot::Ready(page) => html! {
            <div class="card tablewrap"><table class="table compact">
                <thead><tr><th>{ "Flag" }</th><th>{ "For whom" }</th><th>{ "Why" }</th><th>{ "By" }</th><th>{ "Clients" }</th><th><span class="sr">{ "Actions" }</span></th></tr></thead>
                <tbody>
                    { for page.kills.iter().map(|each| {
                        let latest = console.live.watched.get(&each.id).map(|watched| (*watched.kill).clone());
                        let progress = latest.and_then(|kill| kill.progress).or_else(|| each.progress.clone());
                        let to = Route::LiveKill { environment: environment(), id: each.id.clone() };
                        html! {
                            <tr key={each.id.clone()} data-test={format!("kill-row-{}", each.id)}>
                                <td><Sign name="kill" />{ " " }<Link<Route> to={to.clone()} classes="key">{ &each.flag }</Link<Route>></td>
                                <td data-l="For whom">{ kill::scope(&each.scope) }</td>
                                <td data-l="Why">{ &each.reason }{ each.incident.as_ref().map(|incident| html! { <>{ " " }<span class="chip line">{ incident }</span></> }) }</td>
                                <td data-l="By" class="nowrap">{ &each.by }<small class="faint blk">{ parse(&each.at).map(|at| ago(now - at)) }</small></td>
                                <td data-l="Clients" class="nowrap">{ progress.map_or_else(|| "not measured".to_owned(), |progress| kill::dark(&progress)) }</td>
                                <td class="num"><Link<Route> to={to} classes="btn s">{ "Restore…" }</Link<Route>></td>
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
                <h1>{ "Kills in force" }</h1>
                <p>{ format!("{} in {}. Each stays until someone restores it.", counted(console.live.kill_count(), "kill", "kills"), props.environment) }</p>
            </div>
            <Link<Route> to={Route::Chart { environment: environment() }} classes="btn"><Icon name="chart" />{ "Chart" }</Link<Route>>
            </div>
            { body }
        </>
    }
}
