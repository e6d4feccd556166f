use crate::components::{Icon, Notation, RawInput};
use crate::pages::edit::{Conditions, ProblemList, TextField, problems_html, text_at, use_editing};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::rollout_draft::number;
use crate::words::text::start_rollout as text;
use serde_json::{Value, json};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct StageCardProps {
    pub index: usize,
    pub count: usize,
    pub stage: Value,
    /// It is gone, and what had the focus with it.
    pub on_removed: Callback<()>,
}

/// Members that have a field of their own, which says what is wrong with them.
const FIELDS: [&str; 5] = ["percent", "bake_seconds", "name", "approvals", "gates"];

/// One stage: how many of whom, and for how long; whom it names, who approves it and what has to hold, where somebody asks.
#[function_component]
pub fn StageCard(props: &StageCardProps) -> Html {
    let editing = use_editing();
    let (at, stage, number) = (step("/stages", props.index), &props.stage, props.index + 1);
    let has = |name: &str| stage.get(name).is_some();
    let has_more = has("when") || has("name") || has("approvals") || has("gates");
    let asked = use_state(|| None::<bool>);
    let is_open = asked.unwrap_or(has_more);
    let toggle = {
        let asked = asked.clone();
        Callback::from(move |_: MouseEvent| asked.set(Some(!is_open)))
    };
    let moved = |to: Option<usize>| {
        let (editing, from) = (editing.clone(), props.index);
        Callback::from(move |_: MouseEvent| {
            if let Some(to) = to {
                editing.act(Edit::Move { list: "/stages".to_owned(), from, to });
            }
        })
    };
    let remove = {
        let (editing, at, on_removed) = (editing.clone(), at.clone(), props.on_removed.clone());
        Callback::from(move |_: MouseEvent| {
            editing.act(Edit::remove(at.clone()));
            on_removed.emit(());
        })
    };
    let of_all = !has("when");
    let beside = |pointer: &str| {
        let rest = pointer.strip_prefix(&at)?;
        let name = rest.trim_start_matches('/').split('/').next()?;
        // A condition says what is wrong with itself.
        let is_condition = rest.starts_with("/when/");
        (!FIELDS.contains(&name) && !is_condition).then_some(())
    };
    let problems: Vec<_> =
        editing.problems.under(&at).filter(|each| beside(&each.place.pointer).is_some()).cloned().collect();
    let percent = step(&at, "percent");
    let on_percent = {
        let (editing, percent) = (editing.clone(), percent.clone());
        Callback::from(move |value: Value| editing.typed(Edit::put(percent.clone(), value)))
    };
    let id = format!("field{}", percent.replace('/', "-"));
    html! {
        <li class={classes!("knot", "stage", "editable", (!problems.is_empty()).then_some("wrong"))} data-test={format!("stage-{number}")}>
            <span class="node">{ number }</span>
            <div class="stagebody">
                <div class="stagerow">
                    <div class="field"><label for={id.clone()} class="sr">{ text::percent_of_stage(&number) }</label>
                        <span class="row"><RawInput class="figure" {id} value={stage.get("percent").cloned().unwrap_or_else(|| json!(100))} notation={Notation::Number} on_value={on_percent}
                            on_leave={editing.settle()} label={text::percent_of_stage(&number)} inputmode="decimal" at={percent.clone()} test={format!("edit{}", percent.replace('/', "-"))} invalid={editing.problems.is_wrong(&percent)} />
                            <span class="muted">{ if of_all { text::OF_EVERYONE } else { text::OF_THESE_PEOPLE } }</span></span></div>
                    <BakeField at={step(&at, "bake_seconds")} value={stage.get("bake_seconds").cloned().unwrap_or_default()} {number} />
                    <span class="tools">
                        <button type="button" class="iconbtn" aria-label={text::move_stage_up(&number)} disabled={props.index == 0} onclick={moved(props.index.checked_sub(1))}><Icon name="up" small=true /></button>
                        <button type="button" class="iconbtn" aria-label={text::move_stage_down(&number)} disabled={number == props.count} onclick={moved((number < props.count).then_some(number))}><Icon name="down" small=true /></button>
                        <button type="button" class="iconbtn" aria-label={text::remove_stage(&number)} data-test={format!("stage-{number}-remove")} onclick={remove}><Icon name="x" small=true /></button>
                        <button type="button" class="btn s" aria-expanded={is_open.to_string()} data-test={format!("stage-{number}-more")} onclick={toggle}>{ if is_open { text::LESS } else { text::MORE } }</button>
                    </span>
                </div>
                { problems_html(&editing, &percent) }
                { problems_html(&editing, &step(&at, "bake_seconds")) }
                if !problems.is_empty() { <ProblemList of={problems} /> }
                if is_open { <More {at} stage={stage.clone()} {number} /> }
            </div>
        </li>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct MoreProps {
    at: String,
    stage: Value,
    number: usize,
}

#[function_component]
fn More(props: &MoreProps) -> Html {
    let (at, stage) = (&props.at, &props.stage);
    html! {
        <div class="stack stagemore">
            <fieldset><legend class="label">{ text::WHO }</legend>
                <Conditions at={step(at, "when")} conditions={stage.get("when").cloned().unwrap_or_default()} joined={text::AND} test={format!("stage-{}-condition", props.number)} />
            </fieldset>
            <div class="cols c2">
                <TextField at={step(at, "name")} label={text::FOR_PEOPLE} value={text_at(stage, "name").to_owned()} optional=true placeholder={text::stage_number(&props.number)} />
                <NumberField at={step(at, "approvals")} label={text::APPROVALS_BEFORE_IT} value={stage.get("approvals").cloned()} />
            </div>
            <Gates at={step(at, "gates")} gates={stage.get("gates").cloned().unwrap_or_default()} number={props.number} />
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct NumberFieldProps {
    at: String,
    label: &'static str,
    /// Nothing is 0.
    value: Option<Value>,
}

#[function_component]
fn NumberField(props: &NumberFieldProps) -> Html {
    let editing = use_editing();
    let id = format!("field{}", props.at.replace('/', "-"));
    let on_value = {
        let (editing, at) = (editing.clone(), props.at.clone());
        Callback::from(move |value: Value| {
            let is_none = value == json!(0) || value == json!("");
            editing.typed(if is_none { Edit::remove(at.clone()) } else { Edit::put(at.clone(), value) });
        })
    };
    html! {
        <div class="field"><label for={id.clone()}>{ props.label }</label>
            <RawInput class="figure" {id} value={props.value.clone().unwrap_or_default()} notation={Notation::Number} {on_value} on_leave={editing.settle()} label={props.label} placeholder="0" inputmode="numeric"
                at={props.at.clone()} test={format!("edit{}", props.at.replace('/', "-"))} invalid={editing.problems.is_wrong(&props.at)} />
            { problems_html(&editing, &props.at) }
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct GatesProps {
    at: String,
    gates: Value,
    number: usize,
}

#[function_component]
fn Gates(props: &GatesProps) -> Html {
    let editing = use_editing();
    let none = Vec::new();
    let gates = props.gates.as_array().unwrap_or(&none);
    let add = {
        let (editing, list, at) = (editing.clone(), props.at.clone(), gates.len());
        Callback::from(move |_: MouseEvent| {
            let value = json!({ "name": "", "query": "", "condition": "< 0.01", "for_seconds": 300 });
            editing.act(Edit::Insert { list: list.clone(), at, value });
        })
    };
    let remove = |gate: usize| {
        // A list of none is left out.
        let at = if gates.len() == 1 { props.at.clone() } else { step(&props.at, gate) };
        let editing = editing.clone();
        Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
    };
    html! {
        <fieldset><legend class="label">{ text::GATES }</legend>
            <div class="stack">
                <p class="small muted">{ text::GATES_WHAT }</p>
                { for gates.iter().enumerate().map(|(gate, value)| {
                    let at = step(&props.at, gate);
                    html! {
                        <div class="gaterow" data-test={format!("stage-{}-gate-{}", props.number, gate + 1)}>
                            <TextField at={step(&at, "name")} label={text::NAME_OF_THE_GATE} value={text_at(value, "name").to_owned()} placeholder={text::SUCH_AS_ERRORS} />
                            <TextField at={step(&at, "query")} label={text::QUERY} value={text_at(value, "query").to_owned()} mono=true placeholder={text::SUCH_AS_OUTCOMES} class="wide" />
                            <TextField at={step(&at, "condition")} label={text::CONDITION} value={text_at(value, "condition").to_owned()} mono=true placeholder="< 0.01" />
                            <NumberField at={step(&at, "for_seconds")} label={text::FOR_SECONDS} value={value.get("for_seconds").cloned()} />
                            <button type="button" class="iconbtn" aria-label={text::REMOVE_GATE} onclick={remove(gate)}><Icon name="x" small=true /></button>
                        </div>
                    }
                }) }
                <div><button type="button" class="btn s" data-test={format!("stage-{}-add-gate", props.number)} onclick={add}><Icon name="plus" small=true />{ text::ADD_A_GATE }</button></div>
            </div>
        </fieldset>
    }
}

/// What a time is told in, one of it, and its seconds.
const UNITS: [(&str, &str, &str, u32); 4] = [
    ("days", text::DAYS, text::DAY, 86_400),
    ("hours", text::HOURS, text::HOUR, 3_600),
    ("minutes", text::MINUTES, text::MINUTE, 60),
    ("seconds", text::SECONDS, text::SECOND, 1),
];

/// Without what a division leaves in the last places.
fn near(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[derive(Debug, Properties, PartialEq)]
struct BakeFieldProps {
    at: String,
    value: Value,
    number: usize,
}

/// For how long a stage stays, in the unit that people think in.
#[function_component]
fn BakeField(props: &BakeFieldProps) -> Html {
    let editing = use_editing();
    let chosen = use_state(|| None::<u32>);
    let seconds = props.value.as_f64();
    let largest = || {
        let fits = |unit: &u32| seconds.is_none_or(|all| (all / f64::from(*unit)).fract() == 0.0);
        UNITS.iter().map(|(.., unit)| *unit).find(fits)
    };
    let unit = chosen.or_else(largest).unwrap_or(1);
    let shown = seconds.map_or_else(|| props.value.clone(), |all| number(near(all / f64::from(unit))));
    let put = {
        let (editing, at) = (editing.clone(), props.at.clone());
        move |amount: &Value, unit: u32| {
            let value = amount.as_f64().map_or_else(|| amount.clone(), |amount| number(near(amount * f64::from(unit))));
            editing.typed(Edit::put(at.clone(), value));
        }
    };
    let on_value = {
        let (put, chosen) = (put.clone(), chosen.clone());
        Callback::from(move |value: Value| {
            chosen.set(Some(unit));
            put(&value, unit);
        })
    };
    let on_unit = {
        let shown = shown.clone();
        Callback::from(move |event: Event| {
            let name = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some((.., unit)) = UNITS.iter().find(|(value, ..)| *value == name) {
                chosen.set(Some(*unit));
                put(&shown, *unit);
            }
        })
    };
    let is_one = shown == json!(1);
    let id = format!("field{}", props.at.replace('/', "-"));
    html! {
        <div class="field"><label for={id.clone()} class="sr">{ text::bake_of_stage(&props.number) }</label>
            <span class="row"><span class="muted">{ text::FOR }</span>
                <RawInput class="figure" {id} value={shown} notation={Notation::Number} {on_value} on_leave={editing.settle()} label={text::bake_of_stage(&props.number)} inputmode="decimal"
                    at={props.at.clone()} test={format!("edit{}", props.at.replace('/', "-"))} invalid={editing.problems.is_wrong(&props.at)} />
                <span class="inline"><select class="select" aria-label={text::unit_of_stage(&props.number)} data-test={format!("stage-{}-unit", props.number)} onchange={on_unit}>
                    { for UNITS.iter().map(|(value, many, one, seconds)| html! { <option value={*value} selected={*seconds == unit}>{ if is_one { *one } else { *many } }</option> }) }
                </select></span></span></div>
    }
}
