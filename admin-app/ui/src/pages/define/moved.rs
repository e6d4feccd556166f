use crate::pages::edit::Conflict;
use crate::state::definition::Subject;
use crate::state::draft::Draft;
use crate::words::definition::lines;
use crate::words::message::sentence;
use crate::words::number::count;
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

/// Someone has changed it since the draft was begun.
#[function_component]
pub fn Moved(props: &MovedProps) -> Html {
    let base = props.draft.base.clone().unwrap_or_default();
    let changed = |after: &Value| lines(&props.subject, Some(&base), after);
    let title = text::was_changed_since_you_began_by(&sentence(&props.subject.words()), &count(props.revision));
    html! {
        <Conflict {title} draft={props.draft.clone()} theirs={props.theirs.clone()} revision={props.revision} they_changed={changed(&props.theirs)} you_changed={props.draft.tree().map(changed)} unreadable={text::THE_DRAFT_IS_NO_JSON_YET} on_drop={props.on_drop.clone()} />
    }
}
