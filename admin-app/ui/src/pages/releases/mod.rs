mod facts;
mod findings;
mod release;
mod rollback;

use crate::words::text::common;
use crate::words::text::releases as text;
pub use release::Release;

use crate::backend::api;
use crate::components::{Empty, FailureCard, Icon, RowsSkeleton};
use crate::hooks::{clock, use_asked, use_document_title, use_rows};
use crate::pages::run::RunsCard;
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::number::counted;
use crate::words::time::{ago, day, parse};
use downhaul_control::api::{LastDrill, ReleaseSummary};
use findings::Readiness;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ReleasesProps {
    pub environment: AttrValue,
}

/// What was put out, and whether its way back is ready.
#[function_component]
pub fn Releases(props: &ReleasesProps) -> Html {
    use_document_title(text::releases_in_environment(&props.environment));
    let (asked, _) = use_asked(api::releases(&props.environment), 0);
    let releases: Vec<ReleaseSummary> = asked.slot.ready().map(|page| page.releases.clone()).unwrap_or_default();
    let to = |key: &str| Route::Release { environment: props.environment.to_string(), key: key.to_owned() };
    let (cursor, place) = use_rows(releases.iter().map(|each| to(&each.key)).collect());
    let now = clock::now();
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_RELEASES} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=4 cells={vec!["c-flag", "", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if releases.is_empty() => html! {
            <div class="card"><Empty title={text::NO_RELEASE_IS_KNOWN_HERE}>
                <p>{ text::A_RELEASE_NAMES_WHAT_WAS_PUT }</p>
                <p><code>{ text::DOWNHAUL_RELEASE_PLAN }</code></p>
                <p><code>{ text::DOWNHAUL_RELEASE_PUT_RELEASE_YAML_REASON }</code></p>
            </Empty></div>
        },
        Slot::Ready(_) => html! {
            <div class="card tablewrap"><table class="table compact releases">
                <thead><tr><th>{ text::RELEASE }</th><th>{ text::THE_WAY_BACK }</th><th>{ common::FLAGS_HEAD }</th><th>{ text::PUT_BY }</th><th>{ text::LAST_DRILL }</th></tr></thead>
                <tbody>{ for releases.iter().enumerate().map(|(at, each)| html! {
                    <tr key={each.key.clone()} data-row={at.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-test={format!("release-row-{}", each.key)}>
                        <td><Link<Route> to={to(&each.key)} classes="key">{ &each.key }</Link<Route>>
                            if each.retired { { " " }<span class="chip line">{ text::RETIRED }</span> }
                            <small class="muted blk">{ owner(&each.owner) }</small></td>
                        <td data-l={text::THE_WAY_BACK}>{ way_back(&props.environment, each) }</td>
                        <td data-l={common::FLAGS_HEAD}>{ flags(&each.flags) }</td>
                        <td data-l={text::PUT_BY} class="nowrap">{ &each.by }<small class="faint blk">{ parse(&each.at).map(|at| ago(now - at)) }</small></td>
                        <td data-l={text::LAST_DRILL} class="nowrap">{ last_drill(each.last_drill.as_ref(), now) }</td>
                    </tr>
                }) }</tbody>
            </table></div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ common::RELEASES }</h1>
                <p>{ text::WHAT_WAS_PUT_OUT_AND_WHETHER }</p></div></div>
            <div ref={place}>{ body }</div>
            <RunsCard environment={props.environment.clone()} subject={None::<String>} />
        </>
    }
}

fn way_back(environment: &AttrValue, release: &ReleaseSummary) -> Html {
    if let Some(run) = &release.running {
        let to = Route::Run { environment: environment.to_string(), id: run.clone() };
        return html! { <Link<Route> to={to} classes="chip killed"><Icon name="undo" />{ text::is_under_way(&run) }</Link<Route>> };
    }
    if release.retired {
        return html! { <span class="faint">{ text::NOT_CHECKED }</span> };
    }
    html! { <Readiness environment={environment.clone()} release={release.key.clone()} revision={release.revision} /> }
}

fn owner(owner: &str) -> String {
    if owner.is_empty() { text::NOBODY_ANSWERS_FOR_IT.to_owned() } else { owner.to_owned() }
}

fn flags(flags: &[String]) -> String {
    match flags {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first, second] => format!("{first}, {second}"),
        [first, rest @ ..] => text::first_and_others(&first, &counted(rest.len(), text::OTHER, text::OTHERS)),
    }
}

pub(super) fn last_drill(drill: Option<&LastDrill>, now: f64) -> Html {
    match drill {
        None => html! { <span class="warn-ink">{ text::NEVER }</span> },
        Some(drill) => html! {
            <>{ parse(&drill.at).map(|at| day(at, now, clock::offset())) }
                <small class="faint blk">{ if drill.independent { drill.by.clone() } else { text::by_its_author(&drill.by) } }</small></>
        },
    }
}
