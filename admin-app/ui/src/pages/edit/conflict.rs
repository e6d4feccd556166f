use super::editing::use_editing;
use super::review::Differences;
use crate::components::{Icon, Swatches};
use crate::hooks::use_history;
use crate::state::draft::conflict::merge;
use crate::state::draft::{Action, Doc, Draft};
use crate::state::history::Part;
use crate::words::difference::{Line, difference};
use crate::words::number::count;
use crate::words::text::edit as text;
use downhaul_core::document::Flag;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ConflictProps {
    /// What was changed, and by which revision.
    pub title: AttrValue,
    #[prop_or_default]
    pub who: Option<AttrValue>,
    pub draft: Draft,
    /// As it is published now, and at which revision.
    pub theirs: Value,
    pub revision: u64,
    /// What each of the two changed; none where that cannot be read.
    pub they_changed: Option<Vec<Line>>,
    pub you_changed: Option<Vec<Line>>,
    /// Said of a draft that cannot be read.
    pub unreadable: &'static str,
    #[prop_or_default]
    pub swatches: Swatches,
    pub on_drop: Callback<()>,
}

/// Someone has changed it since the draft was begun: both changes side by side, and how they can be put together.
#[function_component]
pub fn Conflict(props: &ConflictProps) -> Html {
    let editing = use_editing();
    let base = props.draft.base.clone().unwrap_or_default();
    let merged = props.draft.tree().map(|mine| merge(&base, &props.theirs, mine));
    let way = |label: &'static str, test: &'static str, class: &'static str, doc: Doc| {
        let (dispatch, base, revision) = (editing.dispatch.clone(), props.theirs.clone(), props.revision);
        let take = Callback::from(move |_: MouseEvent| {
            dispatch.dispatch(Action::Rebase { base: base.clone(), revision, doc: doc.clone() });
        });
        html! { <button type="button" class={classes!("btn", class)} data-test={test} onclick={take}>{ label }</button> }
    };
    let side = |title: &str, lines: &Option<Vec<Line>>, after: &'static str| {
        html! {
            <div class="stack s"><h3>{ title }</h3>
                if let Some(lines) = lines.clone() { <Differences {lines} swatches={props.swatches.clone()} before={text::WAS} {after} /> }
                else { <p class="small muted">{ props.unreadable }</p> }</div>
        }
    };
    let clashes = merged.as_ref().map(|merged| merged.clashes.as_slice()).unwrap_or_default();
    let ways = match &merged {
        Some(merged) if merged.clashes.is_empty() => {
            way(text::TAKE_BOTH, "conflict-both", "primary", Doc::Tree(merged.mine_first.clone()))
        }
        Some(merged) => {
            let (mine, theirs) = (merged.mine_first.clone(), merged.theirs_first.clone());
            html! {
                <>
                    { way(text::TAKE_BOTH_MINE_WHERE_THEY_CLASH, "conflict-mine", "primary", Doc::Tree(mine)) }
                    { way(text::TAKE_BOTH_THEIRS_WHERE_THEY_CLASH, "conflict-theirs", "", Doc::Tree(theirs)) }
                </>
            }
        }
        None => way(text::GO_ON_WITH_MY_TEXT_OVER, "conflict-text", "primary", props.draft.doc.clone()),
    };
    html! {
        <section class="card warn" role="alert" data-test="conflict">
            <header><Icon name="alert" /><h2>{ &props.title }</h2>if let Some(who) = &props.who { <p>{ who }</p> }</header>
            <div class="pad stack">
                <div class="cols c2">{ side(text::THEY_CHANGED, &props.they_changed, text::PUBLISHED) }{ side(text::YOU_CHANGED, &props.you_changed, text::YOUR_DRAFT) }</div>
                if !clashes.is_empty() { <p>{ text::both_changed_join(&clashes.join(", ")) }</p> } else if merged.is_some() { <p>{ text::THE_TWO_DO_NOT_TOUCH_BOTH }</p> }
                <div class="row wrap">{ ways }
                    <button type="button" class="btn quiet" data-test="conflict-drop" onclick={props.on_drop.reform(|_: MouseEvent| ())}>{ text::DROP_MY_DRAFT }</button></div>
                <p class="small faint">{ text::NOTHING_IS_LOST_CTRL_Z_BRINGS }</p>
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct FlagConflictProps {
    pub draft: Draft,
    pub theirs: Value,
    pub revision: u64,
    pub on_drop: Callback<()>,
}

/// The same of a flag, with who changed it and why.
#[function_component]
pub fn FlagConflict(props: &FlagConflictProps) -> Html {
    let editing = use_editing();
    let base = props.draft.base.clone().unwrap_or_default();
    let key = base.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (history, _) = use_history(Part::of_flag(key), 1);
    let who = history.changes.first().map(|change| {
        let who = change.actor_name.clone().unwrap_or_else(|| change.actor.clone());
        AttrValue::from(text::by_unwrap_or_else_reason(&who, &change.reason))
    });
    let was = flag(&base);
    let changed = |after: Option<Flag>| after.map(|after| difference(was.as_ref(), &after));
    let you_changed = changed(props.draft.tree().and_then(flag));
    html! {
        <Conflict title={text::revision_has_changed_this_flag_since(&count(props.revision))} {who} draft={props.draft.clone()} theirs={props.theirs.clone()} revision={props.revision} they_changed={changed(flag(&props.theirs))} {you_changed} unreadable={text::THE_DRAFT_IS_NOT_A_WHOLE} swatches={editing.swatches.clone()} on_drop={props.on_drop.clone()} />
    }
}

fn flag(value: &Value) -> Option<Flag> {
    serde_json::from_value(value.clone()).ok()
}
