use super::{Doc, text};
use serde_json::{Map, Value};

/// One step of editing, on JSON. What does not fit the document changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Puts a value at a JSON pointer, in the place of what stands there or as a new member.
    Put {
        at: String,
        value: Value,
    },
    Remove {
        at: String,
    },
    /// Puts an element into a list, which is made if it is not there.
    Insert {
        list: String,
        at: usize,
        value: Value,
    },
    /// Takes an element of a list to another place in it.
    Move {
        list: String,
        from: usize,
        to: usize,
    },
    /// The whole document as text.
    Text(String),
    /// Several as one.
    All(Vec<Edit>),
}

/// Lists that a document leaves out where nothing is in them.
const LEFT_OUT: [&str; 4] = ["rules", "requires", "when", "unaffected"];

impl Edit {
    pub fn put(at: impl Into<String>, value: impl Into<Value>) -> Edit {
        Edit::Put { at: at.into(), value: value.into() }
    }

    pub fn remove(at: impl Into<String>) -> Edit {
        Edit::Remove { at: at.into() }
    }

    /// Where it is, for edits of the same place to be told.
    pub fn place(&self) -> Option<String> {
        match self {
            Edit::Put { at, .. } | Edit::Remove { at } => Some(at.clone()),
            Edit::Insert { list, .. } | Edit::Move { list, .. } => Some(list.clone()),
            Edit::Text(_) => Some("text".to_owned()),
            Edit::All(edits) => edits.first().and_then(Edit::place),
        }
    }

    pub fn apply(&self, doc: &Doc) -> Doc {
        match (self, doc) {
            (Edit::Text(typed), _) => match text::parse(typed) {
                Ok(tree) => Doc::Tree(tree),
                Err(_) => Doc::Text(typed.clone()),
            },
            (Edit::All(edits), _) => edits.iter().fold(doc.clone(), |doc, edit| edit.apply(&doc)),
            (_, Doc::Text(_)) => doc.clone(),
            (edit, Doc::Tree(tree)) => {
                let mut tree = tree.clone();
                edit.on_tree(&mut tree);
                Doc::Tree(tree)
            }
        }
    }

    fn on_tree(&self, tree: &mut Value) {
        match self {
            Edit::Put { at, value } => put(tree, at, value.clone()),
            Edit::Remove { at } => remove(tree, at),
            Edit::Insert { list, at, value } => {
                if tree.pointer(list).is_none() {
                    put(tree, list, Value::Array(Vec::new()));
                }
                if let Some(Value::Array(items)) = tree.pointer_mut(list) {
                    items.insert((*at).min(items.len()), value.clone());
                }
            }
            Edit::Move { list, from, to } => {
                if let Some(Value::Array(items)) = tree.pointer_mut(list)
                    && *from < items.len()
                    && *to < items.len()
                {
                    let item = items.remove(*from);
                    items.insert(*to, item);
                }
            }
            Edit::Text(_) | Edit::All(_) => {}
        }
    }
}

/// A step further down from a pointer; `name` is a member's name or an index.
pub fn step(pointer: &str, name: impl ToString) -> String {
    format!("{pointer}/{}", name.to_string().replace('~', "~0").replace('/', "~1"))
}

fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    Some((parent, name.replace("~1", "/").replace("~0", "~")))
}

fn put(tree: &mut Value, at: &str, value: Value) {
    let Some((parent, name)) = split(at) else {
        if at.is_empty() {
            *tree = value;
        }
        return;
    };
    if tree.pointer(parent).is_none() {
        put(tree, parent, Value::Object(Map::new()));
    }
    match tree.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => {
            if let Some(place) = name.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *place = value;
            }
        }
        Some(_) | None => {}
    }
}

fn remove(tree: &mut Value, at: &str) {
    let Some((parent, name)) = split(at) else { return };
    let mut is_empty = false;
    match tree.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&name);
        }
        Some(Value::Array(items)) => {
            if let Some(index) = name.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
                is_empty = items.is_empty();
            }
        }
        Some(_) | None => {}
    }
    let is_left_out = split(parent).is_some_and(|(_, list)| LEFT_OUT.contains(&list.as_str()));
    if is_empty && is_left_out {
        remove(tree, parent);
    }
}
