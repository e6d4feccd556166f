use super::editing::use_editing;
use super::review::Differences;
use crate::components::Icon;
use crate::hooks::use_history;
use crate::state::draft::conflict::merge;
use crate::state::draft::{Action, Doc, Draft};
use crate::state::history::Part;
use crate::words::difference::{Line, difference};
use crate::words::number::count;
use downhaul_core::document::Flag;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ConflictProps {
    pub draft: Draft,
    /// As it is published now, and at which revision.
    pub theirs: Value,
    pub revision: u64,
    pub on_drop: Callback<()>,
}

fn flag(value: &Value) -> Option<Flag> {
    serde_json::from_value(value.clone()).ok()
}

fn lines(before: Option<&Flag>, after: Option<&Flag>) -> Option<Vec<Line>> {
    Some(difference(before, after?))
}

/// Someone has changed the flag since the draft was begun: both changes side by side, and how they can be put together.
#[function_component]
pub fn Conflict(props: &ConflictProps) -> Html {
    let editing = use_editing();
    let base = props.draft.base.clone().unwrap_or_default();
    let key = base.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (history, _) = use_history(Part::of_flag(key), 1);
    let who = history.changes.first().map(|change| {
        format!(" by {}: “{}”", change.actor_name.clone().unwrap_or_else(|| change.actor.clone()), change.reason)
    });
    let was = flag(&base);
    let (theirs, mine) = (flag(&props.theirs), props.draft.tree().and_then(flag));
    let merged = props.draft.tree().map(|mine| merge(&base, &props.theirs, mine));
    let take = |doc: Doc| {
        let (dispatch, base, revision) = (editing.dispatch.clone(), props.theirs.clone(), props.revision);
        Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(Action::Rebase { base: base.clone(), revision, doc: doc.clone() });
        })
    };
    let side = |title: &str, lines: Option<Vec<Line>>, after: &'static str| {
        html! {
            <div class="stack s"><h3>{ title }</h3>
                if let Some(lines) = lines { <Differences {lines} swatches={editing.swatches.clone()} before="Was" {after} /> }
                else { <p class="small muted">{ "The draft is not a whole flag yet; it is kept as it is." }</p> }</div>
        }
    };
    html! {
        <section class="card warn" role="alert" data-test="conflict">
            <header><Icon name="alert" /><h2>{ format!("Revision {} has changed this flag since you began", count(props.revision)) }</h2><p>{ who }</p></header>
            <div class="pad stack">
                <div class="cols c2">
                    { side("They changed", lines(was.as_ref(), theirs.as_ref()), "Published") }
                    { side("You changed", lines(was.as_ref(), mine.as_ref()), "Your draft") }
                </div>
                if let Some(merged) = merged {
                    if merged.clashes.is_empty() {
                        <p>{ "The two do not touch. Both together are one edit." }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-both" onclick={take(Doc::Tree(merged.mine_first.clone()))}>{ "Take both" }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                    } else {
                        <p>{ format!("Both changed {}.", merged.clashes.join(", ")) }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-mine" onclick={take(Doc::Tree(merged.mine_first.clone()))}>{ "Take both, mine where they clash" }</button>
                            <button type="button" class="btn" data-test="conflict-theirs" onclick={take(Doc::Tree(merged.theirs_first.clone()))}>{ "Take both, theirs where they clash" }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                    }
                } else {
                    <div class="row wrap"><button type="button" class="btn primary" onclick={take(props.draft.doc.clone())}>{ "Go on with my text over theirs" }</button>
                        <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ "Drop my draft" }</button></div>
                }
                <p class="small faint">{ "Nothing is lost: Ctrl Z brings your draft back." }</p>
            </div>
        </section>
    }
}
