//! Documents, in JSON and in YAML.

use super::SHOP_SET;
use downhaul_core::automaton::{self, Automaton};
use downhaul_core::check::{Source, check, check_flag};
use downhaul_core::compile::load;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::evaluate::evaluate;
use downhaul_core::explain::explain;
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use downhaul_core::read::{self, Format};
use downhaul_core::{seal, specialise};
use serde_json::Map;

const FORMATS: [Format; 2] = [Format::Json, Format::Yaml];

/// Every problem has a place in the text; what is valid is written and read without a difference, and decides.
pub(crate) fn whole(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for format in FORMATS {
        let source = Source { name: "a".to_owned(), text: text.as_ref().to_owned(), format };
        let checked = check(&[source], Some("2026-11-24"));
        assert_eq!(checked.valid.is_some(), !checked.diagnostics.iter().any(Diagnostic::is_error));
        places(&checked.diagnostics, &text);
        let Some(valid) = checked.valid else { continue };
        let document = valid.document();
        let written = seal::canonical_bytes(document).unwrap();
        let again = read::flag_set(&String::from_utf8(written.clone()).unwrap(), Format::Json).unwrap().0;
        assert_eq!(seal::canonical_bytes(&again).unwrap(), written, "canonical form changes when it is read");

        let loaded = load(&valid);
        let bytes = loaded.program.to_bytes();
        assert_eq!(Program::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        let empty = Map::new();
        for (number, flag) in (0..).zip(document.flags.iter()) {
            let decision = evaluate(&loaded, &[], &mut prepare(&loaded, &empty), number).unwrap();
            let shown = explain(&valid, flag.key.as_str(), &empty);
            assert_eq!(shown.reason, decision.reason.as_str(), "{}", flag.key);
        }
        specialise::specialise(document, &std::collections::BTreeMap::new()).to_json().unwrap();
    }
}

/// The same for whoever edits one flag, and for the other parts that are read alone.
pub(crate) fn flag(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for format in FORMATS {
        let checked = check_flag(SHOP_SET.document(), None, &text, format, Some("2026-11-24"));
        assert_eq!(checked.valid.is_some(), !checked.diagnostics.iter().any(Diagnostic::is_error));
        places(&checked.diagnostics, &text);
        for problems in [
            read::flag(&text, format).err(),
            read::segment(&text, format).err(),
            read::kill(&text, format).err(),
            read::scope(&text, format).err(),
            read::regions(&text, format).err(),
            read::tenants(&text, format).err(),
        ] {
            places(&problems.unwrap_or_default(), &text);
        }
    }
}

/// The first line is an expression, the rest a text. What compiles is a sound table.
pub(crate) fn pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, subject) = text.split_once('\n').unwrap_or((&text, ""));
    let Ok(table) = automaton::compile(pattern) else { return };
    assert!(automaton::check(&table), "`{pattern}` has a table that is refused");
    let whole = Automaton::new(&table).unwrap();
    let _ = whole.holds(subject.as_bytes());
    let _ = whole.holds(bytes);
}

fn places(diagnostics: &[Diagnostic], text: &str) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        if let Some(span) = diagnostic.place.span {
            assert!(text.get(span.start..span.end).is_some(), "{diagnostic:?}");
            assert!(span.line > 0 && span.column > 0, "{diagnostic:?}");
        }
    }
}
