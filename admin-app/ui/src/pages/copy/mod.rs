mod compare;

use crate::backend::{Failure, Handle, api};
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
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
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
    let (there, on_there) = use_document(from.clone());
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
            <Compared key={from.clone()} environment={props.environment.clone()} from={from.clone()} there={there.clone()} here={here.clone()} {on_there} />
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

/// The flag set of an environment that is not the one that is looked at, and what takes a later reading of it.
#[hook]
fn use_document(environment: Option<String>) -> (Slot<FlagSet>, Callback<FlagSet>) {
    let console = use_console();
    let slot = use_state(|| (String::new(), Slot::<FlagSet>::Loading));
    {
        let slot = slot.clone();
        let again = console.live.again;
        use_effect_with((environment.clone(), again), move |(environment, _)| {
            let is_wanted = Rc::new(Cell::new(true));
            let end = {
                let is_wanted = Rc::clone(&is_wanted);
                move || is_wanted.set(false)
            };
            let Some(environment) = environment.clone() else { return end };
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
                // Another environment may have been chosen meanwhile.
                if is_wanted.get() {
                    slot.set((environment, filled));
                }
            });
            end
        });
    }
    let put = {
        let (slot, environment) = (slot.clone(), environment.clone().unwrap_or_default());
        Callback::from(move |document: FlagSet| slot.set((environment.clone(), Slot::Ready(Shared::new(document)))))
    };
    match &*slot {
        (of, slot) if Some(of) == environment.as_ref() => (slot.clone(), put),
        _ => (Slot::Loading, put),
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ComparedProps {
    environment: AttrValue,
    from: String,
    there: Shared<FlagSet>,
    here: Shared<FlagSet>,
    /// What is copied was read again there.
    on_there: Callback<FlagSet>,
}

#[derive(Debug, Clone, PartialEq)]
enum Planned {
    Not,
    Working,
    Done(Box<Ready>),
    Refused(Failure),
}

/// What was chosen, as both environments had it when it was planned.
#[derive(Debug, Clone, PartialEq)]
struct Ready {
    plan: Plan,
    items: Vec<Item>,
    /// The revision here.
    revision: u64,
}

/// Reads both anew: what the page shows of here comes a moment after each change, and of there was read once.
async fn plan(backend: &Handle, from: &str, to: &str, keys: &BTreeSet<String>) -> Result<(FlagSet, Ready), Failure> {
    let there = api::read_document(&api::document(backend, from).await?)?;
    let here = api::read_document(&api::document(backend, to).await?)?;
    let mut meant = compare(&there, &here);
    meant.retain(|each| keys.contains(&each.key) && each.can_be_copied());
    let flags: Vec<_> = meant.iter().map(|each| each.flag.clone()).collect();
    let plan = api::plan_flags(backend, to, flags).await?;
    let items = meant.iter().map(Differing::item).collect();
    Ok((there, Ready { plan, items, revision: here.revision }))
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
    // Counts what was chosen: the plan of another choice is none.
    let turn = use_mut_ref(|| 0_u32);
    {
        let (planned, turn) = (planned.clone(), turn.clone());
        use_effect_with((*chosen).clone(), move |_| {
            *turn.borrow_mut() += 1;
            planned.set(Planned::Not);
        });
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
        let (console, planned, turn, chosen) = (console.clone(), planned.clone(), turn.clone(), (*chosen).clone());
        let (from, to, on_there) = (props.from.to_string(), props.environment.to_string(), props.on_there.clone());
        let is_empty = meant.is_empty();
        Callback::from(move |_: MouseEvent| {
            if is_empty || *planned == Planned::Working {
                return;
            }
            planned.set(Planned::Working);
            let (console, planned, turn, of) = (console.clone(), planned.clone(), turn.clone(), *turn.borrow());
            let (from, to, chosen, on_there) = (from.clone(), to.clone(), chosen.clone(), on_there.clone());
            spawn_local(async move {
                let answer = plan(&console.backend, &from, &to, &chosen).await;
                if *turn.borrow() != of {
                    return;
                }
                planned.set(match answer {
                    Ok((there, ready)) => {
                        on_there.emit(there);
                        // What was chosen differs no more, which the page shows now.
                        if ready.items.is_empty() { Planned::Not } else { Planned::Done(Box::new(ready)) }
                    }
                    Err(failure) => {
                        console.failed(&failure);
                        Planned::Refused(failure)
                    }
                });
            });
        })
    };
    let rest = props.here.flags.iter().filter(|flag| props.there.flag(flag.key.as_str()).is_none()).count();
    let ready = match &*planned {
        // Something was published since; it is planned again.
        Planned::Done(ready) if ready.revision < props.here.revision => None,
        Planned::Done(ready) => Some(&**ready),
        Planned::Not | Planned::Working | Planned::Refused(_) => None,
    };
    let plan = ready.map(|ready| &ready.plan);
    let on_copy = {
        let copying = copying.clone();
        let meant = ready.map(|Ready { plan, items, revision }| Copying {
            title: text::copy_from_to(&flags(items.len()), &props.from, &props.environment),
            items: items.clone(),
            revision: *revision,
            told: summary(plan),
        });
        Callback::from(move |_: MouseEvent| copying.set(meant.clone()))
    };
    let (state, words) = match (&*planned, ready) {
        (Planned::Done(_) | Planned::Not, None) if meant.is_empty() => {
            ("not", text::CHOOSE_WHAT_IS_TO_BE_COPIED.to_owned())
        }
        (Planned::Done(_), Some(ready)) => ("done", summary(&ready.plan)),
        (Planned::Done(_) | Planned::Not, _) => ("not", text::A_PLAN_COMES_FIRST_WHOM_IT.to_owned()),
        (Planned::Working, _) => ("working", text::PLANNING.to_owned()),
        (Planned::Refused(_), _) => ("refused", text::IT_CANNOT_BE_COPIED_LIKE_THIS.to_owned()),
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
                    <span class="small muted" role="status" data-test="copy-plan" data-state={state}>{ words }</span>
                    if let Some(ready) = ready {
                        <button type="button" class="btn primary" data-test="copy-go" onclick={on_copy}>{ text::copy_flags(&flags(ready.items.len())) }</button>
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
