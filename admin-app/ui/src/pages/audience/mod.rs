//! Whom rules speak of: segments, tenants and the region tree.

mod regions;
mod segment;
mod segments;
mod tenant;
mod tenants;
mod tree;

use crate::words::text::audience as text;
use crate::words::text::common;
pub use regions::Regions;
pub use segment::Segment;
pub use segments::Segments;
pub use tenant::Tenant;
pub use tenants::Tenants;

use crate::components::{CardSkeleton, FailureCard};
use crate::hooks::use_console;
use crate::route::Route;
use crate::state::Shared;
use crate::state::live::Slot;
use crate::words::number::count;
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

/// Which of the three is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Segments,
    Tenants,
    Regions,
}

#[derive(Debug, Properties, PartialEq)]
pub(super) struct HeadProps {
    pub environment: AttrValue,
    pub tab: Tab,
}

#[function_component]
pub(super) fn Head(props: &HeadProps) -> Html {
    let console = use_console();
    let document = console.live.document.ready();
    let environment = || props.environment.to_string();
    let number = |of: fn(&FlagSet) -> usize| document.map(|document| count(of(document) as u64));
    let tab = |tab: Tab, name: &'static str, to: Route, number: Option<String>| {
        html! { <Link<Route> {to}><span aria-current={(tab == props.tab).then_some("page")}>{ name }{ " " }<span class="n">{ number }</span></span></Link<Route>> }
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ match props.tab {
                Tab::Segments => common::SEGMENTS,
                Tab::Tenants => common::TENANTS,
                Tab::Regions => common::REGIONS,
            } }</h1><p>{ match props.tab {
                Tab::Segments => text::NAMED_GROUPS_OF_PEOPLE_THAT_RULES,
                Tab::Tenants => text::DECLARED_TENANTS_WITH_THEIR_ATTRIBUTES_WHICH,
                Tab::Regions => text::REGIONS_WITHIN_REGIONS_A_RULE_FOR,
            } }</p></div></div>
            <nav class="tabs" aria-label={text::SEGMENTS_TENANTS_AND_REGIONS}>
                { tab(Tab::Segments, common::SEGMENTS, Route::Segments { environment: environment() }, number(|document| document.segments.len())) }
                { tab(Tab::Tenants, common::TENANTS, Route::Tenants { environment: environment() }, number(|document| document.tenants.len())) }
                { tab(Tab::Regions, common::REGIONS, Route::Regions { environment: environment() }, number(|document| document.regions.names().len())) }
            </nav>
        </>
    }
}

/// The document, or what stands in its place until it is there.
#[hook]
pub(super) fn use_document(what: &'static str) -> Result<Shared<FlagSet>, Html> {
    let console = use_console();
    match &console.live.document {
        Slot::Ready(document) => Ok(document.clone()),
        Slot::Failed(failure) => Err(html! { <FailureCard failure={failure.clone()} {what} /> }),
        Slot::Loading => Err(html! { <CardSkeleton lines=6 /> }),
    }
}

#[derive(Debug, Properties, PartialEq)]
pub(super) struct NewNameProps {
    pub label: &'static str,
    pub placeholder: &'static str,
    /// Names that are taken.
    pub taken: Vec<String>,
    /// Why the name is none, from the core.
    pub wrong: Callback<String, Option<String>>,
    pub on_name: Callback<String>,
}

/// A name for what is to be made; its page is the editor.
#[function_component]
pub(super) fn NewName(props: &NewNameProps) -> Html {
    let name = use_state(String::new);
    let wrong = (!name.is_empty()).then(|| props.wrong.emit((*name).clone())).flatten();
    let is_taken = props.taken.contains(&name);
    let is_ready = !name.is_empty() && wrong.is_none();
    let on_submit = {
        let (name, on_name) = (name.clone(), props.on_name.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if is_ready {
                on_name.emit((*name).clone());
            }
        })
    };
    let on_input = {
        let name = name.clone();
        Callback::from(move |event: InputEvent| {
            name.set(event.target_unchecked_into::<web_sys::HtmlInputElement>().value());
        })
    };
    html! {
        <form class="row wrap newname" onsubmit={on_submit}>
            <div class="field"><label for="new-name">{ props.label }</label>
                <input class="input mono" id="new-name" data-test="new-name" value={(*name).clone()} oninput={on_input} placeholder={props.placeholder} autocomplete="off" spellcheck="false" aria-invalid={wrong.is_some().to_string()} maxlength="256" />
                if let Some(wrong) = wrong { <span class="error" role="alert">{ crate::words::message::sentence(&wrong) }</span> }
            </div>
            <button class="btn" data-test="new-go" aria-disabled={(!is_ready).to_string()}>{ if is_taken { text::OPEN_IT } else { text::BEGIN } }</button>
        </form>
    }
}
