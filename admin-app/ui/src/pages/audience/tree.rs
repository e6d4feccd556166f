use crate::components::Icon;
use crate::pages::edit::{problems_html, use_editing};
use crate::state::Shared;
use crate::state::definition::region_uses;
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::words::number::counted;
use crate::words::text::audience as text;
use crate::words::text::common;
use downhaul_core::document::FlagSet;
use downhaul_core::ids::RegionKey;
use serde_json::{Map, Value, json};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TreeProps {
    pub regions: Value,
    pub document: Shared<FlagSet>,
}

/// The tree of the draft, each region with how many name it, and a way to add one within it or to take it away.
#[function_component]
pub fn Tree(props: &TreeProps) -> Html {
    let open = use_state(|| None::<String>);
    let none = Map::new();
    let top = props.regions.as_object().unwrap_or(&none);
    html! {
        <section class="card"><header><h2>{ text::THE_TREE }</h2><p>{ text::A_RULE_FOR_A_REGION_HOLDS }</p></header>
            <div class="pad stack">
                if top.is_empty() { <p class="muted">{ text::NO_REGION_YET_BEGIN_WITH_THE }</p> }
                <Level regions={props.regions.clone()} at="" document={props.document.clone()} open={(*open).clone()} on_open={ let open = open.clone(); Callback::from(move |next| open.set(next)) } />
                <NewRegion at="" regions={props.regions.clone()} />
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct LevelProps {
    regions: Value,
    at: AttrValue,
    document: Shared<FlagSet>,
    /// Where a region is being added.
    open: Option<String>,
    on_open: Callback<Option<String>>,
}

#[function_component]
fn Level(props: &LevelProps) -> Html {
    let editing = use_editing();
    let none = Map::new();
    let level = props.regions.as_object().unwrap_or(&none);
    if level.is_empty() {
        return Html::default();
    }
    let row = |(name, below): (&String, &Value)| {
        let at = step(&props.at, name);
        let is_open = props.open.as_deref() == Some(at.as_str());
        let within = names(below);
        let uses = region_uses(&props.document, name);
        let toggle = {
            let (at, on_open) = (at.clone(), props.on_open.clone());
            Callback::from(move |_: MouseEvent| on_open.emit((!is_open).then(|| at.clone())))
        };
        let remove = {
            let (editing, at) = (editing.clone(), at.clone());
            Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
        };
        html! {
            <li key={name.clone()} data-test={format!("region-{name}")}>
                <div class="row regionrow">
                    <code>{ name }</code>
                    <span class="faint small grow">{ if uses > 0 { counted(uses, text::USE, text::USES) } else { String::new() } }</span>
                    <button type="button" class="btn s quiet" aria-expanded={is_open.to_string()} data-test={format!("region-{name}-add")} aria-label={text::add_a_region_within(&name)} onclick={toggle}><Icon name="plus" small=true />{ text::WITHIN }</button>
                    <button type="button" class="iconbtn" data-test={format!("region-{name}-remove")} aria-label={if within == 0 { common::remove_name(&name) } else { text::remove_and_within_it(&name, &counted(within, common::REGION, common::AMID_REGIONS)) }} onclick={remove}><Icon name="x" small=true /></button>
                </div>
                { problems_html(&editing, &at) }
                if is_open { <NewRegion at={at.clone()} regions={below.clone()} /> }
                if below.as_object().is_some_and(|below| below.len() > FOLDED) {
                    <details open={is_open}><summary class="small muted">{ counted(within, text::REGION_WITHIN, text::REGIONS_WITHIN) }</summary>
                        <Level regions={below.clone()} at={at.clone()} document={props.document.clone()} open={props.open.clone()} on_open={props.on_open.clone()} /></details>
                } else {
                    <Level regions={below.clone()} at={at.clone()} document={props.document.clone()} open={props.open.clone()} on_open={props.on_open.clone()} />
                }
            </li>
        }
    };
    html! { <ul class="regionlist">{ for level.iter().map(row) }</ul> }
}

/// More regions than this within another are folded away; the continents of the world are not.
const FOLDED: usize = 8;

fn names(tree: &Value) -> usize {
    tree.as_object().into_iter().flatten().map(|(_, below)| 1 + names(below)).sum()
}

#[derive(Debug, Properties, PartialEq)]
struct NewRegionProps {
    at: AttrValue,
    regions: Value,
}

/// A region within another, or at the top.
#[function_component]
fn NewRegion(props: &NewRegionProps) -> Html {
    let editing = use_editing();
    let name = use_state(String::new);
    let wrong = (!name.is_empty()).then(|| name.parse::<RegionKey>().err()).flatten();
    let is_taken = props.regions.get(&**name).is_some();
    let is_ready = !name.is_empty() && wrong.is_none() && !is_taken;
    let on_submit = {
        let (editing, name, at) = (editing.clone(), name.clone(), props.at.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_ready {
                editing.act(Edit::put(step(&at, &*name), json!({})));
                name.set(String::new());
            }
        })
    };
    let on_input = {
        let name = name.clone();
        Callback::from(move |event: InputEvent| name.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let (parent, place) = match props.at.rsplit_once('/') {
        Some((_, parent)) => (text::a_region_within(&parent), format!("new-region-{parent}")),
        None => (text::A_REGION_AT_THE_TOP.to_owned(), "new-region".to_owned()),
    };
    html! {
        <form class="row wrap newname" onsubmit={on_submit}>
            <div class="field"><label for={place.clone()}>{ parent }</label><input class="input mono" id={place.clone()} data-test={place.clone()} value={(*name).clone()} oninput={on_input} autocomplete="off" spellcheck="false" placeholder={text::EU_WEST} aria-invalid={wrong.is_some().to_string()} />
                if let Some(why) = wrong { <span class="error" role="alert">{ crate::words::message::sentence(&why.to_string()) }</span> }
                if is_taken { <span class="error" role="alert">{ text::IT_IS_THERE_ALREADY }</span> }
            </div>
            <button class="btn" data-test={format!("{place}-go")} aria-disabled={(!is_ready).to_string()}><Icon name="plus" small=true />{ text::ADD }</button>
        </form>
    }
}
