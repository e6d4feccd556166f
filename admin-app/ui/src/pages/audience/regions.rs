use super::tree::Tree;
use super::{Head, Tab, use_document};
use crate::hooks::use_document_title;
use crate::pages::define::{DefinitionEditor, Part, UsedBy};
use crate::route::Route;
use crate::state::definition::Subject;
use crate::words::text::audience as text;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RegionsProps {
    pub environment: AttrValue,
}

/// The region tree, who uses each region, and whom a change moves.
#[function_component]
pub fn Regions(props: &RegionsProps) -> Html {
    use_document_title(text::regions_of_environment(&props.environment));
    let head = html! { <Head environment={props.environment.clone()} tab={Tab::Regions} /> };
    let document = match use_document(text::THE_REGIONS) {
        Ok(document) => document,
        Err(instead) => return html! { <>{ head }{ instead }</> },
    };
    let subject = Subject::Regions;
    let published = subject.published(&document, None);
    let foot = html! { <UsedBy environment={props.environment.clone()} document={document.clone()} subject={subject.clone()} /> };
    let form: Part = {
        let document = document.clone();
        Callback::from(move |regions: Value| html! { <Tree {regions} document={document.clone()} /> })
    };
    let (revision, back) = (document.revision, Route::Regions { environment: props.environment.to_string() });
    html! { <DefinitionEditor environment={props.environment.clone()} {subject} {document} {published} {revision} {form} {back} {head} {foot} /> }
}
