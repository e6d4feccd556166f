use crate::components::{Icon, Swatches};
use crate::pages::edit::{Differences, use_editing};
use crate::state::definition::Subject;
use crate::state::draft::conflict::merge;
use crate::state::draft::{Action, Doc, Draft};
use crate::words::definition::lines;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::define as text;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct MovedProps {
    pub subject: Subject,
    pub draft: Draft,
    /// As it is published now, and at which revision.
    pub theirs: Value,
    pub revision: u64,
    pub on_drop: Callback<()>,
}

/// Someone has changed it since the draft was begun: both changes side by side, and how they can be put together.
#[function_component]
pub fn Moved(props: &MovedProps) -> Html {
    let editing = use_editing();
    let base = props.draft.base.clone().unwrap_or_default();
    let mine = props.draft.tree().cloned();
    let take = |doc: Value| {
        let (dispatch, base, revision) = (editing.dispatch.clone(), props.theirs.clone(), props.revision);
        Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(Action::Rebase { base: base.clone(), revision, doc: Doc::Tree(doc.clone()) });
        })
    };
    let side = |title: &str, after: Option<&Value>, name: &'static str| {
        html! {
            <div class="stack s"><h3>{ title }</h3>
                if let Some(after) = after { <Differences lines={lines(&props.subject, Some(&base), after)} swatches={Swatches::default()} before={text::WAS} after={name} /> }
                else { <p class="small muted">{ text::THE_DRAFT_IS_NO_JSON_YET }</p> }</div>
        }
    };
    let merged = mine.as_ref().map(|mine| merge(&base, &props.theirs, mine));
    html! {
        <section class="card warn" role="alert" data-test="conflict">
            <header><Icon name="alert" /><h2>{ text::was_changed_since_you_began_by(&capital(&props.subject.words()), &count(props.revision)) }</h2></header>
            <div class="pad stack">
                <div class="cols c2">{ side(text::THEY_CHANGED, Some(&props.theirs), text::PUBLISHED) }{ side(text::YOU_CHANGED, mine.as_ref(), text::YOUR_DRAFT) }</div>
                if let Some(merged) = merged {
                    if merged.clashes.is_empty() {
                        <p>{ common::THE_TWO_DO_NOT_TOUCH_BOTH }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-both" onclick={take(merged.mine_first)}>{ text::TAKE_BOTH }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                    } else {
                        <p>{ text::both_changed_join(&merged.clashes.join(", ")) }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-mine" onclick={take(merged.mine_first)}>{ common::TAKE_BOTH_MINE_WHERE_THEY_CLASH }</button>
                            <button type="button" class="btn" data-test="conflict-theirs" onclick={take(merged.theirs_first)}>{ common::TAKE_BOTH_THEIRS_WHERE_THEY_CLASH }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                    }
                } else {
                    <div class="row"><button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                }
                <p class="small faint">{ common::NOTHING_IS_LOST_CTRL_Z_BRINGS }</p>
            </div>
        </section>
    }
}

fn capital(text: &str) -> String {
    crate::words::message::sentence(text)
}
