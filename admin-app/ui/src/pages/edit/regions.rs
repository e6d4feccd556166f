use super::editing::use_editing;
use crate::components::{Icon, Tokens};
use crate::state::draft::Edit;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_core::document::RegionTree;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RegionsProps {
    /// JSON pointer of the list.
    pub at: String,
    pub names: Value,
    pub test: String,
}

/// Regions by name, or from their tree.
#[function_component]
pub fn Regions(props: &RegionsProps) -> Html {
    let editing = use_editing();
    let is_open = use_state(|| false);
    let values: Vec<String> =
        props.names.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let put = {
        let (editing, at) = (editing.clone(), props.at.clone());
        Callback::from(move |names: Vec<String>| editing.typed(Edit::put(at.clone(), names)))
    };
    let toggle = {
        let (editing, at, values) = (editing.clone(), props.at.clone(), values.clone());
        Callback::from(move |name: String| {
            let mut names = values.clone();
            match names.iter().position(|each| *each == name) {
                Some(index) => {
                    names.remove(index);
                }
                None => names.push(name),
            }
            editing.act(Edit::put(at.clone(), names));
        })
    };
    let switch = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    let tree = &editing.document.regions;
    html! {
        <div class="stack s">
            <Tokens values={values.clone()} on_values={put} on_settle={editing.settle()} label={common::REGION_HEAD} placeholder={text::ADD_A_REGION} class="region" known={offered(tree)}
                invalid={editing.problems.is_wrong(&props.at)} test={format!("{}-value", props.test)} at={props.at.clone()} />
            if !tree.is_empty() {
                <div><button type="button" class="linkbtn small" aria-expanded={is_open.to_string()} data-test={format!("{}-tree", props.test)} onclick={switch}>
                    { if *is_open { text::CLOSE_THE_TREE_OF_REGIONS } else { text::CHOOSE_IN_THE_TREE_OF_REGIONS } }</button></div>
                if *is_open { <div class="regiontree" role="group" aria-label={common::REGIONS}>{ level(tree, false, &values, &toggle) }</div> }
            }
        </div>
    }
}

/// The large ones first: those of the top and below, before what lies deep.
fn offered(tree: &RegionTree) -> Vec<String> {
    let mut names = Vec::new();
    let mut levels = vec![tree];
    while !levels.is_empty() {
        names.extend(levels.iter().flat_map(|level| level.0.keys()).map(ToString::to_string));
        levels = levels.iter().flat_map(|level| level.0.values()).filter(|below| !below.is_empty()).collect();
    }
    names
}

fn level(tree: &RegionTree, covered: bool, chosen: &[String], toggle: &Callback<String>) -> Html {
    let chosen = Rc::from(chosen);
    let rows = tree.0.iter().map(|(name, below)| {
        html! { <Branch key={name.to_string()} name={name.to_string()} below={below.clone()} {covered} chosen={Rc::clone(&chosen)} toggle={toggle.clone()} /> }
    });
    rows.collect()
}

#[derive(Debug, Properties, PartialEq)]
struct BranchProps {
    name: String,
    below: RegionTree,
    /// It lies within one that is chosen.
    covered: bool,
    chosen: Rc<[String]>,
    toggle: Callback<String>,
}

/// A region, and what lies within it behind a button of its own: a box to tick within another control is out of reach for some.
#[function_component]
fn Branch(props: &BranchProps) -> Html {
    let BranchProps { name, below, covered, chosen, toggle } = props;
    let switched = use_state(|| None::<bool>);
    let is_chosen = chosen.contains(name);
    let change = {
        let name = name.clone();
        toggle.reform(move |_: Event| name.clone())
    };
    let check = html! {
        <label><input type="checkbox" class="check" checked={is_chosen || *covered} disabled={*covered} onchange={change} />{ name }</label>
    };
    if below.is_empty() {
        return html! { <div class="leaf">{ check }</div> };
    }
    let within = below.names().iter().filter(|each| chosen.iter().any(|name| *name == each.as_str())).count();
    let is_open = switched.unwrap_or(within > 0);
    let switch = {
        let switched = switched.clone();
        Callback::from(move |_: MouseEvent| switched.set(Some(!is_open)))
    };
    html! {
        <div class="branch" data-region={name.clone()}>
            <div class="row">
                <button type="button" class="iconbtn twist" aria-expanded={is_open.to_string()} aria-label={text::what_is_within_name(name)} onclick={switch}><Icon name="right" small=true /></button>
                { check }
                <span class="faint small">{ match within {
                    0 => text::count_within(&below.names().len()),
                    some => text::some_chosen_within(&some),
                } }</span>
            </div>
            if is_open { <div class="within">{ level(below, *covered || is_chosen, chosen, toggle) }</div> }
        </div>
    }
}
