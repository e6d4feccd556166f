use super::freeze::FreezeCard;
use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Notation, RawInput, Tokens};
use crate::hooks::{clock, use_asked, use_console};
use crate::pages::define::{DefinitionEditor, Part};
use crate::pages::edit::{problems_html, use_editing};
use crate::route::Route;
use crate::state::definition::Subject;
use crate::state::draft::Edit;
use crate::state::live::Slot;
use crate::words::message::sentence;
use crate::words::number::count;
use crate::words::time::{ago, parse};
use downhaul_control::api::PolicyView;
use downhaul_control::policy::json_schema;
use serde_json::{Value, json};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct PolicyPartProps {
    pub environment: AttrValue,
    pub head: Html,
}

#[function_component]
pub fn PolicyPart(props: &PolicyPartProps) -> Html {
    let console = use_console();
    let (asked, _) = use_asked(api::policy_view(&props.environment), 0);
    let schema = use_memo((), |()| json_schema());
    let view: PolicyView = match (&asked.slot, &console.live.document) {
        (Slot::Failed(failure), _) => {
            return html! { <>{ props.head.clone() }<FailureCard failure={failure.clone()} what="The policy" /></> };
        }
        (Slot::Ready(view), _) => (**view).clone(),
        (Slot::Loading, _) => return html! { <>{ props.head.clone() }<CardSkeleton lines=8 /></> },
    };
    let document = match &console.live.document {
        Slot::Ready(document) => document.clone(),
        Slot::Failed(failure) => {
            return html! { <>{ props.head.clone() }<FailureCard failure={failure.clone()} what="The policy" /></> };
        }
        Slot::Loading => return html! { <>{ props.head.clone() }<CardSkeleton lines=8 /></> },
    };
    let last = view.last_change.as_ref().map(|change| {
        let when = parse(&change.at).map(|at| ago(clock::now() - at)).unwrap_or_default();
        let who = change.actor_name.clone().unwrap_or_else(|| change.actor.clone());
        format!("Last changed by {who}, {when}, in revision {}: “{}”", count(change.revision), change.reason)
    });
    let form: Part = Callback::from(move |policy: Value| html! { <Form {policy} schema={schema.clone()} /> });
    let head = html! {
        <>
            { props.head.clone() }
            <FreezeCard environment={props.environment.clone()} />
            <p class="small muted" data-test="policy-last">{ last.unwrap_or_else(|| "It is the policy that every environment begins with.".to_owned()) }</p>
        </>
    };
    let back = Route::Settings { environment: props.environment.to_string() };
    let (revision, published) = (view.position.revision, Some(view.policy));
    html! { <DefinitionEditor environment={props.environment.clone()} subject={Subject::Policy} {document} {published} {revision} {form} {back} {head} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct FormProps {
    policy: Value,
    schema: Rc<Value>,
}

/// Approvals in the order of what people meet most.
const APPROVALS: [(&str, &str); 7] = [
    ("/approvals/change", "Any change of a definition"),
    ("/approvals/critical", "A change that reaches a critical flag"),
    ("/approvals/over_budget", "A change over the budget"),
    ("/approvals/restore", "A restore"),
    ("/approvals/critical_restore", "A restore of a critical flag"),
    ("/approvals/revert", "A change that gives back what was"),
    ("/approvals/policy", "A change of this policy"),
];

#[function_component]
fn Form(props: &FormProps) -> Html {
    let editing = use_editing();
    let at = |pointer: &str| props.policy.pointer(pointer).cloned();
    let number = |pointer: &'static str, label: &'static str, unit: &'static str| {
        html! { <Number at={pointer} {label} {unit} value={at(pointer)} schema={props.schema.clone()} /> }
    };
    let text = |pointer: &'static str, label: &'static str, placeholder: &'static str, known: Vec<String>| {
        html! { <Text at={pointer} {label} {placeholder} {known} value={at(pointer)} schema={props.schema.clone()} /> }
    };
    let names = |pointer: &'static str, label: &'static str, known: Vec<String>| {
        html! { <Names at={pointer} {label} {known} value={at(pointer)} schema={props.schema.clone()} /> }
    };
    let flags: Vec<String> = editing.document.flags.iter().map(|flag| flag.key.to_string()).collect();
    let tenants: Vec<String> = editing.document.tenants.keys().map(ToString::to_string).collect();
    let regions: Vec<String> = editing.document.regions.names().iter().map(ToString::to_string).collect();
    let has = |pointer: &str| props.policy.pointer(pointer).is_some();
    html! {
        <>
            <section class="card"><header><h2>{ "Approvals" }</h2><p>{ format!("How many others have to approve, {} each; the largest that applies counts. A kill never waits for anyone.", range(said(&props.schema, "/approvals/change"))) }</p></header>
                <div class="pad stack">
                    { for APPROVALS.iter().map(|&(place, label)| html! {
                        <Number at={place} {label} unit="others" value={at(place)} schema={props.schema.clone()} says_range=false />
                    }) }
                    <Switch at="/approvals/self" label="An author’s own approval counts" value={at("/approvals/self")} schema={props.schema.clone()} />
                </div>
            </section>
            <section class="card"><header><h2>{ "Budget" }</h2><p>{ "What one change may move before it needs approval; what is left empty is not limited" }</p></header>
                <div class="pad stack">
                    <Share at="/budget/share" label="Largest part of everyone that may be given something else" placeholder="any" value={at("/budget/share")}
                        help="Of the weight of the population; more needs approval, and so does what cannot be said" />
                    { number("/budget/tenants", "Most tenants of which someone may be given something else", "tenants") }
                    { names("/budget/critical_tenants", "Tenants of which nobody may be", tenants) }
                    { names("/budget/regions", "Regions within which nobody may be", regions) }
                    { text("/population", "Judged by the population", "default", Vec::new()) }
                </div>
            </section>
            <div class="cols c2 stretch">
                <section class="card"><header><h2>{ "Drills, heartbeat and backups" }</h2></header>
                    <div class="pad stack">
                        { number("/drill_days", "A drill counts for", "days") }
                        <Optional at="/heartbeat" is_there={has("/heartbeat")} start={json!({ "flag": "" })} label="A heartbeat flag measures how long a kill takes" />
                        if has("/heartbeat") {
                            { text("/heartbeat/flag", "The flag that beats; nothing else may rest on it", "downhaul-heartbeat", flags) }
                            { number("/heartbeat/every_seconds", "A beat every", "seconds") }
                            { number("/heartbeat/p99_ms", "An alarm where 99 of 100 clients take longer than", "ms") }
                        }
                        { number("/backup_hours", "An alarm where the last backup is older than", "hours") }
                    </div>
                </section>
                <section class="card"><header><h2>{ "Flags to look at" }</h2></header>
                    <div class="pad stack">
                        { number("/hygiene/idle_days", "Stale when nobody asks for it for", "days") }
                        { number("/hygiene/one_variant_days", "Stale when everyone gets the same for", "days") }
                        { number("/hygiene/notice_days", "The owner is reminded before its date by", "days") }
                        { text("/hygiene/webhook", "The webhook target that is reminded", "none: nobody is", Vec::new()) }
                    </div>
                </section>
                <section class="card"><header><h2>{ "Live sample" }</h2></header>
                    <div class="pad stack">
                        <Optional at="/sample" is_there={has("/sample")} start={json!({ "attributes": [] })} label="Clients may tell of contexts, for the population “live”" />
                        if has("/sample") {
                            { names("/sample/attributes", "Attributes that may leave clients", editing.attributes.to_vec()) }
                            { number("/sample/rows", "Contexts that are kept at most", "contexts") }
                            { number("/sample/days", "Forgotten when not seen again for", "days") }
                        }
                    </div>
                </section>
                <section class="card"><header><h2>{ "What clients tell" }</h2><p>{ "Counts of what they gave whom; a longer time between two batches makes guards slower" }</p></header>
                    <div class="pad stack">
                        <Share at="/telemetry/share" label="Browsers that tell" placeholder="100" value={at("/telemetry/share")}
                            help="Servers and edges always do; a larger share is for pages that open after it" />
                        { number("/telemetry/period_seconds", "Every client tells once in", "seconds") }
                    </div>
                </section>
                <section class="card"><header><h2>{ "Kills without anyone" }</h2><p>{ "What guards and the breakers of the fleet kill by themselves; what is beyond that is only told" }</p></header>
                    <div class="pad stack">
                        { number("/automatic/kills", "Kills at most", "kills") }
                        { number("/automatic/seconds", "Within", "seconds") }
                    </div>
                </section>
                <section class="card"><header><h2>{ "Limits" }</h2></header>
                    <div class="pad stack">
                        { number("/kills", "Kills in force at the same time", "kills") }
                        { number("/reason", "Longest reason", "bytes") }
                    </div>
                </section>
            </div>
        </>
    }
}

