mod entry;
mod export;
mod proof;
mod selected;

use crate::words::text::chart as text;
use crate::words::text::common;
pub use entry::Entries;

use crate::components::{CardSkeleton, Empty, FailureCard, Icon};
use crate::hooks::preferences::{self, Preferences};
use crate::hooks::{Key, use_console, use_document_title, use_history, use_keys};
use crate::route::Route;
use crate::state::Shared;
use crate::state::beats::Opened;
use crate::state::cursor::Cursor;
use crate::state::history::{History, Part};
use crate::words::number::count;
use downhaul_control::api::ChangeView;
use export::Export;
use proof::Proof;
use selected::Selected;
use std::collections::BTreeSet;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ChartProps {
    pub environment: AttrValue,
    /// The change that the address names.
    pub revision: Option<u64>,
}

/// Who changed what, when and why; and the proof that no one edited it.
#[function_component]
pub fn Chart(props: &ChartProps) -> Html {
    use_document_title(text::chart_of_environment(&props.environment));
    let console = use_console();
    let by_people = use_state(|| preferences::now().by_people);
    let (history, more) = use_history(Part { flag: None, by_people: *by_people }, 50);
    let navigator = use_navigator();
    let search = use_state(String::new);
    // By revision, as new changes come in above.
    let chosen = use_state(|| None::<u64>);
    let field = use_node_ref();
    let details = use_node_ref();
    // The change from which somebody was led to its details: its entry is not scrolled to.
    let led = use_mut_ref(|| None::<u64>);
    let reached = {
        let (details, led, is_chosen) = (details.clone(), led.clone(), chosen.is_some());
        move |revision: u64| {
            let was_led = led.take() == Some(revision);
            if let Some(entry) = entry_of(revision).filter(|_| !was_led) {
                into_view(&entry, ScrollLogicalPosition::Nearest);
            }
            if !is_chosen {
                lead(&details);
            }
        }
    };
    use_reaching(&history, props.revision, &more, reached);
    let shown: Vec<Shared<ChangeView>> =
        history.changes.iter().filter(|change| is_found(change, &search)).cloned().collect();
    let opened = use_state_eq(BTreeSet::<u64>::new);
    let runs = Opened { revisions: (*opened).clone(), current: chosen.or(props.revision) };
    let revisions = runs.visible(&shown);
    let cursor = Cursor(chosen.or(props.revision).and_then(|meant| revisions.iter().position(|each| *each == meant)));
    {
        let (chosen, field, search, rows) = (chosen.clone(), field.clone(), search.clone(), revisions.len());
        let revisions = revisions.clone();
        let go = move |to: Cursor| chosen.set(to.0.and_then(|at| revisions.get(at)).copied());
        use_keys(move |key: &Key| {
            match key.plain() {
                Some("j") => go(cursor.down(rows)),
                Some("k") if !key.shift => go(cursor.up(rows)),
                Some("/") => {
                    if let Some(field) = field.cast::<HtmlElement>() {
                        let _ = field.focus();
                    }
                }
                Some("Escape") => go(Cursor::default()),
                None if key.key == "Escape" => {
                    search.set(String::new());
                    if let Some(field) = field.cast::<HtmlElement>() {
                        let _ = field.blur();
                    }
                }
                Some(_) | None => return false,
            }
            true
        });
    }
    let is_at = |at: usize| revisions.get(at).and_then(|each| shown.iter().find(|change| change.revision == *each));
    let selected = cursor.0.and_then(is_at).or_else(|| is_at(0)).or_else(|| shown.first()).cloned();
    {
        // The address names what is selected, so that it can be sent to someone.
        let (environment, named) = (props.environment.to_string(), props.revision);
        use_effect_with(*chosen, move |chosen| {
            if let (Some(revision), Some(navigator), true) = (*chosen, navigator, *chosen != named) {
                navigator.replace(&Route::ChartEntry { environment, revision });
            }
        });
    }
    let on_select = {
        let (chosen, details, led) = (chosen.clone(), details.clone(), led.clone());
        Callback::from(move |revision: u64| {
            chosen.set(Some(revision));
            if let Some(aside) = lead(&details) {
                led.replace(Some(revision));
                let _ = aside.focus();
            }
        })
    };
    let on_back = {
        let (field, revision) = (field.clone(), selected.as_ref().map(|change| change.revision));
        Callback::from(move |_: MouseEvent| {
            let entry = revision.and_then(entry_of);
            if let Some(entry) = &entry {
                into_view(entry, ScrollLogicalPosition::Center);
            }
            let button = entry.and_then(|entry| entry.query_selector(".rev").ok().flatten());
            let button = button.and_then(|button| button.dyn_into::<HtmlElement>().ok());
            if let Some(to) = button.or_else(|| field.cast::<HtmlElement>()) {
                let _ = to.focus();
            }
        })
    };
    let on_toggle = {
        let (opened, chosen, runs, shown) = (opened.clone(), chosen.clone(), runs.clone(), shown.clone());
        Callback::from(move |run: Vec<Shared<ChangeView>>| {
            let next = runs.toggled(&run);
            if next.current.is_none() && runs.current.is_some() {
                // What was looked at is hidden with the run.
                chosen.set(next.visible(&shown).first().copied());
            }
            opened.set(next.revisions);
        })
    };
    let on_people = {
        let by_people = by_people.clone();
        Callback::from(move |_: MouseEvent| {
            preferences::choose(Preferences { by_people: !*by_people, ..preferences::now() });
            by_people.set(!*by_people);
        })
    };
    let newest = console.live.position().map(|position| position.revision);
    let on_search = {
        let (search, chosen) = (search.clone(), chosen.clone());
        Callback::from(move |event: InputEvent| {
            search.set(event.target_unchecked_into::<HtmlInputElement>().value());
            chosen.set(None);
        })
    };
    let is_blank = history.changes.is_empty() && history.failure.is_none() && !*by_people;
    let body = match (&history.failure, history.is_loaded) {
        (Some(failure), false) => html! { <FailureCard failure={failure.clone()} what={text::THE_CHART} /> },
        (None, false) => html! { <div class="chartgrid"><CardSkeleton lines=10 /><CardSkeleton lines=6 /></div> },
        (_, true) => html! {
            <div class="chartgrid">
                <section class="card">
                    <div class="toolbar"><div class="inputwrap grow">
                        <Icon name="search" small=true />
                        <input class="input" ref={field} aria-label={text::SEARCH_THE_CHART} placeholder={text::SEARCH_WHO_WHAT_WHY} data-test="chart-search" value={(*search).clone()} oninput={on_search} />
                        <kbd>{ "/" }</kbd>
                    </div>
                        <button type="button" class="btn" aria-pressed={by_people.to_string()} data-test="chart-by-people" onclick={on_people}
                            title={text::LEAVES_OUT_WHAT_THE_CONTROL_PLANE}><Icon name="user" small=true />{ text::BY_PEOPLE_ONLY }</button>
                    </div>
                    { not_there(props.revision, &history, newest, *by_people) }
                    if history.changes.is_empty() && *by_people {
                        <Empty title={text::NO_CHANGE_BY_A_PERSON_AS}><p>{ text::OLDER_ONES_MAY_BE_READ_ON }</p></Empty>
                    } else if history.changes.is_empty() {
                        <Empty title={text::NOTHING_HAS_HAPPENED_YET}><p>{ text::THE_FIRST_CHANGE_APPEARS_HERE_THE }</p></Empty>
                    } else if shown.is_empty() {
                        <Empty title={text::no_change_among_these_matches(&*search)}><p>{ text::OLDER_CHANGES_MAY_READ_ON_BELOW }</p></Empty>
                    }
                    <Entries environment={props.environment.clone()} changes={shown.clone()} opened={runs.clone()} {on_toggle} current={selected.as_ref().map(|change| change.revision)} on_select={Some(on_select)} />
                    if !is_blank { <footer class="small faint between">
                        <span data-test="chart-count">{ told(&history, shown.len(), newest, *by_people) }</span>
                        if let Some(failure) = &history.failure { <span role="alert">{ text::OLDER_CHANGES_COULD_NOT_BE_READ }{ failure.title() }</span> }
                        if history.next_before.is_some() { <button class="btn s" data-test="chart-older" onclick={more.reform(|_| ())}>{ text::READ_OLDER_CHANGES }</button> }
                        <span class="row hide-narrow"><kbd>{ "J" }</kbd><kbd>{ "K" }</kbd>{ text::MOVE }</span>
                    </footer> }
                </section>
                if let Some(change) = selected {
                    <aside class="stack l" ref={details} tabindex="0" role="region" aria-label={text::SELECTED_CHANGE}>
                        <button type="button" class="btn s back" data-test="chart-back" onclick={on_back}><Icon name="up" small=true />{ text::BACK_TO_THE_LIST }</button>
                        <Selected environment={props.environment.clone()} {change} />
                    </aside>
                } else if !is_blank {
                    // The list stays as wide while a search finds nothing.
                    <div></div>
                }
            </div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ common::CHART }</h1>
                <p>{ text::WHO_CHANGED_WHAT_WHEN_AND_WHY }</p></div>
                <Export environment={props.environment.clone()} /></div>
            <Proof head={history.head.clone()} revision={history.changes.first().map(|change| change.revision)} />
            { body }
        </>
    }
}

