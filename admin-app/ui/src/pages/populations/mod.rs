//! Populations: over whom blast radii are worked out.

mod missing;
mod population;
mod removal;
mod upload;

use crate::words::text::populations as text;
pub use population::Population;

use crate::backend::api;
use crate::components::{CardSkeleton, Empty, FailureCard};
use crate::hooks::{clock, use_asked, use_document_title, use_may, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::number::{count, counted};
use crate::words::radius::weight;
use crate::words::time::{ago, day, parse};
use downhaul_control::api::{PopulationAct, PopulationView, Populations as Page};
use missing::Missing;
use upload::UploadCard;
use yew::prelude::*;
use yew_router::prelude::*;

/// Rows of a population that the page replays; `hooks/use_radius.rs` fetches as many.
const SAMPLE: u64 = 50_000;

#[derive(Debug, Properties, PartialEq)]
pub struct PopulationsProps {
    pub environment: AttrValue,
}

/// The populations that the control plane keeps, what they lack, and a way to put one.
#[function_component]
pub fn Populations(props: &PopulationsProps) -> Html {
    use_document_title(text::populations_of_environment(&props.environment));
    let may = use_may(&props.environment);
    // A population is no change, so nothing is told of it.
    let (asked, _) = use_asked(api::populations_kept(&props.environment), 15_000);
    let page: Option<Page> = asked.slot.ready().map(|page| (**page).clone());
    let to = {
        let environment = props.environment.to_string();
        move |name: &str| Route::Population { environment: environment.clone(), name: name.to_owned() }
    };
    let rows: Vec<PopulationView> = page.as_ref().map(|page| page.populations.clone()).unwrap_or_default();
    let (cursor, place) = use_rows(rows.iter().map(|view| to(view.name.as_str())).collect());
    let default = page.as_ref().and_then(|page| page.default.clone());
    let used = rows.iter().find(|view| Some(view.name.as_str()) == default.as_deref()).cloned();
    let taken: Vec<String> = rows.iter().map(|view| view.name.to_string()).collect();
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_POPULATIONS} /> },
        Slot::Loading => html! { <CardSkeleton lines=5 /> },
        Slot::Ready(_) if rows.is_empty() => html! {
            <div class="card"><Empty title={text::NO_POPULATION_YET}>
                <p>{ text::WITHOUT_ONE_IT_IS_KNOWN_WHO }</p>
            </Empty></div>
        },
        Slot::Ready(_) => html! {
            <div class="card tablewrap" ref={place}><table class="table compact">
                <thead><tr><th>{ text::POPULATION }</th><th class="num">{ text::CONTEXTS }</th><th class="num">{ text::WEIGHT }</th><th class="num">{ text::ATTRIBUTES_HEAD }</th><th>{ text::PEOPLE_OF }</th><th>{ text::PUT }</th></tr></thead>
                <tbody>{ for rows.iter().enumerate().map(|(at, view)| html! {
                    <tr key={view.name.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-row={at.to_string()} data-test={format!("population-{}", view.name)} data-rows={view.rows.to_string()}>
                        <td><Link<Route> to={to(view.name.as_str())} classes="key mono">{ view.name.to_string() }</Link<Route>>
                            if Some(view.name.as_str()) == default.as_deref() { { " " }<span class="chip ok">{ text::USED }</span> }
                            <small class="faint blk">{ &view.source }</small></td>
                        <td class="num" data-l={text::CONTEXTS}>{ count(view.rows) }</td>
                        <td class="num" data-l={text::WEIGHT}>{ weight(view.weight) }</td>
                        <td class="num" data-l={text::ATTRIBUTES_HEAD}>{ count(view.columns.len() as u64) }</td>
                        <td data-l={text::PEOPLE_OF}>{ parse(&view.taken_at).map(|at| day(at, clock::now(), clock::offset())) }</td>
                        <td data-l={text::PUT}>{ parse(&view.put_at).map(|at| ago(clock::now() - at)) }<small class="faint blk">{ text::by_put_by(&view.put_by) }</small></td>
                    </tr>
                }) }</tbody>
            </table></div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::POPULATIONS }</h1>
                <p>{ text::OVER_WHOM_A_BLAST_RADIUS_IS }</p></div></div>
            { body }
            if let Some(used) = &used {
                <section class="card"><header><h2>{ text::WHAT_BROWSERS_REPLAY }</h2></header><div class="pad">
                    <p data-test="population-sample">{ sample_words(used) }</p></div></section>
            }
            <Missing environment={props.environment.clone()} columns={used.as_ref().map(|view| view.columns.clone())} name={used.as_ref().map(|view| view.name.to_string())} />
            <UploadCard environment={props.environment.clone()} why_not={may.edit.clone()} {taken} />
            if let Some(page) = &page {
                if !page.journal.is_empty() {
                    <section class="card"><details><summary class="pad tight">{ text::who_put_and_removed_what(&counted(page.journal.len(), text::ENTRY, text::ENTRIES)) }</summary>
                        <ul class="pad stack s small">{ for page.journal.iter().take(50).map(|event| html! {
                            <li>{ parse(&event.at).map(|at| ago(clock::now() - at)) }{ match event.what { PopulationAct::Put => text::AMID_PUT, PopulationAct::Removed => text::REMOVED } }<b class="mono">{ &event.name }</b>{ text::by_by(&event.by) }</li>
                        }) }</ul></details></section>
                }
            }
        </>
    }
}

/// How much of it fits into a page.
fn sample_words(view: &PopulationView) -> String {
    if view.rows <= SAMPLE {
        text::all_contexts_of_they_are_few(&count(view.rows), &view.name)
    } else {
        text::a_sample_of_of_the_contexts(&count(SAMPLE), &count(view.rows), &view.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_ones_are_sampled() {
        let view = |rows| PopulationView {
            name: "visitors".to_owned().try_into().unwrap(),
            taken_at: String::new(),
            source: String::new(),
            rows,
            weight: 0.0,
            columns: Vec::new(),
            size: 0,
            digest: String::new(),
            drawn_from: None,
            put_at: String::new(),
            put_by: String::new(),
            live: None,
        };
        assert!(sample_words(&view(SAMPLE)).starts_with("All 50\u{202F}000 contexts of “visitors”"));
        assert!(sample_words(&view(SAMPLE + 1)).starts_with("A sample of 50\u{202F}000 of the 50\u{202F}001"));
    }
}
