mod compare;

use crate::backend::{Failure, api};
use crate::components::{CardSkeleton, Empty, FailureCard, Icon, Swatches};
use crate::hooks::{use_console, use_document_title};
use crate::pages::batch::BatchDialog;
use crate::pages::edit::Differences;
use crate::pages::frozen::FrozenNote;
use crate::route::{CopyQuery, Route};
use crate::state::Shared;
use crate::state::batch::{Item, flags};
use crate::state::live::Slot;
use crate::words::message::sentence;
use crate::words::number::{count, counted};
use crate::words::radius;
use crate::words::text::common;
use crate::words::text::copy as text;
use compare::{Differing, How, compare};
use downhaul_blast::plan::{FlagPlan, Plan};
use downhaul_core::document::{Flag, FlagSet};
use std::collections::BTreeSet;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlSelectElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CopyProps {
    pub environment: AttrValue,
}

/// Takes flags over from another environment: what differs, in words; whom it would move here; and then the change.
#[function_component]
pub fn Copy(props: &CopyProps) -> Html {
    use_document_title(text::copy_flags_to(&props.environment));
    let console = use_console();
    let navigator = use_navigator();
    let query = use_location().and_then(|location| location.query::<CopyQuery>().ok()).unwrap_or_default();
    let others: Vec<String> = console
        .who()
        .map(|who| who.environments.iter().filter(|each| **each != *props.environment).cloned().collect())
        .unwrap_or_default();
    let from = others.iter().find(|each| **each == query.from).or_else(|| others.first()).cloned();
    let there = use_document(from.clone());
    let on_from = {
        let route = Route::Copy { environment: props.environment.to_string() };
        Callback::from(move |event: Event| {
            let from = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some(navigator) = &navigator {
                let _ = navigator.replace_with_query(&route, &CopyQuery { from });
            }
        })
    };
    let body = match (&from, &there, &console.live.document) {
        (None, ..) => html! {
            <div class="card"><Empty title={text::THERE_IS_NO_OTHER_ENVIRONMENT}>
                <p>{ text::FLAGS_ARE_COPIED_BETWEEN_ENVIRONMENTS_THAT }</p><p><code>{ text::DOWNHAUL_SERVE_ENVIRONMENT_NAME }</code></p></Empty></div>
        },
        (_, Slot::Failed(failure), _) => {
            html! { <FailureCard failure={failure.clone()} what={text::THE_OTHER_ENVIRONMENT} /> }
        }
        (_, _, Slot::Failed(failure)) => {
            html! { <FailureCard failure={failure.clone()} what={text::THIS_ENVIRONMENT} /> }
        }
        (Some(from), Slot::Ready(there), Slot::Ready(here)) => html! {
            <Compared key={from.clone()} environment={props.environment.clone()} from={from.clone()} there={there.clone()} here={here.clone()} />
        },
        _ => html! { <><CardSkeleton lines=6 /><CardSkeleton /></> },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::copy_flags_to(&props.environment) }</h1>
                <p>{ text::DEFINITIONS_ONLY_KILLS_ROLLOUTS_AND_THEIR }</p></div>
                if let Some(from) = &from {
                    <label class="row">{ text::FROM }<select class="select" data-test="copy-from" onchange={on_from}>
                        { for others.iter().map(|each| html! { <option value={each.clone()} selected={each == from}>{ each }</option> }) }
                    </select></label>
                }
            </div>
            <FrozenNote environment={props.environment.clone()} />
            { body }
        </>
    }
}

