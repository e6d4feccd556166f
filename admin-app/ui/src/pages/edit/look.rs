//! What the editor works out of a document and of a draft, before anything is drawn.

use crate::hooks::{Ahead, clock};
use crate::state::Shared;
use crate::state::context_draft::all_attributes_read;
use crate::state::draft::around::around;
use crate::state::draft::{Doc, Draft, Edit};
use crate::words::text::edit as text;
use downhaul_core::check::{CheckedFlag, check_flag};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::read::Format;
use serde_json::Value;
use std::rc::Rc;

/// What only the document decides.
pub struct Known {
    pub published: Option<Rc<Flag>>,
    pub published_json: Option<Value>,
    /// Attributes that rules of this environment read.
    pub attributes: Rc<[String]>,
}

impl Known {
    pub fn of(document: &FlagSet, flag: Option<&str>) -> Self {
        let published = flag.and_then(|key| document.flag(key)).cloned().map(Rc::new);
        let published_json = published.as_deref().and_then(|flag| serde_json::to_value(flag).ok());
        Known { published, published_json, attributes: all_attributes_read(document).into() }
    }
}

/// The published flag set, as far as it matters, without kills: they are set aside, as the server does when it judges.
pub struct Before {
    pub document: Shared<FlagSet>,
    pub text: Rc<str>,
}

impl Before {
    pub fn of(document: &FlagSet, key: Option<&str>, draft: Option<&Value>) -> Self {
        let around = around(document, key.unwrap_or_default(), draft);
        let before = FlagSet { kills: Vec::new(), ..around };
        let text = serde_json::to_string(&before).unwrap_or_default().into();
        Before { document: Shared::new(before), text }
    }
}

/// What has been worked out of a draft.
pub struct Looked {
    /// The flag as JSON, or what is typed instead.
    pub text: Rc<str>,
    pub checked: CheckedFlag,
    /// With the draft in it.
    pub after: Option<Shared<FlagSet>>,
}

pub fn look(document: &FlagSet, before: &FlagSet, key: Option<&str>, draft: &Draft) -> Looked {
    let today = crate::words::time::iso_day(clock::now());
    let text = match draft.tree() {
        Some(tree) => tree.to_string(),
        None => draft.text(),
    };
    let mut checked = check_flag(before, key, &text, Format::Json, Some(&today));
    if key.is_none() {
        checked.diagnostics.extend(taken(document, draft.tree()));
        if checked.diagnostics.iter().any(Diagnostic::is_error) {
            checked.valid = None;
        }
    }
    let after = checked.valid.as_ref().map(|valid| Shared::new(valid.document().clone()));
    Looked { text: text.into(), checked, after }
}

/// Has an edit replayed before it is checked and drawn, unless it changes with what the flag has to do: the worker then gets
/// another flag set first.
pub fn foretell(ahead: &Ahead, draft: &Draft, edit: &Edit) {
    let Doc::Tree(tree) = edit.apply(&draft.doc) else { return };
    let is_alike = draft.tree().is_some_and(|before| before.get("requires") == tree.get("requires") && *before != tree);
    if is_alike && !matches!(&draft.start, Doc::Tree(start) if *start == tree) {
        ahead.ask(tree.to_string().into());
    }
}

/// A key that is used, or was.
fn taken(document: &FlagSet, draft: Option<&Value>) -> Option<Diagnostic> {
    let key = draft?.get("key")?.as_str()?;
    let taken = |message: String, help: &str| Some(Diagnostic::error("duplicate-flag", "/key", message).help(help));
    if document.flag(key).is_some() {
        return taken(text::there_is_a_flag_already(&key), text::TAKE_ANOTHER_KEY_OR_EDIT_THAT);
    }
    let date = document.retired.get(key)?;
    taken(text::was_retired_on_and_a_key(&key, &date), text::TAKE_ANOTHER_KEY)
}
