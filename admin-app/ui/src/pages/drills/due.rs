use super::call::Call;
use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon};
use crate::hooks::{clock, use_asked};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::drill::since;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::drills as text;
use crate::words::time::{day, parse};
use downhaul_control::api::{DueView, LastDrill};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct DueCardProps {
    pub environment: AttrValue,
}

/// Releases and critical flags: since when each was not rehearsed, and by whom last.
#[function_component]
pub fn DueCard(props: &DueCardProps) -> Html {
    let (asked, _) = use_asked(api::drills_due(&props.environment), 0);
    let open = use_state(|| None::<String>);
    let now = clock::now();
    let Slot::Ready(due) = &asked.slot else {
        return match &asked.slot {
            Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::WHAT_IS_DUE} /> },
            Slot::Loading | Slot::Ready(_) => html! { <CardSkeleton lines=5 /> },
        };
    };
    let overdue = due.subjects.iter().filter(|each| each.due).count();
    html! {
        <section class="card">
            <header><h2>{ text::BY_RELEASE_AND_FLAG }</h2><p>{ text::due_first_a_drill_counts_for(&due.days) }</p>
                if !due.subjects.is_empty() { <span class={classes!("chip", "end", if overdue > 0 { "warn" } else { "ok" })} data-test="drills-due" data-due={overdue.to_string()}>{ text::count_due(&count(overdue as u64)) }</span> }</header>
            if due.subjects.is_empty() { <p class="pad muted">{ text::THERE_IS_NO_RELEASE_AND_NO }</p> } else {
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ text::RELEASE_OR_FLAG }</th><th>{ text::LAST_DRILL }</th><th>{ text::LAST_BY_OTHERS_THAN_ITS_AUTHOR }</th><th>{ text::DUE }</th><th><span class="sr">{ common::ACTIONS }</span></th></tr></thead>
                    <tbody>{ for due.subjects.iter().map(|each| {
                        let key = key(each);
                        let is_open = open.as_ref() == Some(&key);
                        let toggle = { let (open, key) = (open.clone(), key.clone()); Callback::from(move |_: MouseEvent| open.set((!is_open).then(|| key.clone()))) };
                        html! {
                            <>
                                <tr key={key.clone()} data-test={format!("due-{key}")} data-due={each.due.to_string()}>
                                    <td><Link<Route> to={to(&props.environment, each)} classes="key">{ each.subject.key() }</Link<Route>><small class="muted blk">{ format!("{}, {}", if each.subject.flag.is_some() { "flag" } else { "release" }, each.owner) }</small></td>
                                    <td data-l={text::LAST_DRILL} class="nowrap">{ last(each.last.as_ref(), now) }</td>
                                    <td data-l={text::LAST_BY_OTHERS} class="nowrap">{ last(each.last_independent.as_ref(), now) }</td>
                                    <td data-l={text::DUE}>if each.due { <span class="warn-ink"><Icon name="alert" small=true />{ format!(" {}", since(each)) }</span>if each.days.is_some() { <small class="muted blk">{ &each.why }</small> } } else { { since(each) } }</td>
                                    <td class="num"><button type="button" class="btn s" aria-expanded={is_open.to_string()} data-test={format!("drill-{key}")} onclick={toggle}>{ text::DRILL_OPENS }</button></td>
                                </tr>
                                if is_open { <tr key={format!("{key}-call")}><td colspan="5"><Call environment={props.environment.clone()} subject={each.subject.clone()} on_close={ let open = open.clone(); Callback::from(move |()| open.set(None)) } /></td></tr> }
                            </>
                        }
                    }) }</tbody>
                </table></div>
            }
        </section>
    }
}

/// A release and a flag may be called the same.
fn key(due: &DueView) -> String {
    format!("{}-{}", if due.subject.flag.is_some() { "flag" } else { "release" }, due.subject.key())
}

fn to(environment: &str, due: &DueView) -> Route {
    let (environment, key) = (environment.to_owned(), due.subject.key().to_owned());
    if due.subject.flag.is_some() { Route::Flag { environment, key } } else { Route::Release { environment, key } }
}

fn last(drill: Option<&LastDrill>, now: f64) -> Html {
    match drill {
        None => html! { <span class="warn-ink">{ text::NEVER }</span> },
        Some(drill) => {
            html! { <>{ parse(&drill.at).map(|at| day(at, now, clock::offset())) }<small class="muted blk">{ if drill.independent { drill.by.clone() } else { text::by_its_author(&drill.by) } }</small></> }
        }
    }
}
