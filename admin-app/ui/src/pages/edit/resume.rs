use crate::components::Icon;
use crate::hooks::clock;
use crate::state::draft::kept::Kept;
use crate::words::number::count;
use crate::words::text::edit as text;
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
            <div class="empty" role="alertdialog" aria-label={text::A_DRAFT_IS_KEPT_HERE}>
                <Icon name="undo" class="large" />
                <h2>{ text::you_left_a_draft_here(&ago(clock::now() - props.kept.at)) }</h2>
                <p>{ if props.kept.base.is_some() { text::it_was_begun_over_revision(&count(props.kept.revision)) } else { text::IT_IS_OF_A_FLAG_THAT.to_owned() } }
                    if moved { <b>{ text::THE_FLAG_HAS_BEEN_CHANGED_SINCE }</b> }</p>
                <div class="row">
                    <button type="button" class="btn quiet" data-test="resume-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_IT }</button>
                    <button type="button" class="btn primary" data-test="resume-go-on" onclick={props.on_resume.reform(|_: MouseEvent| ())}>{ text::GO_ON_WITH_IT }</button>
                </div>
            </div>
        </section>
    }
}
