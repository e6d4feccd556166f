use super::use_document;
use crate::components::Icon;
use crate::hooks::use_document_title;
use crate::pages::define::{DefinitionEditor, Part, Removal, UsedBy};
use crate::pages::edit::{Conditions, TextField, problems_html, text_at, use_editing};
use crate::route::Route;
use crate::state::definition::Subject;
use crate::state::draft::Edit;
use crate::words::number::counted;
use crate::words::text::audience as text;
use crate::words::text::common;
use serde_json::Value;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SegmentProps {
    pub environment: AttrValue,
    pub segment: String,
}

/// One segment: who is in it, who uses it, and whom a change moves. One that is not there is made here.
#[function_component]
pub fn Segment(props: &SegmentProps) -> Html {
    use_document_title(text::segment_segment(&props.segment));
    let subject = Subject::Segment(props.segment.clone());
    let back = Route::Segments { environment: props.environment.to_string() };
    let head = html! {
        <div class="pagehead"><div class="grow">
            <div class="crumbs"><Link<Route> to={back.clone()}>{ common::SEGMENTS }</Link<Route>><Icon name="right" small=true /><span>{ &props.segment }</span></div>
            <h1 class="mono">{ &props.segment }</h1>
        </div></div>
    };
    let document = match use_document(text::THE_SEGMENT) {
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
    let form: Part = Callback::from(|segment: Value| html! { <Form {segment} /> });
    let revision = document.revision;
    html! { <DefinitionEditor environment={props.environment.clone()} {subject} {document} {published} {revision} {form} {back} {head} {foot} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct FormProps {
    segment: Value,
}

#[function_component]
fn Form(props: &FormProps) -> Html {
    let segment = &props.segment;
    html! {
        <>
            <section class="card"><header><h2>{ text::WHO_IS_IN_IT }</h2><p>{ text::WHOEVER_ALL_OF_THESE_HOLD_FOR }</p></header>
                <div class="pad stack">
                    <Conditions at="/when" conditions={segment.get("when").cloned().unwrap_or_default()} joined={text::AND} test="segment-condition" />
                    <div class="cols c2">
                        <People at="/include" label={text::ALWAYS_IN_IT} help={text::ONE_TARGETINGKEY_A_LINE} value={segment.get("include").cloned().unwrap_or_default()} />
                        <People at="/exclude" label={text::NEVER_IN_IT} help={text::ONE_TARGETINGKEY_A_LINE_GOES_BEFORE} value={segment.get("exclude").cloned().unwrap_or_default()} />
                    </div>
                </div>
            </section>
            <section class="card"><div class="pad"><TextField at="/description" label={text::WHAT_IT_IS_FOR} value={text_at(segment, "description").to_owned()} optional=true long=true /></div></section>
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct PeopleProps {
    at: &'static str,
    label: &'static str,
    help: &'static str,
    value: Value,
}

/// A list of people, one a line, as it comes out of other tables.
#[function_component]
fn People(props: &PeopleProps) -> Html {
    let editing = use_editing();
    let typed = use_state(|| None::<String>);
    let listed: Vec<&str> = props.value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let count = listed.len();
    // What is typed stays as it is typed while the field has the focus: an empty line is the next person's.
    let shown = match &*typed {
        Some(text) if lines(text) == listed => text.clone(),
        _ => listed.join("\n"),
    };
    let rows = (count + 1).clamp(3, 12).to_string();
    let id = format!("field{}", props.at.replace('/', "-"));
    let on_input = {
        let (editing, typed, at) = (editing.clone(), typed.clone(), props.at);
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlTextAreaElement>().value();
            let listed: Vec<Value> = lines(&text).into_iter().map(Value::from).collect();
            editing.typed(if listed.is_empty() { Edit::remove(at) } else { Edit::put(at, listed) });
            typed.set(Some(text));
        })
    };
    let on_blur = {
        let (typed, settle) = (typed.clone(), editing.settle());
        Callback::from(move |_: FocusEvent| {
            typed.set(None);
            settle.emit(());
        })
    };
    html! {
        <div class="field">
            <label for={id.clone()}>{ props.label }<span class="faint">{ if count > 0 { format!(", {}", counted(count, text::PERSON, text::PEOPLE)) } else { String::new() } }</span></label>
            <textarea class="textarea mono" {id} {rows} value={shown} oninput={on_input} onblur={on_blur} spellcheck="false" data-test={format!("edit{}", props.at.replace('/', "-"))} data-at={props.at}
                aria-invalid={editing.problems.is_wrong(props.at).to_string()} />
            <span class="help">{ props.help }</span>
            { problems_html(&editing, props.at) }
        </div>
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}
