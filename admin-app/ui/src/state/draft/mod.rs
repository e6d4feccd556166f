//! A flag that is being edited: pure, so that every step can be undone and nothing is lost.

pub mod around;
pub mod conflict;
pub mod edit;
pub mod kept;
pub mod make;
pub mod text;

#[cfg(test)]
mod tests;

pub use edit::Edit;

use serde_json::Value;
use std::rc::Rc;
use yew::Reducible;

/// What is edited: JSON in any state, also one that is no flag yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Doc {
    Tree(Value),
    /// Typed as text, and not JSON yet.
    Text(String),
}

/// A draft over what is published.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The definition that it began at; absent for a flag that is to be made.
    pub base: Option<Value>,
    /// The revision of the environment at which that was published.
    pub revision: u64,
    /// What it began as: the base, or what a new flag starts with.
    pub start: Doc,
    pub doc: Doc,
    past: Vec<Doc>,
    future: Vec<Doc>,
    /// Where the last edit was typed: another one there is undone together with it.
    typing: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// An edit that is undone by itself.
    Do(Edit),
    /// One of many at the same place, such as a letter or the step of a slider; they are undone together.
    Type(Edit),
    /// The field was left: what is typed next is undone apart.
    Settle,
    Undo,
    Redo,
    /// The draft is over this definition from now on, and has become `doc`.
    Rebase {
        base: Value,
        revision: u64,
        doc: Doc,
    },
    /// What is published was confirmed to be the base, at a later revision.
    Confirm {
        revision: u64,
    },
    /// Back to what it began as; can be undone.
    Drop,
}

impl Draft {
    /// Over a published definition.
    pub fn over(base: Value, revision: u64) -> Self {
        Draft { base: Some(base.clone()), ..Draft::new(base, revision) }
    }

    /// Of a flag that is to be made.
    pub fn new(start: Value, revision: u64) -> Self {
        let start = Doc::Tree(start);
        Draft { base: None, revision, doc: start.clone(), start, past: Vec::new(), future: Vec::new(), typing: None }
    }

    /// As it was kept, so that one undo leads back to where it began.
    pub fn resumed(base: Option<Value>, revision: u64, start: Doc, doc: Doc) -> Self {
        let past = if start == doc { Vec::new() } else { vec![start.clone()] };
        Draft { base, revision, start, doc, past, future: Vec::new(), typing: None }
    }

    pub fn is_changed(&self) -> bool {
        self.doc != self.start
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The JSON, unless a text stands there that is none.
    pub fn tree(&self) -> Option<&Value> {
        match &self.doc {
            Doc::Tree(tree) => Some(tree),
            Doc::Text(_) => None,
        }
    }

    /// As text: what was typed, or the JSON laid out.
    pub fn text(&self) -> String {
        match &self.doc {
            Doc::Tree(tree) => text::pretty(tree),
            Doc::Text(text) => text.clone(),
        }
    }

    fn become_doc(&mut self, doc: Doc, typing: Option<String>) {
        if doc == self.doc {
            return;
        }
        let goes_on = typing.is_some() && typing == self.typing && !self.past.is_empty();
        if !goes_on {
            self.past.push(self.doc.clone());
        }
        self.doc = doc;
        self.future.clear();
        self.typing = typing;
    }
}

impl Reducible for Draft {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut draft = (*self).clone();
        match action {
            Action::Do(edit) => {
                let doc = edit.apply(&draft.doc);
                draft.become_doc(doc, None);
            }
            Action::Type(edit) => {
                let (doc, place) = (edit.apply(&draft.doc), edit.place());
                draft.become_doc(doc, place);
            }
            Action::Settle => draft.typing = None,
            Action::Undo => {
                if let Some(doc) = draft.past.pop() {
                    draft.future.push(std::mem::replace(&mut draft.doc, doc));
                    draft.typing = None;
                }
            }
            Action::Redo => {
                if let Some(doc) = draft.future.pop() {
                    draft.past.push(std::mem::replace(&mut draft.doc, doc));
                    draft.typing = None;
                }
            }
            Action::Rebase { base, revision, doc } => {
                let is_edited = draft.is_changed();
                draft.start = Doc::Tree(base.clone());
                draft.base = Some(base);
                draft.revision = revision;
                if is_edited {
                    draft.become_doc(doc, None);
                } else {
                    // Nobody's edit: there is nothing to undo.
                    draft.doc = doc;
                }
            }
            Action::Confirm { revision } => draft.revision = draft.revision.max(revision),
            Action::Drop => {
                let start = draft.start.clone();
                draft.become_doc(start, None);
            }
        }
        draft.into()
    }
}