/// Reads older changes until the one that the address names is among them, and then says so.
#[hook]
fn use_reaching(history: &History, revision: Option<u64>, more: &Callback<()>, reached: impl Fn(u64) + 'static) {
    let oldest = history.changes.last().map(|change| change.revision);
    let is_there = revision.is_some_and(|revision| history.changes.iter().any(|change| change.revision == revision));
    let reads_on = history.next_before.filter(|next| !is_there && revision.is_some_and(|revision| revision < *next));
    let more = more.clone();
    use_effect_with((reads_on, oldest), move |(reads_on, _)| {
        if reads_on.is_some() {
            more.emit(());
        }
    });
    use_effect_with((revision, is_there), move |(revision, is_there)| {
        if let (Some(revision), true) = (*revision, *is_there) {
            reached(revision);
        }
    });
}

fn entry_of(revision: u64) -> Option<Element> {
    web_sys::window()?.document()?.get_element_by_id(&format!("r{revision}"))
}

fn into_view(element: &Element, block: ScrollLogicalPosition) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(block);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Scrolls to the details where they lie out of sight under the list, and gives them then.
fn lead(details: &NodeRef) -> Option<HtmlElement> {
    let aside = details.cast::<HtmlElement>()?;
    let height = web_sys::window()?.inner_height().ok()?.as_f64()?;
    if aside.get_bounding_client_rect().top() < height / 2.0 {
        return None;
    }
    into_view(&aside, ScrollLogicalPosition::Start);
    Some(aside)
}

