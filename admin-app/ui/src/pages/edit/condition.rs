use super::editing::{problems_html, text_at, use_editing};
use super::fields::Select;
use super::operand::OperandInput;
use super::regions::Regions;
use crate::components::{Icon, Notation, RawInput, Tokens};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::draft::make::{OPERATORS, Operand, Subject, operand, operator};
use crate::words::text::common;
use crate::words::text::edit as text;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ConditionsProps {
    /// JSON pointer of the list.
    pub at: AttrValue,
    pub conditions: Value,
    /// Groups that it lies in.
    #[prop_or_default]
    pub depth: usize,
    /// `and`, or `or` within *one of these*.
    pub joined: AttrValue,
    pub test: AttrValue,
}

/// Deeper groups are edited as JSON: nobody reads them as a form.
const DEPTH: usize = 3;

/// Conditions one below the other, and a way to add one.
#[function_component]
pub fn Conditions(props: &ConditionsProps) -> Html {
    let editing = use_editing();
    let none = Vec::new();
    let conditions = props.conditions.as_array().unwrap_or(&none);
    let add = |subject: Subject| {
        let (editing, list, at) = (editing.clone(), props.at.to_string(), conditions.len());
        Callback::from(move |_: MouseEvent| {
            editing.act(Edit::Insert { list: list.clone(), at, value: subject.condition(None) });
        })
    };
    html! {
        <div class={classes!("conditions", (props.depth > 0).then_some("nested"))}>
            { for conditions.iter().enumerate().map(|(at, condition)| html! {
                <Condition key={at} at={step(&props.at, at)} condition={condition.clone()} depth={props.depth} lead={if at == 0 { String::new() } else { props.joined.to_string() }}
                    test={format!("{}-{}", props.test, at + 1)} />
            }) }
            <div class="row wrap offers" role="group" aria-label={text::ADD_A_CONDITION}>
                if conditions.is_empty() && props.depth == 0 { <span class="small faint">{ text::FOR_EVERYONE_UNLESS }</span> }
                { for Subject::ALL.into_iter().filter(|subject| !matches!(subject, Subject::All | Subject::Not)).map(|subject| html! {
                    <button type="button" class="btn s quiet" data-test={format!("{}-add-{}", props.test, subject.name())} onclick={add(subject)}><Icon name="plus" small=true />{ add_words(subject) }</button>
                }) }
            </div>
        </div>
    }
}

