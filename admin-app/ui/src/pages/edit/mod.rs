//! The flag editor: rules as sentences, the draft that nobody loses, and whom it moves while it is edited.

mod asked;
mod condition;
mod conflict;
mod editing;
mod editor;
mod examples;
mod facts;
mod fields;
mod json;
mod leave;
mod look;
mod operand;
mod panel;
mod publish;
mod regions;
mod resume;
mod retire;
mod review;
mod rule;
mod rules;
mod shelf;
mod split;
mod trial;
mod variants;

use crate::words::text::common;
use crate::words::text::edit as text;
pub use asked::{NameField, ReasonField, Refusal, findings, left_to_others, needs_approval};
pub use condition::Conditions;
pub use conflict::Conflict;
pub use editing::{Editing, Foretold, ProblemList, Problems, is_under, problems_html, text_at, use_editing};
pub use fields::{SelectField, TextField, plain};
pub use json::Json;
pub use leave::{Leave, use_leaving};
pub use panel::Ladder;
pub use resume::Resume;
pub use review::Differences;
pub use shelf::use_shelf;

use crate::components::{CardSkeleton, FailureCard};
use crate::hooks::{clock, use_console, use_document_title};
use crate::pages::frame::{no_flag, of_flag};
use crate::route::CreateQuery;
use crate::state::Shared;
use crate::state::draft::kept::{Kept, place};
use crate::state::draft::{Draft, make};
use crate::state::live::Slot;
use crate::words::time::days_later;
use downhaul_core::document::FlagSet;
use editor::Editor;
use gloo::storage::{LocalStorage, Storage};
use serde_json::Value;
use yew::prelude::*;
use yew_router::prelude::*;

/// Days until a new flag expires, unless someone says otherwise.
const DAYS: u32 = 90;

#[derive(Debug, Properties, PartialEq)]
pub struct EditProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// Edits a flag.
#[function_component]
pub fn Edit(props: &EditProps) -> Html {
    use_document_title(text::edit_flag(&props.flag));
    let console = use_console();
    let instead = match &console.live.document {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_EDITOR} /> },
        Slot::Loading => html! { <Skeleton /> },
        Slot::Ready(document) if document.flag(&props.flag).is_none() => {
            let is_retired = document.retired.contains_key(props.flag.as_str());
            no_flag(&props.environment, &props.flag, is_retired)
        }
        Slot::Ready(document) => {
            return html! { <Opened environment={props.environment.clone()} document={document.clone()} flag={Some(props.flag.clone())} like={String::new()} /> };
        }
    };
    of_flag(&props.environment, &props.flag, instead)
}

#[derive(Debug, Properties, PartialEq)]
pub struct CreateProps {
    pub environment: AttrValue,
}

/// Makes a flag, from nothing or like another.
#[function_component]
pub fn Create(props: &CreateProps) -> Html {
    use_document_title(common::NEW_FLAG.to_owned());
    let console = use_console();
    let query = use_location().and_then(|location| location.query::<CreateQuery>().ok()).unwrap_or_default();
    match &console.live.document {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_EDITOR} /> },
        Slot::Loading => html! { <Skeleton /> },
        Slot::Ready(document) => {
            html! { <Opened key={query.like.clone()} environment={props.environment.clone()} document={document.clone()} flag={None::<String>} like={query.like.clone()} /> }
        }
    }
}

#[function_component]
fn Skeleton() -> Html {
    html! { <div class="editor"><div class="stack l"><CardSkeleton lines=3 /><CardSkeleton lines=8 /></div><CardSkeleton lines=7 /></div> }
}

#[derive(Debug, Properties, PartialEq)]
struct OpenedProps {
    environment: AttrValue,
    document: Shared<FlagSet>,
    /// `None` for one that is to be made.
    flag: Option<String>,
    like: String,
}

/// What a draft begins with.
fn begun(document: &FlagSet, flag: Option<&str>, like: &str) -> Draft {
    let json = |key: &str| document.flag(key).and_then(|flag| serde_json::to_value(flag).ok());
    match flag.and_then(json) {
        Some(base) => Draft::over(base, document.revision),
        None => {
            let start =
                json(like).map_or_else(|| make::flag(&days_later(clock::now(), DAYS)), |flag| make::duplicate(&flag));
            Draft::new(start, document.revision)
        }
    }
}

/// Asks first about a draft that was kept here, so that neither it nor a new one is lost.
#[function_component]
fn Opened(props: &OpenedProps) -> Html {
    let shelf = place(&props.environment, props.flag.as_deref().unwrap_or_default());
    let kept = use_state(|| {
        let text: Option<String> = LocalStorage::get::<Value>(&shelf).ok().map(|value| value.to_string());
        text.and_then(|text| Kept::read(&text))
    });
    let started = use_state(|| None::<Draft>);
    let published = || {
        let flag = props.document.flag(props.flag.as_deref()?)?;
        serde_json::to_value(flag).ok()
    };
    match (&*kept, &*started) {
        (Some(found), None) => {
            let (resume, drop) = {
                let draft = found.clone().into_draft();
                let (started, again, kept, shelf) = (started.clone(), started.clone(), kept.clone(), shelf);
                let fresh = begun(&props.document, props.flag.as_deref(), &props.like);
                let resume = Callback::from(move |()| started.set(Some(draft.clone())));
                let drop = Callback::from(move |()| {
                    LocalStorage::delete(&shelf);
                    kept.set(None);
                    again.set(Some(fresh.clone()));
                });
                (resume, drop)
            };
            let asks =
                html! { <Resume kept={found.clone()} published={published()} on_resume={resume} on_drop={drop} /> };
            match &props.flag {
                Some(key) => of_flag(&props.environment, key, asks),
                None => {
                    html! { <><div class="pagehead"><div class="grow"><h1>{ common::NEW_FLAG }</h1></div></div>{ asks }</> }
                }
            }
        }
        (_, started) => {
            let start = started.clone().unwrap_or_else(|| begun(&props.document, props.flag.as_deref(), &props.like));
            html! { <Editor environment={props.environment.clone()} document={props.document.clone()} flag={props.flag.clone()} {start} {shelf} /> }
        }
    }
}