/// What the schema says of a place.
fn said<'a>(schema: &'a Value, at: &str) -> Option<&'a Value> {
    at.split('/').filter(|part| !part.is_empty()).try_fold(schema, |schema, part| schema.get("properties")?.get(part))
}

/// `1 to 3 650`, `from 0`.
fn range(of: Option<&Value>) -> String {
    let figure = |name: &str| of.and_then(|of| of.get(name)?.as_u64()).map(count);
    match (figure("minimum"), figure("maximum")) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("from {least}"),
        _ => String::new(),
    }
}

fn described(schema: &Value, at: &str) -> String {
    said(schema, at).and_then(|of| of.get("description")?.as_str()).unwrap_or_default().to_owned()
}

fn test(at: &str) -> String {
    format!("policy{}", at.replace('/', "-"))
}

#[derive(Debug, Properties, PartialEq)]
struct PlaceProps {
    at: &'static str,
    label: &'static str,
    value: Option<Value>,
    schema: Rc<Value>,
    #[prop_or_default]
    unit: &'static str,
    /// Not where it stands above all of them.
    #[prop_or(true)]
    says_range: bool,
    #[prop_or_default]
    placeholder: &'static str,
    #[prop_or_default]
    known: Vec<String>,
}

/// A whole number; an empty field is the one that is taken where nothing is said.
#[function_component]
fn Number(props: &PlaceProps) -> Html {
    let editing = use_editing();
    let at = props.at;
    let of = said(&props.schema, at);
    let range = if props.says_range { range(of) } else { String::new() };
    let default = of.and_then(|of| of.get("default")).map(Value::to_string);
    let put = {
        let editing = editing.clone();
        Callback::from(move |value: Value| {
            let is_empty = value.as_str().is_some_and(str::is_empty) || value.is_null();
            editing.typed(if is_empty { Edit::remove(at) } else { Edit::put(at, value) });
        })
    };
    let id = test(at);
    // What the label says already is not said twice.
    let more = sentence(&described(&props.schema, at));
    let more = if more.trim_end_matches('.') == props.label.replace("this policy", "the policy") {
        String::new()
    } else {
        more
    };
    let help = match (range.as_str(), more.as_str()) {
        ("", more) => more.to_owned(),
        (range, "") => range.to_owned(),
        (range, more) => format!("{range}. {more}"),
    };
    html! {
        <div class="policyrow field">
            <label for={id.clone()}>{ props.label }</label>
            <span class="row"><RawInput {id} value={props.value.clone().unwrap_or(Value::from(""))} notation={Notation::Number} on_value={put} on_leave={editing.settle()} label={props.label} class="mono figure" inputmode="numeric"
                placeholder={default.unwrap_or_default()} invalid={editing.problems.is_wrong(at)} test={test(at)} at={at} /><span class="muted small">{ props.unit }</span></span>
            <span class="help">{ help }</span>
            { problems_html(&editing, at) }
        </div>
    }
}

