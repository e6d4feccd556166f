use super::{Head, NewName, Tab, use_document};
use crate::components::{Empty, Icon, SentenceText};
use crate::hooks::{use_document_title, use_rows};
use crate::route::Route;
use crate::state::definition::{Place, Subject, uses};
use crate::words::number::count;
use crate::words::rule;
use crate::words::text::audience as text;
use crate::words::text::common;
use downhaul_core::document::FlagSet;
use downhaul_core::ids::SegmentKey;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SegmentsProps {
    pub environment: AttrValue,
}

/// Every segment in words, and how many flags use it.
#[function_component]
pub fn Segments(props: &SegmentsProps) -> Html {
    use_document_title(text::segments_of_environment(&props.environment));
    let navigator = use_navigator();
    let document = use_document(text::THE_SEGMENTS);
    let keys: Vec<String> = document
        .as_ref()
        .map(|document| document.segments.keys().map(ToString::to_string).collect())
        .unwrap_or_default();
    let to = {
        let environment = props.environment.to_string();
        move |key: &str| Route::Segment { environment: environment.clone(), key: key.to_owned() }
    };
    let (cursor, place) = use_rows(keys.iter().map(|key| to(key)).collect());
    let on_name = {
        let to = to.clone();
        Callback::from(move |name: String| {
            if let Some(navigator) = &navigator {
                navigator.push(&to(&name));
            }
        })
    };
    let body = match &document {
        Err(instead) => instead.clone(),
        Ok(document) if document.segments.is_empty() => html! {
            <div class="card"><Empty title={text::NO_SEGMENT_YET}>
                <p>{ text::A_SEGMENT_GIVES_A_GROUP_A }</p>
            </Empty></div>
        },
        Ok(document) => html! {
            <div class="card tablewrap" ref={place}><table class="table compact">
                <thead><tr><th>{ common::SEGMENT }</th><th>{ text::WHO_IS_IN_IT }</th><th class="num">{ text::FLAGS_THAT_USE_IT }</th></tr></thead>
                <tbody>{ for document.segments.iter().enumerate().map(|(at, (key, segment))| html! {
                    <tr key={key.to_string()} class={classes!((cursor == Some(at)).then_some("is-focus"))} data-row={at.to_string()} data-test={format!("segment-{key}")}>
                        <td><Link<Route> to={to(key.as_str())} classes="key mono">{ key.to_string() }</Link<Route>>
                            if !segment.description.is_empty() { <small class="faint blk">{ &segment.description }</small> }</td>
                        <td class="wide" data-l={text::WHO_IS_IN_IT}><SentenceText sentence={rule::segment(segment)} /></td>
                        <td class="num" data-l={text::FLAGS_THAT_USE_IT}>{ flags_using(document, &Subject::Segment(key.to_string())) }</td>
                    </tr>
                }) }</tbody>
            </table></div>
        },
    };
    html! {
        <>
            <Head environment={props.environment.clone()} tab={Tab::Segments} />
            { body }
            <section class="card"><header><Icon name="plus" small=true /><h2>{ text::NEW_SEGMENT }</h2></header><div class="pad">
                <NewName label={common::NAME} placeholder={text::BETA_TESTERS} taken={keys} wrong={Callback::from(wrong)} {on_name} /></div></section>
        </>
    }
}

fn wrong(name: String) -> Option<String> {
    name.parse::<SegmentKey>().err().map(|why| why.to_string())
}

pub(super) fn flags_using(document: &FlagSet, subject: &Subject) -> String {
    let found = uses(document, subject);
    let mut keys: Vec<&str> = found
        .iter()
        .filter_map(|each| match &each.place {
            Place::Flag { key, .. } => Some(key.as_str()),
            Place::Segment(_) | Place::Kill { .. } => None,
        })
        .collect();
    keys.dedup();
    count(keys.len() as u64)
}
