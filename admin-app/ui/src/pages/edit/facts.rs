use super::editing::{ProblemList, problems_html, text_at, use_editing};
use super::fields::{Select, SelectField, TextField, plain};
use crate::components::{Icon, Tokens};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::draft::make;
use crate::words::text::common;
use crate::words::text::edit as text;
use serde_json::{Value, json};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FactsProps {
    pub flag: Value,
    /// A flag that is to be made: its key can still be chosen.
    pub is_new: bool,
}

const KINDS: [(&str, &str); 5] = [
    ("release", text::RELEASE_UNTIL_IT_IS_EVERYWHERE),
    ("experiment", text::EXPERIMENT_UNTIL_IT_IS_DECIDED),
    ("ops", text::OPS_STAYS_TO_BE_TURNED_DOWN),
    ("permission", text::PERMISSION_STAYS_FOR_SOME),
    ("migration", text::MIGRATION_A_DATA_CHANGE),
];

/// What the flag is, whose it is, and until when.
#[function_component]
pub fn Facts(props: &FactsProps) -> Html {
    let editing = use_editing();
    let flag = &props.flag;
    let text = |name: &str| text_at(flag, name).to_owned();
    let kind = text("kind");
    let (date, words) = if matches!(kind.as_str(), "ops" | "permission") {
        ("review", text::REVIEW_ON)
    } else {
        ("expires", text::EXPIRES_ON)
    };
    let on_kind = {
        let (editing, flag) = (editing.clone(), flag.clone());
        Callback::from(move |kind: String| editing.act(make::kind(&flag, &kind)))
    };
    let options = |of: &[(&str, &str)]| {
        of.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let reversibility = match text_at(flag, "reversibility") {
        "" => "rollback-safe".to_owned(),
        other => other.to_owned(),
    };
    html! {
        <section class="card">
            <header><h2>{ text::ABOUT_THIS_FLAG }</h2></header>
            <div class="pad stack l">
                if props.is_new {
                    <TextField at="/key" label={text::KEY} value={text("key")} mono=true placeholder={text::CHECKOUT_V3} help={text::WHAT_CODE_ASKS_FOR_IT_IS} />
                }
                <TextField at="/description" label={text::DESCRIPTION} value={text("description")} optional=true placeholder={text::ONE_PAGE_CHECKOUT} />
                <div class="cols c2">
                    <TextField at="/owner" label={common::OWNER} value={text("owner")} placeholder={text::PAYMENTS} />
                    <div class="field"><Select label={common::KIND} value={kind} options={options(&KINDS)} on_pick={on_kind} at="/kind" test="edit-kind" />{ problems_html(&editing, "/kind") }</div>
                    <TextField at={step("", date)} label={words} value={text(date)} kind="date" help={text::A_PASSED_DATE_IS_A_WARNING} />
                    <SelectField at="/reversibility" label={text::THE_WAY_BACK} value={reversibility.clone()}
                        options={options(&[("rollback-safe", text::ROLLBACK_SAFE_A_KILL_IS_ENOUGH), ("forward-fix-only", text::FORWARD_FIX_ONLY_A_KILL_IS)])} />
                </div>
                if reversibility == "forward-fix-only" {
                    <TextField at="/forward_fix" label={text::FORWARD_FIX} value={text("forward_fix")} optional=true long=true help={text::WHAT_TO_DO_WHERE_TURNING_IT} />
                } else if flag.get("forward_fix").is_some() {
                    <TextField at="/forward_fix" label={text::FORWARD_FIX} value={text("forward_fix")} optional=true long=true />
                }
                <Clients flag={flag.clone()} />
                <Critical flag={flag.clone()} />
                if let Some(phase) = flag.get("phase").and_then(Value::as_str) {
                    <p class="small muted" data-at="/phase">{ text::its_data_change_is_in_phase(&phase) }</p>
                }
                { problems_html(&editing, "/phase") }
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct FlagProps {
    flag: Value,
}

#[function_component]
fn Clients(props: &FlagProps) -> Html {
    let editing = use_editing();
    let chosen: Vec<String> = match props.flag.get("clients").and_then(Value::as_array) {
        Some(kinds) => kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect(),
        None => vec!["server".to_owned()],
    };
    let toggle = |kind: &'static str| {
        let (editing, chosen) = (editing.clone(), chosen.clone());
        Callback::from(move |_: Event| {
            let wanted = |each: &&str| chosen.iter().any(|name| name == each) != (*each == kind);
            let kinds: Vec<&str> = ["browser", "edge", "server"].into_iter().filter(wanted).collect();
            editing.act(Edit::put("/clients", json!(kinds)));
        })
    };
    html! {
        <fieldset class="field" data-at="/clients"><legend class="label">{ text::WHO_RECEIVES_IT }</legend>
            <div class="row wrap">
                { for ["browser", "edge", "server"].into_iter().map(|kind| html! {
                    <label class="chip line"><input type="checkbox" class="check" checked={chosen.iter().any(|each| each == kind)} data-test={format!("client-{kind}")} onchange={toggle(kind)} />{ kind }</label>
                }) }
            </div>
            <span class="help">{ text::NOTHING_REACHES_A_BROWSER_UNLESS_IT }</span>
            { problems_html(&editing, "/clients") }
        </fieldset>
    }
}

#[function_component]
fn Critical(props: &FlagProps) -> Html {
    let editing = use_editing();
    let is_critical = props.flag.get("critical").and_then(Value::as_bool).unwrap_or(false);
    let toggle = {
        let editing = editing.clone();
        Callback::from(move |event: Event| {
            let is_checked = event.target_unchecked_into::<HtmlInputElement>().checked();
            editing.act(if is_checked { Edit::put("/critical", true) } else { Edit::remove("/critical") });
        })
    };
    html! {
        <div class="field">
            <label class="row"><input type="checkbox" class="check" checked={is_critical} data-at="/critical" data-test="edit-critical" onchange={toggle} />{ text::CRITICAL_WHOEVER_CHANGES_IT_IS_ASKED }</label>
            { problems_html(&editing, "/critical") }
        </div>
    }
}

/// Flags that must give certain variants first.
#[function_component]
pub fn Requires(props: &FactsProps) -> Html {
    let editing = use_editing();
    let none = Vec::new();
    let requires = props.flag.get("requires").and_then(Value::as_array).unwrap_or(&none);
    let own = text_at(&props.flag, "key");
    let flags: Vec<String> =
        editing.document.flags.iter().map(|flag| flag.key.to_string()).filter(|key| key != own).collect();
    let add = {
        let (editing, at) = (editing.clone(), requires.len());
        Callback::from(move |_: MouseEvent| {
            editing.act(Edit::Insert {
                list: "/requires".to_owned(),
                at,
                value: json!({ "flag": "", "variants": [] }),
            });
        })
    };
    html! {
        <section class="card">
            <header><h2>{ text::PREREQUISITES }</h2><p>{ text::WHERE_ONE_DOES_NOT_HOLD_THIS }</p></header>
            <div class="pad stack">
                { for requires.iter().enumerate().map(|(index, each)| html! { <Prerequisite key={index} {index} each={each.clone()} flags={flags.clone()} /> }) }
                <div><button type="button" class="btn s" data-test="add-prerequisite" onclick={add}><Icon name="plus" small=true />{ text::ADD_A_PREREQUISITE }</button></div>
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct PrerequisiteProps {
    index: usize,
    each: Value,
    flags: Vec<String>,
}

#[function_component]
fn Prerequisite(props: &PrerequisiteProps) -> Html {
    let editing = use_editing();
    let at = step("/requires", props.index);
    let (flag_at, variants_at) = (step(&at, "flag"), step(&at, "variants"));
    let key = text_at(&props.each, "flag").to_owned();
    let known: Vec<String> = editing
        .document
        .flag(&key)
        .map(|flag| flag.variants.iter().map(|(variant, _)| variant.to_string()).collect())
        .unwrap_or_default();
    let values: Vec<String> = props
        .each
        .get("variants")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|variant| variant.as_str().map(str::to_owned))
        .collect();
    let on_flag = {
        let (editing, at) = (editing.clone(), flag_at.clone());
        Callback::from(move |key: String| editing.act(Edit::put(at.clone(), key)))
    };
    let on_values = {
        let (editing, at) = (editing.clone(), variants_at.clone());
        Callback::from(move |variants: Vec<String>| editing.typed(Edit::put(at.clone(), variants)))
    };
    let remove = {
        let (editing, at) = (editing.clone(), at.clone());
        Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
    };
    let of: Vec<_> = editing.problems.under(&at).cloned().collect();
    html! {
        <div class="stack s">
            <div class="prerequisite">
                <Select inline=true label={text::FLAG_THAT_MUST_HOLD} value={key} options={plain(props.flags.iter())} on_pick={on_flag} at={flag_at} />
                <span class="muted">{ text::MUST_BE }</span>
                <Tokens {values} {on_values} on_settle={editing.settle()} label={common::VARIANT} placeholder={text::ADD_A_VARIANT} {known} invalid={editing.problems.is_wrong(&variants_at)} test={format!("prerequisite-{}-value", props.index + 1)} at={variants_at} />
                <button type="button" class="iconbtn" aria-label={text::REMOVE_THIS_PREREQUISITE} onclick={remove}><Icon name="x" small=true /></button>
            </div>
            <ProblemList {of} />
        </div>
    }
}