/// `50 of 4 312`; and of a chart that leaves something out, how much that is.
fn told(history: &History, shown: usize, newest: Option<u64>, by_people: bool) -> String {
    let newest = newest.max(history.changes.first().map(|change| change.revision)).unwrap_or_default();
    let all = text::shown_of_newest(&count(shown as u64), &count(newest));
    if !by_people {
        return all;
    }
    let looked_at = newest.saturating_sub(history.next_before.map_or(0, |next| next.saturating_sub(1)));
    let hidden = looked_at.saturating_sub(history.changes.len() as u64);
    text::by_the_control_plane_itself_left(&all, &count(hidden))
}

/// Says so where the change that the address names is not among all that was read.
fn not_there(revision: Option<u64>, history: &History, newest: Option<u64>, by_people: bool) -> Html {
    let Some(revision) = revision.filter(|revision| history.changes.iter().all(|each| each.revision != *revision))
    else {
        return Html::default();
    };
    let is_beyond = newest.is_some_and(|newest| revision > newest) || revision == 0;
    let words = match history.next_before {
        _ if is_beyond => text::there_is_no_revision_here(&count(revision)),
        Some(next) if revision < next => return Html::default(),
        _ if by_people => text::revision_was_made_by_the_control(&count(revision)),
        _ => return Html::default(),
    };
    html! { <div class="banner warn flat" role="status" data-test="chart-not-there"><Icon name="alert" /><p>{ words }</p></div> }
}

fn is_found(change: &ChangeView, search: &str) -> bool {
    let who = change.actor_name.as_deref().unwrap_or(&change.actor);
    let text = format!("{who} {} {} {}", change.summary, change.reason, change.incident.as_deref().unwrap_or_default());
    let text = text.to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| text.contains(word))
}
