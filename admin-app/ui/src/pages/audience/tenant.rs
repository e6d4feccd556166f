use super::use_document;
use crate::components::{Icon, Notation, RawInput};
use crate::hooks::use_document_title;
use crate::pages::define::{DefinitionEditor, Part, Removal, UsedBy};
use crate::pages::edit::{problems_html, use_editing};
use crate::route::Route;
use crate::state::definition::Subject;
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::words::text::audience as text;
use crate::words::text::common;
use serde_json::{Map, Value};
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TenantProps {
    pub environment: AttrValue,
    pub tenant: String,
}

/// One tenant: its attributes, who uses it, and whom a change moves. One that is not declared is declared here.
#[function_component]
pub fn Tenant(props: &TenantProps) -> Html {
    use_document_title(text::tenant_tenant(&props.tenant));
    let subject = Subject::Tenant(props.tenant.clone());
    let back = Route::Tenants { environment: props.environment.to_string() };
    let head = html! {
        <div class="pagehead"><div class="grow">
            <div class="crumbs"><Link<Route> to={back.clone()}>{ common::TENANTS }</Link<Route>><Icon name="right" small=true /><span>{ &props.tenant }</span></div>
            <h1 class="mono">{ &props.tenant }</h1>
        </div></div>
    };
    let document = match use_document(text::THE_TENANT) {
        Ok(document) => document,
        Err(instead) => return html! { <>{ head }{ instead }</> },
    };
    let published = subject.published(&document, None);
    let foot = html! {
        <>
            <UsedBy environment={props.environment.clone()} document={document.clone()} subject={subject.clone()} />
            if published.is_some() { <Removal environment={props.environment.clone()} document={document.clone()} subject={subject.clone()} back={back.clone()} /> }
        </>
    };
    let known: Vec<String> = {
        let mut names: Vec<String> =
            document.tenants.values().take(1000).flat_map(|attributes| attributes.keys().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let form: Part = Callback::from(move |attributes: Value| html! { <Form {attributes} known={known.clone()} /> });
    let revision = document.revision;
    html! { <DefinitionEditor environment={props.environment.clone()} {subject} {document} {published} {revision} {form} {back} {head} {foot} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct FormProps {
    attributes: Value,
    /// Attributes that other tenants have.
    known: Vec<String>,
}

#[function_component]
fn Form(props: &FormProps) -> Html {
    let editing = use_editing();
    let name = use_state(String::new);
    let none = Map::new();
    let attributes = props.attributes.as_object().unwrap_or(&none);
    let is_ready = !name.trim().is_empty() && !attributes.contains_key(name.trim());
    let add = {
        let (editing, name) = (editing.clone(), name.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_ready {
                editing.act(Edit::put(step("", name.trim()), ""));
                name.set(String::new());
            }
        })
    };
    let on_name = {
        let name = name.clone();
        Callback::from(move |event: InputEvent| name.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let row = |(name, value): (&String, &Value)| {
        let at = step("", name);
        let put = {
            let (editing, at) = (editing.clone(), at.clone());
            Callback::from(move |value: Value| editing.typed(Edit::put(at.clone(), value)))
        };
        let remove = {
            let (editing, at) = (editing.clone(), at.clone());
            Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
        };
        html! {
            <div class="attributerow" key={name.clone()}>
                <code class="trunc" title={format!("tenant.{name}")}>{ format!("tenant.{name}") }</code>
                <RawInput value={value.clone()} notation={Notation::Any} on_value={put} on_leave={editing.settle()} label={text::value_of_name(&name)} class="mono" invalid={editing.problems.is_wrong(&at)} test={format!("attribute-{name}")} at={at.clone()} />
                <button type="button" class="iconbtn" aria-label={common::remove_name(&name)} data-test={format!("attribute-{name}-remove")} onclick={remove}><Icon name="x" small=true /></button>
                { problems_html(&editing, &at) }
            </div>
        }
    };
    html! {
        <section class="card"><header><h2>{ text::ATTRIBUTES }</h2><p>{ text::RULES_READ_THEM_BY_THESE_NAMES }</p></header>
            <div class="pad stack">
                if attributes.is_empty() { <p class="muted">{ text::NONE_YET }</p> }
                { for attributes.iter().map(row) }
                <form class="row wrap newname" onsubmit={add}>
                    <div class="field"><label for="attribute-name">{ text::ANOTHER_ATTRIBUTE }</label><input class="input mono" id="attribute-name" data-test="attribute-name" list="known-tenant-attributes" value={(*name).clone()} oninput={on_name} placeholder={text::PLAN} autocomplete="off" spellcheck="false" /></div>
                    <button class="btn" data-test="attribute-add" aria-disabled={(!is_ready).to_string()}><Icon name="plus" small=true />{ text::ADD }</button>
                </form>
                <datalist id="known-tenant-attributes">{ for props.known.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist>
                <p class="small faint">{ text::A_NUMBER_OR_TRUE_STANDS_WITHOUT }</p>
            </div>
        </section>
    }
}
