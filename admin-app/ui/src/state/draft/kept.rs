//! How a draft is kept in the browser, so that it survives a crash.

use super::{Doc, Draft};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the form; another one is left alone.
const FORM: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    form: u32,
    pub base: Option<Value>,
    pub revision: u64,
    start: KeptDoc,
    doc: KeptDoc,
    /// Epoch milliseconds.
    pub at: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeptDoc {
    Tree(Value),
    Text(String),
}

/// Under which it is kept; `key` is empty for a flag that is to be made.
pub fn place(environment: &str, key: &str) -> String {
    format!("downhaul.draft/{environment}/{key}")
}

impl Kept {
    pub fn of(draft: &Draft, at: f64) -> Self {
        Kept {
            form: FORM,
            base: draft.base.clone(),
            revision: draft.revision,
            start: keep(&draft.start),
            doc: keep(&draft.doc),
            at,
        }
    }

    /// `None` for what was kept by another version of the console, or by something else.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str::<Kept>(text).ok().filter(|kept| kept.form == FORM)
    }

    pub fn into_draft(self) -> Draft {
        Draft::resumed(self.base, self.revision, give(self.start), give(self.doc))
    }
}

fn keep(doc: &Doc) -> KeptDoc {
    match doc {
        Doc::Tree(tree) => KeptDoc::Tree(tree.clone()),
        Doc::Text(text) => KeptDoc::Text(text.clone()),
    }
}

fn give(doc: KeptDoc) -> Doc {
    match doc {
        KeptDoc::Tree(tree) => Doc::Tree(tree),
        KeptDoc::Text(text) => Doc::Text(text),
    }
}