/// A text; an empty field takes the member away.
#[function_component]
fn Text(props: &PlaceProps) -> Html {
    let editing = use_editing();
    let at = props.at;
    let put = {
        let editing = editing.clone();
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            editing.typed(if text.is_empty() && at != "/heartbeat/flag" {
                Edit::remove(at)
            } else {
                Edit::put(at, text)
            });
        })
    };
    let (id, list) = (test(at), format!("{}-known", test(at)));
    html! {
        <div class="field">
            <label for={id.clone()}>{ props.label }</label>
            <input class="input mono" {id} data-test={test(at)} data-at={at} value={props.value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()} oninput={put} onblur={editing.settle().reform(|_: FocusEvent| ())}
                list={(!props.known.is_empty()).then(|| list.clone())} placeholder={props.placeholder} autocomplete="off" spellcheck="false" aria-invalid={editing.problems.is_wrong(at).to_string()} />
            if !props.known.is_empty() { <datalist id={list}>{ for props.known.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist> }
            <span class="help">{ described(&props.schema, at) }</span>
            { problems_html(&editing, at) }
        </div>
    }
}

#[function_component]
fn Names(props: &PlaceProps) -> Html {
    let editing = use_editing();
    let at = props.at;
    let values: Vec<String> = props
        .value
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|each| each.as_str().map(str::to_owned))
        .collect();
    let put = {
        let editing = editing.clone();
        Callback::from(move |names: Vec<String>| editing.typed(Edit::put(at, names)))
    };
    html! {
        <div class="field"><span class="label">{ props.label }</span>
            <Tokens {values} on_values={put} on_settle={editing.settle()} label={props.label} known={props.known.clone()} invalid={editing.problems.is_wrong(at)} test={test(at)} {at} />
            { problems_html(&editing, at) }
        </div>
    }
}

