use super::missing::Missing;
use super::removal::Removal;
use crate::backend::api;
use crate::components::{self, CardSkeleton, FailureCard, Icon, Placed};
use crate::hooks::{clock, use_asked, use_document_title, use_way_back};
use crate::pages::frame::to_all;
use crate::route::Route;
use crate::state::context_draft::shown_value;
use crate::state::live::Slot;
use crate::words::number::{count, counted};
use crate::words::radius::{percent, weight};
use crate::words::text::populations as text;
use crate::words::time::{ago, day, parse};
use downhaul_control::api::{AttributeView, PopulationValues};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PopulationProps {
    pub environment: AttrValue,
    pub name: String,
}

/// Longest value that is shown whole, in characters.
const LONGEST: usize = 60;

/// One population: what its contexts have, attribute by attribute.
#[function_component]
pub fn Population(props: &PopulationProps) -> Html {
    use_document_title(text::population_name(&props.name));
    let back = Route::Populations { environment: props.environment.to_string() };
    use_way_back(back.clone());
    let (asked, _) = use_asked(api::populations_kept(&props.environment), 0);
    let (values, _) = use_asked(api::population_values(&props.environment, &props.name), 0);
    let view = asked
        .slot
        .ready()
        .and_then(|page| page.populations.iter().find(|view| view.name.as_str() == props.name).cloned());
    let default = asked.slot.ready().and_then(|page| page.default.clone());
    let is_used = default.as_deref() == Some(props.name.as_str());
    let head = html! {
        <div class="pagehead"><div class="grow">
            <div class="crumbs"><Link<Route> to={back.clone()}>{ text::POPULATIONS }</Link<Route>><Icon name="right" small=true /><span>{ &props.name }</span></div>
            <h1 class="mono">{ &props.name }</h1>
            if let Some(view) = &view {
                <p>{ text::weight_from_people_of_put_by(&counted(view.rows as usize, text::CONTEXT, text::AMID_CONTEXTS), &weight(view.weight), &view.source, &parse(&view.taken_at).map(|at| day(at, clock::now(), clock::offset())).unwrap_or_default(), &parse(&view.put_at).map(|at| ago(clock::now() - at)).unwrap_or_default(), &view.put_by) }
                    if let Some(drawn) = view.drawn_from { { text::a_sample_of(&counted(drawn.rows as usize, text::CONTEXT, text::AMID_CONTEXTS)) } }</p>
            }
        </div></div>
    };
    let body = match &values.slot {
        Slot::Failed(failure) if failure.is_missing() => {
            let text = text::names_no_population_of(&props.name, &props.environment);
            html! { <components::Missing title={text::THERE_IS_NO_SUCH_POPULATION} {text} actions={to_all(back.clone(), text::POPULATIONS)} /> }
        }
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_POPULATION} /> },
        Slot::Loading => html! { <CardSkeleton lines=8 /> },
        Slot::Ready(values) => {
            let values: PopulationValues = (**values).clone();
            html! { <div class="attributecards">{ for values.attributes.iter().map(|attribute| of_attribute(attribute, values.rows)) }</div> }
        }
    };
    html! {
        <>
            { head }
            if let Some(view) = &view {
                if let Some(live) = &view.live {
                    <section class="card"><p class="pad">{ text::told_by_clients_since_by_edge(&parse(&live.since).map(|at| day(at, clock::now(), clock::offset())).unwrap_or_default(), &counted(live.trusted as usize, text::CONTEXT, text::AMID_CONTEXTS), &count(live.claimed)) }</p></section>
                }
                <Missing environment={props.environment.clone()} columns={Some(view.columns.clone())} name={Some(props.name.clone())} />
            }
            if view.is_some() { <h2>{ text::WHAT_ITS_CONTEXTS_HAVE }</h2> }
            { body }
            if view.is_some() { <Removal environment={props.environment.clone()} name={props.name.clone()} {is_used} {back} /> }
        </>
    }
}

fn of_attribute(attribute: &AttributeView, rows: u64) -> Html {
    let most = attribute.values.first().map_or(0.0, |value| value.weight);
    let has = if rows > 0 { attribute.rows as f64 / rows as f64 } else { 0.0 };
    let rest = attribute.distinct.saturating_sub(attribute.values.len() as u64);
    html! {
        <section class="card" key={attribute.attribute.clone()} data-test={format!("values-{}", attribute.attribute)} data-distinct={attribute.distinct.to_string()}>
            <header><h3 class="mono">{ &attribute.attribute }</h3><p>{ format!("{}, {}", if attribute.rows == rows { text::EVERY_CONTEXT.to_owned() } else { text::percent_of_contexts(&percent(has)) }, counted(attribute.distinct as usize, text::VALUE, text::VALUES)) }</p></header>
            <div class="pad">
                if attribute.values.is_empty() {
                    <p class="small muted">{ text::SAYS_WHO_SOMEONE_IS_ITS_VALUES }</p>
                } else {
                    <div class="hbar">{ for attribute.values.iter().map(|value| {
                        let text = shown_value(&value.value);
                        let short: String = text.chars().take(LONGEST).collect();
                        html! {
                            <>
                                <span class="trunc mono" title={text}>{ short }</span>
                                <span class="track"><Placed class="fill" width={Some(if most > 0.0 { 100.0 * value.weight / most } else { 0.0 })} /></span>
                                <b>{ weight(value.weight) }</b>
                            </>
                        }
                    }) }</div>
                    if rest > 0 { <p class="small faint">{ text::and_values_more(&counted(rest as usize, text::VALUE, text::VALUES)) }</p> }
                }
            </div>
        </section>
    }
}
