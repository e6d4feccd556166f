//! What a component reads, as it is drawn.

use downhaul_yew::{Flags, FlagsProvider, use_flag};
use serde_json::Value;
use yew::LocalServerRenderer;
use yew::prelude::*;

#[derive(Debug, Clone, PartialEq, Properties)]
struct PageProps {
    /// `None`: without a provider.
    flags: Option<Flags>,
}

#[component]
fn Page(props: &PageProps) -> Html {
    match props.flags.clone() {
        Some(flags) => html! { <FlagsProvider {flags}><Reads /></FlagsProvider> },
        None => html! { <Reads /> },
    }
}

#[component]
fn Reads() -> Html {
    let (on, text) = (use_flag("on", false), use_flag("text", "fallback".to_owned()));
    let (number, any) = (use_flag("number", 1.0), use_flag("any", Value::Null));
    html! { { format!("{on} {text} {number} {any}") } }
}

async fn drawn(flags: Option<Flags>) -> String {
    LocalServerRenderer::<Page>::with_props(PageProps { flags }).hydratable(false).render().await
}

#[tokio::test]
async fn reads_what_was_given_and_else_the_defaults() {
    let nothing = "false fallback 1 null";
    assert_eq!(drawn(None).await, nothing);
    assert_eq!(drawn(Some(Flags::default())).await, nothing);
    let wrong = Flags::from_json(r#"{"flags":{"on":{"value":1},"text":{"value":true},"number":{"value":"2"}}}"#);
    assert_eq!(drawn(wrong).await, nothing, "of other types");
    let right = Flags::from_json(
        r#"{"flags":{"on":{"value":true,"reason":"SPLIT"},"text":{"value":"a"},"number":{"value":2},"any":{"value":[1]}}}"#,
    );
    assert_eq!(drawn(right).await, "true a 2 [1]");
}

#[test]
fn the_forms_that_are_understood() {
    let of = |text: &str| Flags::from_json(text).map(|flags| flags.get("f", false));
    assert_eq!(of(r#"{"flags":{"f":{"value":true}},"position":{"epoch":1}}"#), Some(true));
    assert_eq!(of(r#"{"flags":[{"key":"f","value":true}],"metadata":{}}"#), Some(true));
    assert_eq!(of(r#"{"flags":[]}"#), Some(false));
    for refused in ["", "[]", "{}", r#"{"flags":1}"#, r#"{"flags":{"f":{}}}"#, r#"{"flags":[{"value":true}]}"#] {
        assert_eq!(of(refused), None, "{refused}");
    }
}
