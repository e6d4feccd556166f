//! Attributes as rules name them, found in columns as the evaluator finds them in contexts.

use super::Population;
use super::column::Column;
use super::dictionary::Interner;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The columns that have a say in what a name gives, in the order in which they are asked.
struct Sources<'a> {
    /// The name is a key of the context: its value, or what lies within it.
    own: Option<&'a Arc<Column>>,
    own_within: Vec<&'a Column>,
    /// The name is a path through objects.
    nested: Option<&'a Arc<Column>>,
    nested_within: Vec<&'a Column>,
}

impl Population {
    /// What each row has for a name; `None` where no row has anything.
    ///
    /// Where a row has an object there, the value is `{}`: rules do not look at objects.
    pub fn attribute(&self, name: &str) -> Option<Arc<Column>> {
        let sources = self.sources(name);
        match sources {
            Sources { own: None, nested: None, ref own_within, ref nested_within }
                if own_within.is_empty() && nested_within.is_empty() =>
            {
                None
            }
            Sources { own: Some(only), nested: None, ref own_within, ref nested_within }
            | Sources { own: None, nested: Some(only), ref own_within, ref nested_within }
                if own_within.is_empty() && nested_within.is_empty() =>
            {
                Some(Arc::clone(only))
            }
            sources => Some(Arc::new(self.combined(name, &sources))),
        }
    }

    fn sources(&self, name: &str) -> Sources<'_> {
        let path: Vec<&str> = name.split('.').collect();
        let mut sources = Sources { own: None, own_within: Vec::new(), nested: None, nested_within: Vec::new() };
        for column in &self.columns {
            if column.path().first().is_some_and(|first| first == name) {
                match column.path() {
                    [_] => sources.own = Some(column),
                    _ => sources.own_within.push(column),
                }
            } else if path.len() > 1 && column.path().iter().zip(&path).all(|(key, wanted)| key == wanted) {
                match column.path().len().cmp(&path.len()) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => sources.nested = Some(column),
                    std::cmp::Ordering::Greater => sources.nested_within.push(column),
                }
            }
        }
        sources
    }

    fn combined(&self, name: &str, sources: &Sources<'_>) -> Column {
        let mut interner = Interner::default();
        let mut known: BTreeMap<(Source, u32), u32> = BTreeMap::new();
        let has =
            |columns: &[&Column], row| columns.iter().any(|column| column.code(row).is_some_and(|code| code != 0));
        let code =
            |column: Option<&Arc<Column>>, row| column.and_then(|column| column.code(row)).filter(|code| *code != 0);
        let codes = (0..self.rows).map(|row| {
            let found = if let Some(code) = code(sources.own, row) {
                (Source::Own, code)
            } else if has(&sources.own_within, row) {
                (Source::Object, 0)
            } else if let Some(code) = code(sources.nested, row) {
                (Source::Nested, code)
            } else if has(&sources.nested_within, row) {
                (Source::Object, 0)
            } else {
                return 0;
            };
            *known.entry(found).or_insert_with(|| {
                let value = match found {
                    (Source::Own, code) => sources.own.and_then(|column| column.dictionary().value(code)),
                    (Source::Nested, code) => sources.nested.and_then(|column| column.dictionary().value(code)),
                    (Source::Object, _) => None,
                };
                interner.intern_value(&value.unwrap_or_else(|| Value::Object(Map::new()))).0
            })
        });
        let codes = codes.collect();
        Column::new(vec![name.to_owned()], codes, interner.finish())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Own,
    Nested,
    Object,
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Limits};
    use super::*;
    use downhaul_core::prepare::look_up;
    use proptest::prelude::*;
    use serde_json::json;

    /// Objects count as objects, whatever is in them.
    fn seen(value: &Value) -> Value {
        if value.is_object() { json!({}) } else { value.clone() }
    }

    fn check(contexts: &[Map<String, Value>], names: &[&str]) {
        let mut builder = Builder::new(&Limits::default());
        contexts.iter().for_each(|context| builder.push(context, 1.0).unwrap());
        let population = builder.finish();
        for (row, context) in contexts.iter().enumerate() {
            assert_eq!(&population.context(row), context);
            for name in names {
                let column = population.attribute(name);
                let found = column.as_ref().and_then(|column| column.dictionary().value(column.code(row).unwrap()));
                assert_eq!(found, look_up(context, name).map(seen), "{name} {context:?}");
            }
        }
    }

    #[test]
    fn the_own_key_goes_before_the_path() {
        let contexts = [
            json!({ "app": { "version": "2" } }),
            json!({ "app": { "version": "2" }, "app.version": "1" }),
            json!({ "app": { "version": "2" }, "app.version": null }),
            json!({ "app": { "version": { "major": 2 } } }),
            json!({ "app": "x" }),
            json!({ "app": {} }),
            json!({ "app": null }),
            json!({ "app": { "version.major": 1, "version": [1] } }),
            json!({ "app.version": { "major": 3 } }),
            json!({}),
        ];
        let contexts = contexts.map(|context| context.as_object().unwrap().clone());
        check(&contexts, &["app", "app.version", "app.version.major", "version", "", ".", "app.", "app..version"]);
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(null)), Just(json!("x")), Just(json!(1)), Just(json!([])), Just(json!({}))];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop::collection::btree_map(prop::sample::select(vec!["a", "b", "a.b", "", "b."]), inner, 0..3)
                .prop_map(|members| json!(members))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn names_give_what_they_give_in_the_context(contexts in prop::collection::vec(tree(), 0..6)) {
            let contexts: Vec<_> = contexts.iter().filter_map(Value::as_object).cloned().collect();
            check(&contexts, &["a", "b", "a.b", "a.b.a", "b.a.b", "a.a", "", "a.", ".a", "b..a", "a.b.", "b."]);
        }
    }
}
