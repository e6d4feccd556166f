use super::segments::flags_using;
use super::{Head, NewName, Tab, use_document};
use crate::components::{Empty, Icon};
use crate::hooks::{use_document_title, use_rows};
use crate::route::Route;
use crate::state::context_draft::shown_value;
use crate::state::definition::Subject;
use crate::words::number::count;
use crate::words::text::audience as text;
use crate::words::text::common;
use downhaul_core::ids::TenantId;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

/// Rows at a time: thousands of them are found by search, not by scrolling.
const ROWS: usize = 100;

#[derive(Debug, Properties, PartialEq)]
pub struct TenantsProps {
    pub environment: AttrValue,
}

/// Declared tenants with their attributes, and how many flags use each.
#[function_component]
pub fn Tenants(props: &TenantsProps) -> Html {
    use_document_title(text::tenants_of_environment(&props.environment));
    let navigator = use_navigator();
    let search = use_state(String::new);
    let document = use_document(text::THE_TENANTS);
    let names: Vec<String> = document
        .as_ref()
        .map(|document| document.tenants.keys().map(ToString::to_string).collect())
        .unwrap_or_default();
    let wanted = search.trim().to_lowercase();
    let found: Vec<String> = match &document {
        Ok(document) => document
            .tenants
            .iter()
            .filter(|(name, attributes)| {
                let holds = |text: &str| text.to_lowercase().contains(&wanted);
                wanted.is_empty()
                    || holds(name.as_str())
                    || attributes.iter().any(|(name, value)| holds(name) || holds(&shown_value(value)))
            })
            .map(|(name, _)| name.to_string())
            .collect(),
        Err(_) => Vec::new(),
    };
    let to = {
        let environment = props.environment.to_string();
        move |name: &str| Route::Tenant { environment: environment.clone(), name: name.to_owned() }
    };
    let (cursor, place) = use_rows(found.iter().take(ROWS).map(|name| to(name)).collect());
    let on_name = {
        let to = to.clone();
        Callback::from(move |name: String| {
            if let Some(navigator) = &navigator {
                navigator.push(&to(&name));
            }
        })
    };
    let on_search = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let body = match &document {
        Err(instead) => instead.clone(),
        Ok(document) if document.tenants.is_empty() => html! {
            <div class="card"><Empty title={text::NO_TENANT_IS_DECLARED}>
                <p>{ text::RULES_MAY_NAME_ANY_TENANT_A }</p>
            </Empty></div>
        },
        Ok(document) => html! {
            <div class="card">
                <div class="pad tight"><div class="inputwrap"><Icon name="search" small=true /><input class="input" type="search" aria-label={text::SEARCH_TENANTS} placeholder={text::NAME_ATTRIBUTE_OR_VALUE} value={(*search).clone()} oninput={on_search} data-test="tenant-search" /></div></div>
                <div class="tablewrap" ref={place}><table class="table compact">
                    <thead><tr><th>{ common::TENANT }</th><th>{ text::ATTRIBUTES }</th><th class="num">{ text::FLAGS_THAT_USE_IT }</th></tr></thead>
                    <tbody>{ for found.iter().take(ROWS).enumerate().map(|(at, name)| html! {
                        <tr key={name.clone()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-row={at.to_string()} data-test={format!("tenant-{name}")}>
                            <td><Link<Route> to={to(name)} classes="key mono">{ name }</Link<Route>></td>
                            <td data-l={text::ATTRIBUTES}><span class="chips">{ for document.tenants.get(name.as_str()).into_iter().flatten().map(|(name, value)| html! {
                                <span class="val">{ format!("{name} {}", shown_value(value)) }</span>
                            }) }</span></td>
                            <td class="num" data-l={text::FLAGS_THAT_USE_IT}>{ flags_using(document, &Subject::Tenant(name.clone())) }</td>
                        </tr>
                    }) }</tbody>
                </table></div>
                if found.is_empty() { <p class="pad muted">{ text::NO_TENANT_MATCHES }</p> }
                if found.len() > ROWS { <p class="pad small faint">{ text::more_search_to_find_them(&count((found.len() - ROWS) as u64)) }</p> }
            </div>
        },
    };
    html! {
        <>
            <Head environment={props.environment.clone()} tab={Tab::Tenants} />
            { body }
            <section class="card"><header><Icon name="plus" small=true /><h2>{ text::DECLARE_A_TENANT }</h2></header><div class="pad">
                <NewName label={text::NAME_AS_CONTEXTS_HAVE_IT} placeholder={text::ACME} taken={names} wrong={Callback::from(wrong)} {on_name} /></div></section>
        </>
    }
}

fn wrong(name: String) -> Option<String> {
    name.parse::<TenantId>().err().map(|why| why.to_string())
}