fn add_words(subject: Subject) -> &'static str {
    match subject {
        Subject::Tenant => common::TENANT,
        Subject::Region => common::REGION_HEAD,
        Subject::Segment => common::SEGMENT,
        Subject::Attribute => text::ATTRIBUTE,
        Subject::All | Subject::Any => text::GROUP,
        Subject::Not => text::NOT,
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ConditionProps {
    at: String,
    condition: Value,
    depth: usize,
    lead: String,
    test: String,
}

#[function_component]
fn Condition(props: &ConditionProps) -> Html {
    let editing = use_editing();
    let Some(subject) = Subject::of(&props.condition) else {
        // Written as JSON, and no condition yet.
        return html! { <div class="condition"><code class="value">{ props.condition.to_string() }</code>{ problems_html(&editing, &props.at) }</div> };
    };
    let on_subject = {
        let (editing, at, condition) = (editing.clone(), props.at.clone(), props.condition.clone());
        Callback::from(move |name: String| {
            let wanted = Subject::ALL.into_iter().find(|subject| subject.name() == name);
            if let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != Subject::of(&condition)) {
                editing.act(Edit::put(at.clone(), wanted.condition(Some(&condition))));
            }
        })
    };
    let remove = {
        let (editing, at) = (editing.clone(), props.at.clone());
        Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
    };
    let subjects: Vec<(String, String)> =
        Subject::ALL.iter().map(|subject| (subject.name().to_owned(), subject.words().to_owned())).collect();
    let place = step(&props.at, subject.name());
    let inner = props.condition.get(subject.name()).cloned().unwrap_or_default();
    // What stands at the value is said by the fields below; the rest here.
    let body = match subject {
        Subject::Tenant => {
            let known: Vec<String> = editing.document.tenants.keys().map(ToString::to_string).collect();
            html! { <Names at={place.clone()} names={inner} {known} label={common::TENANT} class="tenant" test={props.test.clone()} /> }
        }
        Subject::Region => html! { <Regions at={place.clone()} names={inner} test={props.test.clone()} /> },
        Subject::Segment => {
            let known: Vec<String> = editing.document.segments.keys().map(ToString::to_string).collect();
            html! { <Names at={place.clone()} names={inner} {known} label={common::SEGMENT} test={props.test.clone()} /> }
        }
        Subject::Attribute => {
            html! { <Attribute at={props.at.clone()} condition={props.condition.clone()} test={props.test.clone()} /> }
        }
        Subject::All | Subject::Any | Subject::Not if props.depth + 1 >= DEPTH => {
            html! { <code class="value">{ inner.to_string() }</code> }
        }
        Subject::All => {
            html! { <Conditions at={place.clone()} conditions={inner} depth={props.depth + 1} joined={text::AND} test={props.test.clone()} /> }
        }
        Subject::Any => {
            html! { <Conditions at={place.clone()} conditions={inner} depth={props.depth + 1} joined={text::OR} test={props.test.clone()} /> }
        }
        Subject::Not => {
            html! { <Condition at={place.clone()} condition={inner} depth={props.depth + 1} lead={String::new()} test={format!("{}-not", props.test)} /> }
        }
    };
    let is_group = matches!(subject, Subject::All | Subject::Any | Subject::Not);
    let shown = if is_group { vec![place] } else { Vec::new() };
    let problems: Vec<_> = editing.problems.besides(&props.at, &shown).cloned().collect();
    html! {
        <div class={classes!("condition", is_group.then_some("group"))} data-test={props.test.clone()} data-at={props.at.clone()}>
            <span class="lead small faint">{ &props.lead }</span>
            <Select inline=true label={text::WHAT_THE_CONDITION_IS_ABOUT} value={subject.name()} options={subjects} on_pick={on_subject} test={format!("{}-subject", props.test)} />
            <div class="body">{ body }<super::editing::ProblemList of={problems} /></div>
            <button type="button" class="iconbtn" aria-label={text::REMOVE_THIS_CONDITION} data-test={format!("{}-remove", props.test)} onclick={remove}><Icon name="x" small=true /></button>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct NamesProps {
    at: String,
    names: Value,
    known: Vec<String>,
    label: &'static str,
    #[prop_or_default]
    class: Classes,
    test: String,
}

/// Names of tenants or segments.
#[function_component]
fn Names(props: &NamesProps) -> Html {
    let editing = use_editing();
    let values: Vec<String> =
        props.names.as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let on_values = {
        let (editing, at) = (editing.clone(), props.at.clone());
        Callback::from(move |names: Vec<String>| editing.typed(Edit::put(at.clone(), names)))
    };
    html! {
        <Tokens {values} {on_values} on_settle={editing.settle()} label={props.label} placeholder={text::add_a_to_lowercase(&props.label.to_lowercase())} class={props.class.clone()} known={props.known.clone()}
            invalid={editing.problems.is_wrong(&props.at)} test={format!("{}-value", props.test)} at={props.at.clone()} />
    }
}

#[derive(Debug, Properties, PartialEq)]
struct AttributeProps {
    at: String,
    condition: Value,
    test: String,
}

#[function_component]
fn Attribute(props: &AttributeProps) -> Html {
    let editing = use_editing();
    let name = step(&props.at, "attribute");
    let op = text_at(&props.condition, "op").to_owned();
    let on_name = {
        let (editing, name) = (editing.clone(), name.clone());
        Callback::from(move |value: Value| editing.typed(Edit::put(name.clone(), value)))
    };
    let on_op = {
        let (editing, at, condition) = (editing.clone(), props.at.clone(), props.condition.clone());
        Callback::from(move |op: String| editing.act(operator(&at, &condition, &op)))
    };
    let operators =
        OPERATORS.iter().map(|(name, words, _)| ((*name).to_owned(), (*words).to_owned())).collect::<Vec<_>>();
    html! {
        <div class="row wrap attribute">
            <RawInput value={props.condition.get("attribute").cloned().unwrap_or_default()} notation={Notation::Text} on_value={on_name} on_leave={editing.settle()}
                label={text::ATTRIBUTE} class="mono name" placeholder={text::APP_VERSION} list="known-attributes" invalid={editing.problems.is_wrong(&name)} test={format!("{}-attribute", props.test)} at={name} />
            <Select inline=true label={text::OPERATOR} value={op.clone()} options={operators} on_pick={on_op} test={format!("{}-operator", props.test)} />
            <OperandInput at={step(&props.at, "values")} operand={operand(&op).unwrap_or(Operand::Scalars)} values={props.condition.get("values").cloned().unwrap_or_default()} test={format!("{}-value", props.test)} />
        </div>
    }
}
