//! What stands behind an operator, with an input that suits it.

use super::editing::{Editing, use_editing};
use crate::components::{Notation, RawInput, Tokens};
use crate::hooks::clock;
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::draft::make::Operand;
use crate::words::text::edit as text;
use crate::words::time;
use serde_json::{Value, json};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct OperandInputProps {
    /// JSON pointer of `values`.
    pub at: AttrValue,
    pub operand: Operand,
    pub values: Value,
    pub test: AttrValue,
}

#[function_component]
pub fn OperandInput(props: &OperandInputProps) -> Html {
    let editing = use_editing();
    let at = props.at.to_string();
    match props.operand {
        Operand::Nothing => Html::default(),
        Operand::Scalars => {
            let has_number = props.values.as_array().is_some_and(|values| values.iter().any(Value::is_number));
            html! { <>
                { tokens(&editing, props, text::A_VALUE, Notation::Any, text::ENTER_ADDS_ANOTHER) }
                if has_number { <small class="faint">{ text::QUOTES_MAKE_TEXT_OF_A_NUMBER }</small> }
            </> }
        }
        Operand::Texts => tokens(&editing, props, text::A_TEXT, Notation::Text, text::ENTER_ADDS_ANOTHER),
        Operand::Patterns => tokens(&editing, props, text::A_REGULAR_EXPRESSION, Notation::Text, text::SUCH_AS_BETA_D),
        Operand::Versions => tokens(&editing, props, text::A_RANGE_OF_VERSIONS, Notation::Text, text::SUCH_AS_2_3_0_3),
        Operand::Blocks => tokens(&editing, props, text::A_BLOCK_OF_ADDRESSES, Notation::Text, text::SUCH_AS_10_0_0_0),
        Operand::Number => {
            html! { <Number {at} values={props.values.clone()} index=0 count=1 label={text::NUMBER} test={props.test.clone()} /> }
        }
        Operand::TwoNumbers => html! {
            <span class="row">
                <Number at={at.clone()} values={props.values.clone()} index=0 count=2 label={text::AT_LEAST} test={props.test.clone()} />
                <span class="muted nowrap">{ text::AND_BELOW }</span>
                <Number {at} values={props.values.clone()} index=1 count=2 label={text::BELOW} test={format!("{}-below", props.test)} />
            </span>
        },
        Operand::Time => html! { <Time {at} values={props.values.clone()} test={props.test.clone()} /> },
    }
}

fn tokens(
    editing: &Editing,
    props: &OperandInputProps,
    label: &'static str,
    notation: Notation,
    placeholder: &'static str,
) -> Html {
    let values: Vec<String> = props.values.as_array().into_iter().flatten().map(|value| notation.show(value)).collect();
    let on_values = {
        let (editing, at) = (editing.clone(), props.at.to_string());
        Callback::from(move |values: Vec<String>| {
            let values: Vec<Value> = values.iter().map(|text| notation.read(text)).collect();
            editing.typed(Edit::put(at.clone(), values));
        })
    };
    html! {
        <Tokens {values} {on_values} on_settle={editing.settle()} {notation} {label} {placeholder} invalid={editing.problems.is_wrong(&props.at)}
            test={props.test.clone()} at={props.at.clone()} />
    }
}

#[derive(Debug, Properties, PartialEq)]
struct NumberProps {
    at: String,
    values: Value,
    index: usize,
    count: usize,
    label: &'static str,
    test: AttrValue,
}

#[function_component]
fn Number(props: &NumberProps) -> Html {
    let editing = use_editing();
    let own = props.values.get(props.index).cloned().unwrap_or(Value::Null);
    let on_value = {
        let (editing, at, values, index, count) =
            (editing.clone(), props.at.clone(), props.values.clone(), props.index, props.count);
        Callback::from(move |value: Value| {
            let before = |at: usize| values.get(at).cloned().unwrap_or(Value::from(""));
            let values: Vec<Value> =
                (0..count).map(|at| if at == index { value.clone() } else { before(at) }).collect();
            editing.typed(Edit::put(at.clone(), values));
        })
    };
    let place = step(&props.at, props.index);
    html! {
        <RawInput value={own} notation={Notation::Number} {on_value} on_leave={editing.settle()} label={props.label} class="mono figure" inputmode="decimal"
            placeholder="0" invalid={editing.problems.is_wrong(&place)} test={props.test.clone()} at={place} />
    }
}

#[derive(Debug, Properties, PartialEq)]
struct TimeProps {
    at: String,
    values: Value,
    test: AttrValue,
}

/// A time as text, with a picker beside it; epoch milliseconds stay what they are.
#[function_component]
fn Time(props: &TimeProps) -> Html {
    let editing = use_editing();
    let own = props.values.get(0).cloned().unwrap_or(Value::Null);
    let put = {
        let (editing, at) = (editing.clone(), props.at.clone());
        Callback::from(move |value: Value| editing.typed(Edit::put(at.clone(), json!([value]))))
    };
    let at_ms = own.as_f64().or_else(|| time::parse(own.as_str()?));
    let picked = {
        let put = put.clone();
        Callback::from(move |event: Event| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            if text.len() == 16 {
                put.emit(Value::from(format!("{text}:00Z")));
            }
        })
    };
    let in_utc = at_ms.map(|at| format!("{}T{}", time::iso_day(at), time::hour(at, 0)));
    let local = at_ms.map(|at| {
        text::offset_offset_2_here(&time::day(at, clock::now(), clock::offset()), &time::hour(at, clock::offset()))
    });
    let place = step(&props.at, 0);
    html! {
        <span class="row wrap">
            <RawInput value={own} notation={Notation::Time} on_value={put} on_leave={editing.settle()} label={text::TIME} class="mono time" placeholder={text::A_TIME_FOR_EXAMPLE}
                invalid={editing.problems.is_wrong(&place)} test={props.test.clone()} at={place} />
            <input type="datetime-local" class="input pick" value={in_utc} onchange={picked} aria-label={text::PICK_THE_TIME_IN_UTC} title={text::IN_UTC} />
            if let Some(local) = local { <span class="small faint">{ local }</span> }
        </span>
    }
}
