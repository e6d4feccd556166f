//! docs/reference/command-line.md says what `-h` says. `UPDATE_REFERENCE=1` writes the help of this binary into it.

use crate::support::Place;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/command-line.md")
}

/// Every verb, and every verb of a verb: `chart`, `chart verify`.
fn verbs(place: &Place, above: &str) -> Vec<String> {
    let help = place.run(&format!("{above} -h")).done().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut all = Vec::new();
    for line in commands {
        // A description that is too long goes on in the next line, further in.
        let Some(name) =
            line.strip_prefix("  ").and_then(|rest| rest.split(' ').next()).filter(|name| !name.is_empty())
        else {
            continue;
        };
        let verb = format!("{above} {name}").trim().to_owned();
        all.push(verb.clone());
        all.extend(verbs(place, &verb));
    }
    all
}

fn help_of(place: &Place, verb: &str) -> String {
    place.run(&format!("{verb} -h")).done().stdout.trim_end().to_owned()
}

/// The text with every block after `<!-- help: VERB -->` as the binary prints it, and the verbs that have one.
fn with_help(place: &Place, text: &str) -> (String, BTreeSet<String>) {
    let (mut written, mut seen) = (String::new(), BTreeSet::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!-- help: ") {
        let (verb, after) = after.split_once(" -->\n").expect("a mark ends its line");
        let block = after.strip_prefix("```text\n").expect("a block of text follows the mark");
        let (_, after) = block.split_once("\n```\n").expect("the block ends");
        let help = help_of(place, verb);
        written.push_str(&format!("{before}<!-- help: {verb} -->\n```text\n{help}\n```\n"));
        seen.insert(verb.to_owned());
        rest = after;
    }
    written.push_str(rest);
    (written, seen)
}

#[test]
fn the_reference_says_what_the_help_says() {
    let place = Place::new();
    let text = fs::read_to_string(path()).unwrap();
    let (written, seen) = with_help(&place, &text);
    let missing: Vec<String> = verbs(&place, "").into_iter().filter(|verb| !seen.contains(verb)).collect();
    assert!(missing.is_empty(), "the reference lacks {missing:?}");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(path(), written).unwrap();
        return;
    }
    if let Some((line, (is, should))) =
        (1..).zip(text.lines().zip(written.lines())).find(|(_, (is, should))| is != should)
    {
        panic!(
            "line {line} of the reference is\n  {is}\nand should be\n  {should}\nrun the tests with UPDATE_REFERENCE=1"
        );
    }
    assert_eq!(text.len(), written.len());
}

#[test]
fn the_reference_names_every_variable_of_the_environment() {
    let place = Place::new();
    let text = fs::read_to_string(path()).unwrap();
    let mut variables = BTreeSet::new();
    for verb in verbs(&place, "") {
        for part in help_of(&place, &verb).split("[env: ").skip(1) {
            variables.insert(part.split([']', '=']).next().unwrap().to_owned());
        }
    }
    assert!(variables.contains("DOWNHAUL_SERVER"), "{variables:?}");
    for variable in variables {
        assert!(text.contains(&format!("| `{variable}` |")), "the reference lacks {variable}");
    }
}
