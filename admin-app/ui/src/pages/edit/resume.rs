use crate::components::Icon;
use crate::hooks::clock;
use crate::state::draft::kept::Kept;
use crate::words::number::count;
use crate::words::time::ago;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ResumeProps {
    pub kept: Kept,
    /// As it is published now; absent for a flag that is to be made.
    pub published: Option<Value>,
    pub on_resume: Callback<()>,
    pub on_drop: Callback<()>,
}

/// A draft that was kept in this browser: to go on with, or to drop.
#[function_component]
pub fn Resume(props: &ResumeProps) -> Html {
    let moved = props.published.is_some() && props.kept.base != props.published;
    html! {
        <section class="card" data-test="resume">
            <div class="empty" role="alertdialog" aria-label="A draft is kept here">
                <Icon name="undo" class="large" />
                <h2>{ format!("You left a draft here, {}", ago(clock::now() - props.kept.at)) }</h2>
                <p>{ if props.kept.base.is_some() { format!("It was begun over revision {}.", count(props.kept.revision)) } else { "It is of a flag that was not published.".to_owned() } }
                    if moved { <b>{ " The flag has been changed since; you will see both side by side." }</b> }</p>
                <div class="row">
                    <button type="button" class="btn quiet" data-test="resume-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop it" }</button>
                    <button type="button" class="btn primary" data-test="resume-go-on" onclick={props.on_resume.reform(|_: MouseEvent| ())}>{ "Go on with it" }</button>
                </div>
            </div>
        </section>
    }
}
