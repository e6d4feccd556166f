use crate::components::{Icon, Swatches};
use crate::pages::edit::{Differences, use_editing};
use crate::state::definition::Subject;
use crate::state::draft::conflict::merge;
use crate::state::draft::{Action, Doc, Draft};
use crate::words::definition::lines;
use crate::words::number::count;
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
                if let Some(after) = after { <Differences lines={lines(&props.subject, Some(&base), after)} swatches={Swatches::default()} before="Was" after={name} /> }
                else { <p class="small muted">{ "The draft is no JSON yet; it is kept as it is." }</p> }</div>
        }
    };
    let merged = mine.as_ref().map(|mine| merge(&base, &props.theirs, mine));
    html! {
        <section class="card warn" role="alert" data-test="conflict">
            <header><Icon name="alert" /><h2>{ format!("{} was changed since you began, by revision {}", capital(&props.subject.words()), count(props.revision)) }</h2></header>
            <div class="pad stack">
                <div class="cols c2">{ side("They changed", Some(&props.theirs), "Published") }{ side("You changed", mine.as_ref(), "Your draft") }</div>
                if let Some(merged) = merged {
                    if merged.clashes.is_empty() {
                        <p>{ "The two do not touch. Both together are one edit." }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-both" onclick={take(merged.mine_first)}>{ "Take both" }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                    } else {
                        <p>{ format!("Both changed {}.", merged.clashes.join(", ")) }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-mine" onclick={take(merged.mine_first)}>{ "Take both, mine where they clash" }</button>
                            <button type="button" class="btn" data-test="conflict-theirs" onclick={take(merged.theirs_first)}>{ "Take both, theirs where they clash" }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                    }
                } else {
                    <div class="row"><button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                }
                <p class="small faint">{ "Nothing is lost: Ctrl Z brings your draft back." }</p>
            </div>
        </section>
    }
}

fn capital(text: &str) -> String {
    crate::words::message::sentence(text)
}