#[function_component]
fn Switch(props: &PlaceProps) -> Html {
    let editing = use_editing();
    let at = props.at;
    let is_on = props.value.as_ref().and_then(Value::as_bool).unwrap_or(false);
    let toggle = {
        let editing = editing.clone();
        Callback::from(move |_: Event| editing.act(Edit::put(at, !is_on)))
    };
    html! { <label class="row"><input type="checkbox" class="check" checked={is_on} onchange={toggle} data-test={test(at)} />{ props.label }</label> }
}

#[derive(Debug, Properties, PartialEq)]
struct OptionalProps {
    at: &'static str,
    label: &'static str,
    is_there: bool,
    /// What it begins with.
    start: Value,
}

/// A part of the policy that is there or not.
#[function_component]
fn Optional(props: &OptionalProps) -> Html {
    let editing = use_editing();
    let toggle = {
        let (editing, at, is_there, start) = (editing.clone(), props.at, props.is_there, props.start.clone());
        Callback::from(move |_: Event| {
            editing.act(if is_there { Edit::remove(at) } else { Edit::put(at, start.clone()) });
        })
    };
    html! {
        <div class="field"><label class="row"><input type="checkbox" class="check" checked={props.is_there} onchange={toggle} data-test={test(props.at)} />{ props.label }</label>
            if !props.is_there { { problems_html(&editing, props.at) } }</div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ShareProps {
    at: &'static str,
    label: &'static str,
    help: &'static str,
    placeholder: &'static str,
    value: Option<Value>,
}

/// A part of everyone, typed as percent.
#[function_component]
fn Share(props: &ShareProps) -> Html {
    let editing = use_editing();
    let typed = use_state(|| None::<String>);
    let at = props.at;
    let known = props.value.as_ref().map(|value| match value.as_f64() {
        Some(share) => percent(share),
        None => value.to_string(),
    });
    let put = {
        let (editing, typed) = (editing.clone(), typed.clone());
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            editing.typed(match (text.trim(), text.trim().replace(',', ".").parse::<f64>()) {
                ("", _) => Edit::remove(at),
                // A hundredth of a percent is a ten-thousandth: no digits that nobody typed.
                (_, Ok(percent)) => Edit::put(at, json!((percent * 1e6).round() / 1e8)),
                (other, Err(_)) => Edit::put(at, other),
            });
            typed.set(Some(text));
        })
    };
    let on_blur = {
        let (typed, settle) = (typed.clone(), editing.settle());
        Callback::from(move |_: FocusEvent| {
            typed.set(None);
            settle.emit(());
        })
    };
    let shown = (*typed).clone().or(known).unwrap_or_default();
    let id = test(at);
    html! {
        <div class="policyrow field">
            <label for={id.clone()}>{ props.label }</label>
            <span class="row"><input class="input mono figure" id={id.clone()} data-test={id} data-at={at} value={shown} oninput={put} onblur={on_blur} inputmode="decimal" placeholder={props.placeholder} autocomplete="off" aria-invalid={editing.problems.is_wrong(at).to_string()} /><span class="muted small">{ "%" }</span></span>
            <span class="help">{ props.help }</span>
            { problems_html(&editing, at) }
        </div>
    }
}

fn percent(share: f64) -> String {
    let percent = (share * 1e8).round() / 1e6;
    percent.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of what a schema describes, without those that hold others.
    fn places(schema: &Value, at: &str, found: &mut Vec<String>) {
        match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => {
                properties.iter().for_each(|(name, schema)| places(schema, &format!("{at}/{name}"), found));
            }
            None => found.push(at.to_owned()),
        }
    }

    #[test]
    fn the_form_has_a_field_for_every_member_of_a_policy() {
        let mut all = Vec::new();
        places(&json_schema(), "", &mut all);
        assert!(all.len() > 20, "{all:?}");
        let source = include_str!("policy.rs");
        let missing: Vec<&String> = all.iter().filter(|place| !source.contains(&format!("\"{place}\""))).collect();
        assert!(missing.is_empty(), "without a field: {missing:?}");
    }
}
