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
use crate::words::text::common;
use crate::words::text::settings as text;
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
            return html! { <>{ props.head.clone() }<FailureCard failure={failure.clone()} what={text::THE_POLICY} /></> };
        }
        (Slot::Ready(view), _) => (**view).clone(),
        (Slot::Loading, _) => return html! { <>{ props.head.clone() }<CardSkeleton lines=8 /></> },
    };
    let document = match &console.live.document {
        Slot::Ready(document) => document.clone(),
        Slot::Failed(failure) => {
            return html! { <>{ props.head.clone() }<FailureCard failure={failure.clone()} what={text::THE_POLICY} /></> };
        }
        Slot::Loading => return html! { <>{ props.head.clone() }<CardSkeleton lines=8 /></> },
    };
    let last = view.last_change.as_ref().map(|change| {
        let when = parse(&change.at).map(|at| ago(clock::now() - at)).unwrap_or_default();
        let who = change.actor_name.clone().unwrap_or_else(|| change.actor.clone());
        text::last_changed_by_in_revision(&who, &when, &count(change.revision), &change.reason)
    });
    let form: Part = Callback::from(move |policy: Value| html! { <Form {policy} schema={schema.clone()} /> });
    let head = html! {
        <>
            { props.head.clone() }
            <FreezeCard environment={props.environment.clone()} />
            <p class="small muted" data-test="policy-last">{ last.unwrap_or_else(|| text::IT_IS_THE_POLICY_THAT_EVERY.to_owned()) }</p>
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
    ("/approvals/change", text::ANY_CHANGE_OF_A_DEFINITION),
    ("/approvals/critical", text::A_CHANGE_THAT_REACHES_A_CRITICAL),
    ("/approvals/over_budget", text::A_CHANGE_OVER_THE_BUDGET),
    ("/approvals/restore", text::A_RESTORE),
    ("/approvals/critical_restore", text::A_RESTORE_OF_A_CRITICAL_FLAG),
    ("/approvals/revert", text::A_RETURN_TO_AN_EARLIER_REVISION),
    ("/approvals/policy", text::A_CHANGE_OF_THIS_POLICY),
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
            <section class="card"><header><h2>{ text::APPROVALS }</h2><p>{ text::how_many_others_have_to_approve(&range(said(&props.schema, "/approvals/change"))) }</p></header>
                <div class="pad stack">
                    { for APPROVALS.iter().map(|&(place, label)| {
                        let value = at(place);
                        let unit = if value == Some(json!(1)) { common::APPROVAL } else { common::APPROVALS };
                        html! { <Number at={place} {label} {unit} {value} schema={props.schema.clone()} says_range=false /> }
                    }) }
                    <Switch at="/approvals/self" label={text::AN_AUTHORS_OWN_APPROVAL_COUNTS} value={at("/approvals/self")} schema={props.schema.clone()} />
                </div>
            </section>
            <section class="card"><header><h2>{ text::BUDGET }</h2><p>{ text::WHAT_ONE_CHANGE_MAY_MOVE_BEFORE }</p></header>
                <div class="pad stack">
                    <Share at="/budget/share" label={text::LARGEST_PART_OF_EVERYONE_THAT_MAY} placeholder={text::ANY} value={at("/budget/share")}
                        help={text::OF_THE_WEIGHT_OF_THE_POPULATION} />
                    { number("/budget/tenants", text::MOST_TENANTS_OF_WHICH_SOMEONE_MAY, "tenants") }
                    { names("/budget/critical_tenants", text::TENANTS_OF_WHICH_NOBODY_MAY_BE, tenants) }
                    { names("/budget/regions", text::REGIONS_IN_WHICH_NOBODY_MAY_BE, regions) }
                    { text("/population", text::JUDGED_BY_THE_POPULATION, "default", Vec::new()) }
                </div>
            </section>
            <div class="cols c2 stretch">
                <section class="card"><header><h2>{ text::DRILLS_HEARTBEAT_AND_BACKUPS }</h2></header>
                    <div class="pad stack">
                        { number("/drill_days", text::A_DRILL_COUNTS_FOR, "days") }
                        <Optional at="/heartbeat" is_there={has("/heartbeat")} start={json!({ "flag": "" })} label={text::A_HEARTBEAT_FLAG_MEASURES_HOW_LONG} />
                        if has("/heartbeat") {
                            { text("/heartbeat/flag", text::THE_FLAG_THAT_BEATS_NOTHING_ELSE, "downhaul-heartbeat", flags) }
                            { number("/heartbeat/every_seconds", text::A_BEAT_EVERY, "seconds") }
                            { number("/heartbeat/p99_ms", text::AN_ALARM_WHERE_99_OF_100, "ms") }
                        }
                        { number("/backup_hours", text::AN_ALARM_WHERE_THE_LAST_BACKUP, "hours") }
                    </div>
                </section>
                <section class="card"><header><h2>{ text::FLAGS_TO_LOOK_AT }</h2></header>
                    <div class="pad stack">
                        { number("/hygiene/idle_days", text::STALE_WHEN_NOBODY_ASKS_FOR_IT, "days") }
                        { number("/hygiene/one_variant_days", text::STALE_WHEN_EVERYONE_GETS_THE_SAME, "days") }
                        { number("/hygiene/notice_days", text::THE_OWNER_IS_REMINDED_BEFORE_ITS, "days") }
                        { text("/hygiene/webhook", text::THE_WEBHOOK_TARGET_THAT_IS_REMINDED, text::NONE_NOBODY_IS, Vec::new()) }
                    </div>
                </section>
                <section class="card"><header><h2>{ text::LIVE_SAMPLE }</h2></header>
                    <div class="pad stack">
                        <Optional at="/sample" is_there={has("/sample")} start={json!({ "attributes": [] })} label={text::CLIENTS_MAY_TELL_OF_CONTEXTS_FOR} />
                        if has("/sample") {
                            { names("/sample/attributes", text::ATTRIBUTES_THAT_MAY_LEAVE_CLIENTS, editing.attributes.to_vec()) }
                            { number("/sample/rows", text::CONTEXTS_THAT_ARE_KEPT_AT_MOST, "contexts") }
                            { number("/sample/days", text::FORGOTTEN_WHEN_NOT_SEEN_AGAIN_FOR, "days") }
                        }
                    </div>
                </section>
                <section class="card"><header><h2>{ text::WHAT_CLIENTS_TELL }</h2><p>{ text::COUNTS_OF_WHAT_THEY_GAVE_WHOM }</p></header>
                    <div class="pad stack">
                        <Share at="/telemetry/share" label={text::BROWSERS_THAT_TELL} placeholder="100" value={at("/telemetry/share")}
                            help={text::SERVERS_AND_EDGES_ALWAYS_DO_A} />
                        { number("/telemetry/period_seconds", text::EVERY_CLIENT_TELLS_ONCE_IN, "seconds") }
                    </div>
                </section>
                <section class="card"><header><h2>{ text::KILLS_WITHOUT_ANYONE }</h2><p>{ text::WHAT_GUARDS_AND_THE_BREAKERS_OF }</p></header>
                    <div class="pad stack">
                        { number("/automatic/kills", text::KILLS_AT_MOST, "kills") }
                        { number("/automatic/seconds", text::WITHIN, "seconds") }
                    </div>
                </section>
                <section class="card"><header><h2>{ text::LIMITS }</h2></header>
                    <div class="pad stack">
                        { number("/kills", text::KILLS_IN_FORCE_AT_THE_SAME, "kills") }
                        { number("/reason", text::LONGEST_REASON, "bytes") }
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

/// `1 to 3 650`, `From 0`.
fn range(of: Option<&Value>) -> String {
    let figure = |name: &str| of.and_then(|of| of.get(name)?.as_u64()).map(count);
    match (figure("minimum"), figure("maximum")) {
        (Some(least), Some(most)) => common::least_to_most(&least, &most),
        (Some(least), None) => text::from_least(&least),
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
    let more = if more.trim_end_matches('.') == props.label.replace("this policy", text::AMID_THE_POLICY) {
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
