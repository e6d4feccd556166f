use super::fields::{At, Reader};
use super::place::{Files, locate};
use super::{DEPTH_LIMIT, Format, Outcome, parse};
use crate::diagnostic::Diagnostic;
use serde_json::Value;

/// A document of another kind, such as a release, under the same rules as a flag set: JSON or YAML, no key twice, no more
/// than so deep. `read` makes it from plain JSON; what it finds wrong is placed in the text by its JSON pointers.
///
/// # Errors
/// Everything that is wrong with it, warnings included.
pub fn other<T>(text: &str, format: Format, read: impl FnOnce(&Value) -> (Option<T>, Vec<Diagnostic>)) -> Outcome<T> {
    let files = Files::unnamed(text);
    let node = parse(text, format, 0, DEPTH_LIMIT).map_err(|mut diagnostic| {
        files.fill_positions(std::slice::from_mut(&mut diagnostic));
        vec![diagnostic]
    })?;
    let mut reader = Reader::new(&files);
    let json = reader.json(&node, At::ROOT);
    let mut diagnostics = reader.into_diagnostics();
    let mut value = None;
    if !diagnostics.iter().any(Diagnostic::is_error) {
        let (made, mut found) = read(&json);
        for diagnostic in &mut found {
            let range = locate(&node, &diagnostic.place.pointer);
            files.put(diagnostic, range);
        }
        diagnostics.extend(found);
        value = made;
    }
    files.fill_positions(&mut diagnostics);
    match value {
        Some(value) if !diagnostics.iter().any(Diagnostic::is_error) => Ok((value, diagnostics)),
        _ => Err(diagnostics),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_the_text() {
        let text = "name: shop\nparts:\n  - size: 3\n";
        let read = |json: &Value| {
            assert_eq!(json["parts"][0]["size"], 3);
            (None::<()>, vec![Diagnostic::error("number-out-of-range", "/parts/0/size", "the part is too small")])
        };
        let problems = other(text, Format::Yaml, read).unwrap_err();
        let span = problems[0].place.span.unwrap();
        assert_eq!((span.line, span.column, text.get(span.start..span.end)), (3, 11, Some("3")));
    }

    #[test]
    fn a_key_twice_is_refused_before_it_is_read() {
        let read = |_: &Value| -> (Option<()>, Vec<Diagnostic>) { panic!("not reached") };
        let problems = other(r#"{ "a": 1, "a": 2 }"#, Format::Json, read).unwrap_err();
        assert_eq!(problems.iter().map(|each| each.code.as_str()).collect::<Vec<_>>(), ["duplicate-key"]);
    }
}
