use crate::components::Icon;
use crate::state::Shared;
use crate::state::context_draft::{Action, ContextDraft, attributes_read, examples, shown_value};
use crate::words::text::common;
use crate::words::text::xray as text;
use downhaul_core::document::FlagSet;
use downhaul_core::prepare::look_up;
use serde_json::Value;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ContextCardProps {
    pub document: Shared<FlagSet>,
    pub flag: String,
    pub draft: ContextDraft,
    pub on_action: Callback<Action>,
    /// Stands in the foot.
    #[prop_or_default]
    pub children: Html,
}

/// The context: as a form of what the rules read, or as JSON; and examples to begin with.
#[function_component]
pub fn ContextCard(props: &ContextCardProps) -> Html {
    let Some(flag) = props.document.flag(&props.flag) else { return Html::default() };
    let parsed = props.draft.parsed();
    let switch = |as_json: bool| props.on_action.reform(move |_: MouseEvent| Action::AsJson(as_json));
    let body = match (&parsed, props.draft.as_json) {
        (Ok(context), false) => {
            let mut names = attributes_read(&props.document, flag);
            for name in context
                .keys()
                .filter(|name| name.as_str() != "app" || !context.get("app").is_some_and(Value::is_object))
            {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            html! { <Form document={props.document.clone()} {names} context={context.clone()} on_action={props.on_action.clone()} /> }
        }
        (Ok(_) | Err(_), _) => {
            html! { <Json text={props.draft.text.clone()} error={parsed.as_ref().err().cloned()} on_action={props.on_action.clone()} /> }
        }
    };
    html! {
        <section class="card">
            <header><h2>{ text::CONTEXT }</h2><span class="end"></span>
                <div class="seg" role="group" aria-label={text::EDIT_THE_CONTEXT_AS}>
                    <button type="button" aria-pressed={(!props.draft.as_json).to_string()} disabled={parsed.is_err()} onclick={switch(false)}>{ common::FORM }</button>
                    <button type="button" aria-pressed={props.draft.as_json.to_string()} data-test="xray-as-json" onclick={switch(true)}>{ common::JSON }</button>
                </div>
            </header>
            <div class="pad stack">
                { body }
                <div class="row wrap" role="group" aria-label={text::EXAMPLE_CONTEXTS}>
                    <span class="small faint">{ text::TRY }</span>
                    { for examples(&props.document, flag).into_iter().map(|(name, context)| html! {
                        <button type="button" class="btn s quiet" onclick={props.on_action.reform(move |_: MouseEvent| Action::Put(context.clone()))}>{ name }</button>
                    }) }
                </div>
            </div>
            <footer><span class="small faint">{ text::DECIDED_IN_THIS_PAGE_AT_EVERY }</span>{ props.children.clone() }</footer>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct FormProps {
    document: Shared<FlagSet>,
    names: Vec<String>,
    context: serde_json::Map<String, Value>,
    on_action: Callback<Action>,
}

#[function_component]
fn Form(props: &FormProps) -> Html {
    let tenant = props.context.get("tenant").and_then(Value::as_str).unwrap_or_default();
    let declared = props.document.tenants.get(tenant);
    let field = |name: &String| {
        let value = look_up(&props.context, name).map(shown_value).unwrap_or_default();
        let id = format!("attribute-{name}");
        let list = match name.as_str() {
            "tenant" => Some("xray-tenants"),
            "region" => Some("xray-regions"),
            _ => None,
        };
        let (typed, removed) = (name.clone(), name.clone());
        html! {
            <>
                <label class="kname" for={id.clone()} title={name.clone()}>{ name }</label>
                <input class="input mono" {id} data-test={format!("xray-attribute-{name}")} {list} value={value.clone()} placeholder={text::NOT_GIVEN} autocomplete="off" spellcheck="false"
                    oninput={props.on_action.reform(move |event: InputEvent| Action::Set(typed.clone(), event.target_unchecked_into::<HtmlInputElement>().value()))} />
                if value.is_empty() { <span></span> } else {
                    <button type="button" class="iconbtn" aria-label={common::remove_name(&name)} onclick={props.on_action.reform(move |_: MouseEvent| Action::Set(removed.clone(), String::new()))}><Icon name="x" small=true /></button>
                }
            </>
        }
    };
    html! {
        <>
            <div class="kv">{ for props.names.iter().map(field) }</div>
            <datalist id="xray-tenants">{ for props.document.tenants.keys().map(|name| html! { <option value={name.to_string()} /> }) }</datalist>
            <datalist id="xray-regions">{ for props.document.regions.names().into_iter().map(|name| html! { <option value={name.to_string()} /> }) }</datalist>
            <Another on_action={props.on_action.clone()} />
            if let Some(attributes) = declared {
                <p class="small faint">{ text::FROM_THE_TENANT }{ for attributes.iter().enumerate().map(|(at, (name, value))| {
                    let comma = if at + 1 < attributes.len() { "," } else { "" };
                    html! { <><span class="mono inline">{ text::tenant_name_shown_value(&name, &shown_value(value)) }{ comma }</span>{ " " }</> }
                }) }</p>
            }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct AnotherProps {
    on_action: Callback<Action>,
}

/// An attribute that no rule reads, or one deep in an object.
#[function_component]
fn Another(props: &AnotherProps) -> Html {
    let (name, value) = (use_node_ref(), use_node_ref());
    let on_submit = {
        let (name, value, on_action) = (name.clone(), value.clone(), props.on_action.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Some(name), Some(value)) = (name.cast::<HtmlInputElement>(), value.cast::<HtmlInputElement>()) else {
                return;
            };
            if !name.value().trim().is_empty() && !value.value().is_empty() {
                on_action.emit(Action::Set(name.value().trim().to_owned(), value.value()));
                name.set_value("");
                value.set_value("");
            }
        })
    };
    html! {
        <form class="kv" onsubmit={on_submit}>
            <input class="input mono" ref={name} placeholder={text::ATTRIBUTE} aria-label={text::NAME_OF_ANOTHER_ATTRIBUTE} autocomplete="off" spellcheck="false" />
            <input class="input mono" ref={value} placeholder={text::VALUE} aria-label={text::VALUE_OF_THE_OTHER_ATTRIBUTE} autocomplete="off" spellcheck="false" />
            <button class="iconbtn" aria-label={text::ADD_THE_ATTRIBUTE}><Icon name="plus" small=true /></button>
        </form>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct JsonProps {
    text: String,
    error: Option<String>,
    on_action: Callback<Action>,
}

#[function_component]
fn Json(props: &JsonProps) -> Html {
    let rows = (props.text.lines().count() + 1).clamp(6, 18);
    let on_input = props
        .on_action
        .reform(|event: InputEvent| Action::Text(event.target_unchecked_into::<HtmlTextAreaElement>().value()));
    html! {
        <div class="field">
            <label for="context-json" class="sr">{ text::CONTEXT_AS_JSON }</label>
            <textarea class="textarea mono" id="context-json" data-test="xray-json" rows={rows.to_string()} value={props.text.clone()} oninput={on_input}
                spellcheck="false" aria-invalid={props.error.is_some().to_string()} aria-describedby="context-error" />
            if let Some(error) = &props.error { <p class="error" id="context-error" role="alert"><Icon name="alert" small=true /><span>{ error }</span></p> }
        </div>
    }
}