/// The flag set of an environment that is not the one that is looked at.
#[hook]
fn use_document(environment: Option<String>) -> Slot<FlagSet> {
    let console = use_console();
    let slot = use_state(|| (String::new(), Slot::<FlagSet>::Loading));
    {
        let slot = slot.clone();
        let again = console.live.again;
        use_effect_with((environment.clone(), again), move |(environment, _)| {
            let Some(environment) = environment.clone() else { return };
            if let (of, Slot::Failed(_)) = &*slot {
                slot.set((of.clone(), Slot::Loading));
            }
            spawn_local(async move {
                let text = api::document(&console.backend, &environment).await;
                let answer = text.and_then(|text| api::read_document(&text));
                if let Err(failure) = &answer {
                    console.failed(failure);
                }
                let mut filled = Slot::Loading;
                filled.fill(answer.map(Shared::new));
                slot.set((environment, filled));
            });
        });
    }
    match &*slot {
        (of, slot) if Some(of) == environment.as_ref() => slot.clone(),
        _ => Slot::Loading,
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ComparedProps {
    environment: AttrValue,
    from: String,
    there: Shared<FlagSet>,
    here: Shared<FlagSet>,
}

#[derive(Debug, Clone, PartialEq)]
enum Planned {
    Not,
    Working,
    Done(Box<Plan>),
    Refused(Failure),
}

/// What is about to be copied, as it was planned.
#[derive(Debug, Clone, PartialEq)]
struct Copying {
    title: String,
    items: Vec<Item>,
    revision: u64,
    told: String,
}

#[function_component]
fn Compared(props: &ComparedProps) -> Html {
    let console = use_console();
    let chosen = use_state(BTreeSet::<String>::new);
    let planned = use_state(|| Planned::Not);
    let copying = use_state(|| None::<Copying>);
    let differing = use_memo((props.there.clone(), props.here.clone()), |(there, here)| compare(there, here));
    let meant: Vec<Differing> = differing.iter().filter(|each| chosen.contains(&each.key)).cloned().collect();
    {
        // A plan is of what was chosen, and of what is published.
        let planned = planned.clone();
        use_effect_with(((*chosen).clone(), props.here.revision), move |_| planned.set(Planned::Not));
    }
    if differing.is_empty() && copying.is_none() {
        return html! {
            <div class="card"><Empty title={text::nothing_differs_from(&props.from)}>
                <p>{ text::every_flag_of_is_here_as(&props.from) }</p></Empty></div>
        };
    }
    let toggle = |keys: Vec<String>| {
        let chosen = chosen.clone();
        Callback::from(move |_: Event| {
            let mut next = (*chosen).clone();
            let all = keys.iter().all(|key| next.contains(key));
            for key in &keys {
                if all {
                    next.remove(key);
                } else {
                    next.insert(key.clone());
                }
            }
            chosen.set(next);
        })
    };
    let all: Vec<String> = differing.iter().filter(|each| each.can_be_copied()).map(|each| each.key.clone()).collect();
    let on_plan = {
        let (console, planned, environment, meant) =
            (console.clone(), planned.clone(), props.environment.to_string(), meant.clone());
        Callback::from(move |_: MouseEvent| {
            if meant.is_empty() || *planned == Planned::Working {
                return;
            }
            planned.set(Planned::Working);
            let (console, planned, environment) = (console.clone(), planned.clone(), environment.clone());
            let flags: Vec<_> = meant.iter().map(|each| each.flag.clone()).collect();
            spawn_local(async move {
                planned.set(match api::plan_flags(&console.backend, &environment, flags).await {
                    Ok(plan) => Planned::Done(Box::new(plan)),
                    Err(failure) => {
                        console.failed(&failure);
                        Planned::Refused(failure)
                    }
                });
            });
        })
    };
    let rest = props.here.flags.iter().filter(|flag| props.there.flag(flag.key.as_str()).is_none()).count();
    let plan = match &*planned {
        Planned::Done(plan) => Some(&**plan),
        Planned::Not | Planned::Working | Planned::Refused(_) => None,
    };
    let on_copy = {
        let (copying, revision) = (copying.clone(), props.here.revision);
        let title = text::copy_from_to(&flags(meant.len()), &props.from, &props.environment);
        let items: Vec<Item> = meant.iter().map(Differing::item).collect();
        let told = plan.map(summary).unwrap_or_default();
        Callback::from(move |_: MouseEvent| {
            copying.set(Some(Copying { title: title.clone(), items: items.clone(), revision, told: told.clone() }));
        })
    };
    let on_close = {
        let (copying, chosen) = (copying.clone(), chosen.clone());
        Callback::from(move |()| {
            copying.set(None);
            chosen.set(BTreeSet::new());
        })
    };
    html! {
        <>
            <section class="card">
                <header><h2>{ text::count_from_from(&if differing.len() == 1 { text::ONE_FLAG_DIFFERS.to_owned() } else { text::differing_flags_differ(&count(differing.len() as u64)) }, &props.from) }</h2>
                    if rest > 0 { <p>{ text::here_are_not_there_and_stay(&flags(rest)) }</p> }</header>
                <table class="table compact copy" data-test="differing">
                    <thead><tr><th class="c-pick"><input type="checkbox" class="check" aria-label={text::CHOOSE_ALL} checked={!all.is_empty() && all.iter().all(|key| chosen.contains(key))} data-test="copy-all" onchange={toggle(all)} /></th>
                        <th>{ common::FLAG }</th><th>{ text::in_it_is(&props.from) }</th><th>{ text::WHOM_IT_WOULD_MOVE_HERE }</th></tr></thead>
                    <tbody>{ for differing.iter().map(|each| html! {
                        <tr key={each.key.clone()} data-test={format!("differing-{}", each.key)}>
                            <td class="c-pick"><input type="checkbox" class="check" aria-label={text::choose_key(&each.key)} disabled={!each.can_be_copied()} checked={chosen.contains(&each.key)} data-test={format!("copy-{}", each.key)} onchange={toggle(vec![each.key.clone()])} /></td>
                            <td class="mono">{ &each.key }</td>
                            <td>{ what_differs(each, &props.environment, &props.from) }</td>
                            <td data-l={text::MOVES}>{ moves(plan, each) }</td>
                        </tr>
                    }) }</tbody>
                </table>
                <footer class="between">
                    <span class="small muted" role="status" data-test="copy-plan" data-state={match &*planned { Planned::Not => "not", Planned::Working => "working", Planned::Done(_) => "done", Planned::Refused(_) => "refused" }}>{ told(&planned, meant.len()) }</span>
                    if plan.is_some() {
                        <button type="button" class="btn primary" data-test="copy-go" onclick={on_copy}>{ text::copy_flags(&flags(meant.len())) }</button>
                    } else {
                        <button type="button" class="btn" data-test="copy-plan-go" aria-disabled={(meant.is_empty() || *planned == Planned::Working).to_string()} onclick={on_plan}>{ text::plan_flags(&flags(meant.len())) }</button>
                    }
                </footer>
            </section>
            if let Planned::Refused(failure) = &*planned { <Refused failure={failure.clone()} environment={props.environment.clone()} /> }
            if let Some(copying) = &*copying {
                <BatchDialog environment={props.environment.clone()} title={copying.title.clone()} items={copying.items.clone()} revision={copying.revision} {on_close}>
                    <p>{ &copying.told }{ text::FLAGS_THAT_ARE_KILLED_HERE_STAY }</p>
                </BatchDialog>
            }
        </>
    }
}

fn what_differs(each: &Differing, here: &str, there: &str) -> Html {
    let How::Other(lines) = &each.how else { return html! { <span class="muted">{ each.words() }</span> } };
    let swatches =
        serde_json::from_value::<Flag>(each.flag.clone()).map(|flag| Swatches::of(&flag)).unwrap_or_default();
    html! {
        <details><summary>{ each.words() }</summary>
            <Differences lines={lines.clone()} {swatches} before={text::in_here(&here)} after={text::in_there(&there)} /></details>
    }
}

/// Of the plan: whom this flag would move.
fn moves(plan: Option<&Plan>, each: &Differing) -> Html {
    let Some(plan) = plan else { return html! { <span class="faint">{ "–" }</span> } };
    let words = match plan.flags.get(&each.key) {
        _ if each.before.is_none() => text::NOBODY_IT_IS_NEW_HERE.to_owned(),
        Some(FlagPlan { moved: Some(moved), of: Some(of), .. }) => {
            text::weight_of_weight_2(&radius::weight(*moved), &radius::weight(*of))
        }
        Some(_) => text::SOMEBODY_THERE_IS_NO_POPULATION_TO.to_owned(),
        None if plan.killed.contains(&each.key) => text::NOBODY_WHILE_IT_IS_KILLED.to_owned(),
        None => common::NOBODY.to_owned(),
    };
    html! { <span data-test={format!("moves-{}", each.key)}>{ words }</span> }
}

fn summary(plan: &Plan) -> String {
    match &plan.population {
        Some(moved) => text::of_would_get_something_else(&radius::weight(moved.moved), &radius::weight(moved.weight)),
        None => text::flags_would_change(&counted(plan.totals.changed, common::AMID_FLAG, common::FLAGS)),
    }
}

fn told(planned: &Planned, chosen: usize) -> String {
    match planned {
        Planned::Not if chosen == 0 => text::CHOOSE_WHAT_IS_TO_BE_COPIED.to_owned(),
        Planned::Not => text::A_PLAN_COMES_FIRST_WHOM_IT.to_owned(),
        Planned::Working => text::PLANNING.to_owned(),
        Planned::Done(plan) => summary(plan),
        Planned::Refused(_) => text::IT_CANNOT_BE_COPIED_LIKE_THIS.to_owned(),
    }
}

#[derive(Debug, Properties, PartialEq)]
struct RefusedProps {
    failure: Failure,
    environment: AttrValue,
}

/// What is in the way, such as a segment that is not here.
#[function_component]
fn Refused(props: &RefusedProps) -> Html {
    let diagnostics = match &props.failure {
        Failure::Refused(problem) => problem.diagnostics.clone(),
        Failure::Offline | Failure::SignedOut | Failure::Unreadable(_) => Vec::new(),
    };
    html! {
        <div class="banner danger" role="alert" data-test="copy-refused"><Icon name="alert" /><div>
            <p><b>{ props.failure.title() }</b>{ ". " }{ props.failure.help() }</p>
            if !diagnostics.is_empty() {
                <ul>{ for diagnostics.iter().map(|each| html! { <li>{ sentence(&each.message) }{ each.help.as_ref().map(|help| format!(". {}", sentence(help))) }</li> }) }</ul>
                <p>{ text::segments_tenants_and_regions_are_not(&props.environment) }</p>
            }
        </div></div>
    }
}
