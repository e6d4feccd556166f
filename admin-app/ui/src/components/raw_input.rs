use crate::state::context_draft::{read_value, shown_value};
use serde_json::Value;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// How a value is written in a field; reading what is shown gives the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// A text as it is.
    Text,
    /// JSON where it is some, else text; quotes make text of anything.
    Any,
    /// A number, else the text that is none.
    Number,
    /// Epoch milliseconds, else a text.
    Time,
}

impl Notation {
    pub fn read(self, text: &str) -> Value {
        let trimmed = text.trim();
        match self {
            Notation::Text => Value::from(text),
            Notation::Any => read_value(text),
            Notation::Number => match serde_json::from_str::<Value>(trimmed) {
                Ok(Value::Number(number)) => Value::Number(number),
                // The core says what is wrong with it.
                Ok(_) | Err(_) => Value::from(trimmed),
            },
            Notation::Time => match trimmed.parse::<i64>() {
                Ok(milliseconds) => Value::from(milliseconds),
                Err(_) => Value::from(trimmed),
            },
        }
    }

    pub fn show(self, value: &Value) -> String {
        match (self, value) {
            (Notation::Any, value) => shown_value(value),
            (_, Value::String(text)) => text.clone(),
            (_, Value::Null) => String::new(),
            (_, other) => other.to_string(),
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct RawInputProps {
    pub value: Value,
    pub notation: Notation,
    pub on_value: Callback<Value>,
    #[prop_or_default]
    pub on_leave: Callback<()>,
    pub label: AttrValue,
    #[prop_or_default]
    pub id: Option<AttrValue>,
    #[prop_or_default]
    pub class: Classes,
    #[prop_or_default]
    pub placeholder: AttrValue,
    #[prop_or_default]
    pub invalid: bool,
    #[prop_or_default]
    pub list: Option<AttrValue>,
    #[prop_or_default]
    pub inputmode: Option<AttrValue>,
    #[prop_or_default]
    pub test: Option<AttrValue>,
    /// JSON pointer of the value, by which a problem finds its field.
    #[prop_or_default]
    pub at: Option<AttrValue>,
}

/// A field that keeps what is typed, letter by letter, though a value may be written in several ways.
#[function_component]
pub fn RawInput(props: &RawInputProps) -> Html {
    let typed = use_state(|| None::<String>);
    let shown = match &*typed {
        Some(text) if props.notation.read(text) == props.value => text.clone(),
        Some(_) | None => props.notation.show(&props.value),
    };
    let on_input = {
        let (typed, notation, on_value) = (typed.clone(), props.notation, props.on_value.clone());
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            let value = notation.read(&text);
            typed.set(Some(text));
            on_value.emit(value);
        })
    };
    let on_blur = {
        let (typed, on_leave) = (typed.clone(), props.on_leave.clone());
        Callback::from(move |_: FocusEvent| {
            typed.set(None);
            on_leave.emit(());
        })
    };
    html! {
        <input class={classes!("input", props.class.clone())} id={props.id.clone()} value={shown} oninput={on_input} onblur={on_blur}
            aria-label={props.id.is_none().then(|| props.label.clone())} placeholder={props.placeholder.clone()} aria-invalid={props.invalid.to_string()}
            list={props.list.clone()} inputmode={props.inputmode.clone()} data-test={props.test.clone()} data-at={props.at.clone()}
            autocomplete="off" spellcheck="false" />
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_field_shows_reads_back_as_the_same() {
        for (notation, value) in [
            (Notation::Text, json!("18")),
            (Notation::Any, json!("18")),
            (Notation::Any, json!({ "a": [1, null] })),
            (Notation::Number, json!(1.5)),
            (Notation::Number, json!("1,5")),
            (Notation::Time, json!(1_700_000_000_000_i64)),
            (Notation::Time, json!("2026-11-26T10:00:00Z")),
        ] {
            assert_eq!(notation.read(&notation.show(&value)), value, "{notation:?}");
        }
    }
}
