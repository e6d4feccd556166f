use super::editing::use_editing;
use super::review::Differences;
use crate::components::Icon;
use crate::hooks::use_history;
use crate::state::draft::conflict::merge;
use crate::state::draft::{Action, Doc, Draft};
use crate::state::history::Part;
use crate::words::difference::{Line, difference};
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::edit as text;
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
        text::by_unwrap_or_else_reason(
            &change.actor_name.clone().unwrap_or_else(|| change.actor.clone()),
            &change.reason,
        )
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
                if let Some(lines) = lines { <Differences {lines} swatches={editing.swatches.clone()} before={text::WAS} {after} /> }
                else { <p class="small muted">{ text::THE_DRAFT_IS_NOT_A_WHOLE }</p> }</div>
        }
    };
    html! {
        <section class="card warn" role="alert" data-test="conflict">
            <header><Icon name="alert" /><h2>{ text::revision_has_changed_this_flag_since(&count(props.revision)) }</h2><p>{ who }</p></header>
            <div class="pad stack">
                <div class="cols c2">
                    { side(text::THEY_CHANGED, lines(was.as_ref(), theirs.as_ref()), text::PUBLISHED) }
                    { side(text::YOU_CHANGED, lines(was.as_ref(), mine.as_ref()), text::YOUR_DRAFT) }
                </div>
                if let Some(merged) = merged {
                    if merged.clashes.is_empty() {
                        <p>{ common::THE_TWO_DO_NOT_TOUCH_BOTH }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-both" onclick={take(Doc::Tree(merged.mine_first.clone()))}>{ text::TAKE_BOTH }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                    } else {
                        <p>{ text::both_changed_join(&merged.clashes.join(", ")) }</p>
                        <div class="row wrap"><button type="button" class="btn primary" data-test="conflict-mine" onclick={take(Doc::Tree(merged.mine_first.clone()))}>{ common::TAKE_BOTH_MINE_WHERE_THEY_CLASH }</button>
                            <button type="button" class="btn" data-test="conflict-theirs" onclick={take(Doc::Tree(merged.theirs_first.clone()))}>{ common::TAKE_BOTH_THEIRS_WHERE_THEY_CLASH }</button>
                            <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                    }
                } else {
                    <div class="row wrap"><button type="button" class="btn primary" onclick={take(props.draft.doc.clone())}>{ text::GO_ON_WITH_MY_TEXT_OVER }</button>
                        <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                }
                <p class="small faint">{ common::NOTHING_IS_LOST_CTRL_Z_BRINGS }</p>
            </div>
        </section>
    }
}
