use super::PROBLEM_LIMIT;
use super::place::{Files, underlined};
use super::tree::{Content, Member, Node, Numeral, Range};
use crate::diagnostic::Diagnostic;
use crate::ids::NameError;
use crate::suggest::Suggestions;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::str::FromStr;

/// Reads nodes and collects what is wrong with them. What cannot be read is replaced by a stand-in, so that everything
/// behind it is looked at too; a document with an error never leaves this crate.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    files: &'a Files<'a>,
    diagnostics: Vec<Diagnostic>,
    has_errors: bool,
    suggestions: Suggestions,
}

/// The way to a node from the root; written out only where something is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    pub(crate) fn key(&'a self, key: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut pointer = self.parent.map(At::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                pointer.push('/');
                pointer.push_str(&escaped(key));
            }
            Step::Index(index) => {
                // Writing into a String cannot fail.
                let _ = write!(pointer, "/{index}");
            }
        }
        pointer
    }
}

/// A key as a step of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The members of an object whose keys are fixed.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    node: &'n Node<'n>,
    /// Each key once, and few of them.
    members: Vec<&'n Member<'n>>,
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node<'n>> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(files: &'a Files<'a>) -> Self {
        Reader { files, diagnostics: Vec::new(), has_errors: false, suggestions: Suggestions::new() }
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    pub(crate) fn suggestions(&self) -> &Suggestions {
        &self.suggestions
    }

    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic, range: Range) {
        // A document whose every byte is wrong must not cost many times its size in messages.
        if self.diagnostics.len() >= 20 * PROBLEM_LIMIT && self.has_errors {
            return;
        }
        self.has_errors |= diagnostic.is_error();
        self.files.put(&mut diagnostic, range);
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn error(
        &mut self,
        code: &str,
        node: &Node<'_>,
        at: At<'_>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let mut diagnostic = Diagnostic::error(code, at.pointer(), message);
        diagnostic.help = help;
        self.report(diagnostic, underlined(node));
    }

    fn wrong_type(&mut self, node: &Node<'_>, at: At<'_>, expected: &str) {
        let help = match (&node.content, expected) {
            (Content::Null, _) => Some("leave the field out where there is nothing to say".to_owned()),
            (Content::Number(_) | Content::Boolean(_), "a text") => Some("put it into double quotes".to_owned()),
            (Content::Text(_), "a list") => Some("put it into brackets: `[\"…\"]`".to_owned()),
            _ => None,
        };
        self.error("wrong-type", node, at, format!("expected {expected}, found {}", node.content.kind()), help);
    }

    /// An object with no other keys than `known`; `what` names it in messages.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node<'n>,
        at: At<'_>,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let members = self.members(node, at, what)?;
        let mut fields = Fields { node, members: Vec::with_capacity(members.len()) };
        for member in members {
            if known.contains(&&*member.key) {
                fields.members.push(member);
                continue;
            }
            let mut diagnostic = Diagnostic::error(
                "unknown-field",
                at.key(&member.key).pointer(),
                format!("{what} has no field `{}`", shortened(&member.key)),
            );
            diagnostic.help = Some(match self.suggestions.near(&member.key, known.iter().copied()) {
                _ if SWITCHES.contains(&&*member.key) => SWITCH_HELP.to_owned(),
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its fields: {}", crate::suggest::quoted(known)),
            });
            self.report(diagnostic, member.key_range);
        }
        Some(fields)
    }

    /// The members of an object, each key once: a second one is reported and left out.
    pub(crate) fn members<'n>(&mut self, node: &'n Node<'n>, at: At<'_>, what: &str) -> Option<Vec<&'n Member<'n>>> {
        let Content::Object(members) = &node.content else {
            self.wrong_type(node, at, &format!("an object ({what})"));
            return None;
        };
        // In canonical order, as records have them, none stands twice.
        if members.iter().zip(members.iter().skip(1)).all(|(one, next)| one.key < next.key) {
            return Some(members.iter().collect());
        }
        let mut first: BTreeMap<&str, Range> = BTreeMap::new();
        let mut once = Vec::with_capacity(members.len());
        for member in members {
            match first.get(&*member.key) {
                None => {
                    first.insert(&member.key, member.key_range);
                    once.push(member);
                }
                Some(place) => {
                    let place = *place;
                    let mut diagnostic = Diagnostic::error(
                        "duplicate-key",
                        at.key(&member.key).pointer(),
                        match self.files.words(place, member.key_range) {
                            Some(words) => format!("`{}` stands here already, at {words}", shortened(&member.key)),
                            None => format!("`{}` stands twice in one object", shortened(&member.key)),
                        },
                    )
                    .help("keep one of the two");
                    self.files.relate(&mut diagnostic, place);
                    self.report(diagnostic, member.key_range);
                }
            }
        }
        Some(once)
    }

    /// A member that must be there.
    pub(crate) fn required<'n>(
        &mut self,
        fields: &Fields<'n>,
        at: At<'_>,
        what: &str,
        key: &str,
        help: &str,
    ) -> Option<&'n Node<'n>> {
        let found = fields.get(key);
        if found.is_none() {
            let help = Some(help.to_owned());
            self.error("missing-field", fields.node, at.key(key), format!("{what} needs `{key}`"), help);
        }
        found
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node<'n>, at: At<'_>) -> &'n [Node<'n>] {
        match &node.content {
            Content::List(items) => items,
            _ => {
                self.wrong_type(node, at, "a list");
                &[]
            }
        }
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node<'n>, at: At<'_>) -> Option<&'n str> {
        match &node.content {
            Content::Text(text) => Some(text),
            _ => {
                self.wrong_type(node, at, "a text");
                None
            }
        }
    }

    /// A text that says something.
    pub(crate) fn filled_text(&mut self, node: &Node<'_>, at: At<'_>) -> Option<String> {
        let text = self.text(node, at)?;
        if text.trim().is_empty() {
            self.error("empty-text", node, at, "the text is empty", None);
            return None;
        }
        Some(text.to_owned())
    }

    pub(crate) fn texts(&mut self, node: &Node<'_>, at: At<'_>) -> Vec<String> {
        let items = self.list(node, at).iter().enumerate();
        items.map(|(index, item)| self.text(item, at.index(index)).unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, at: At<'_>) -> Option<bool> {
        match node.content {
            Content::Boolean(value) => Some(value),
            _ => {
                self.wrong_type(node, at, "true or false");
                None
            }
        }
    }

    pub(crate) fn number(&mut self, node: &Node<'_>, at: At<'_>) -> Option<f64> {
        match node.content {
            Content::Number(numeral) => self.checked_number(node, at, numeral),
            _ => {
                self.wrong_type(node, at, "a number");
                None
            }
        }
    }

    pub(crate) fn checked_number(&mut self, node: &Node<'_>, at: At<'_>, numeral: Numeral) -> Option<f64> {
        if !numeral.value.is_finite() {
            let help = Some("numbers are IEEE doubles: finite, up to about 1.8e308".to_owned());
            self.error("number-out-of-range", node, at, "the number is out of range", help);
            return None;
        }
        if numeral.rounded {
            let diagnostic = Diagnostic::warning(
                "number-rounded",
                at.pointer(),
                format!("no double equals this number, it is read as `{:.0}`", numeral.value),
            )
            .help("write long identifiers as text");
            self.report(diagnostic, node.range);
        }
        Some(numeral.value)
    }

    /// A whole number from 0 to `limit`, which is at most 2^53.
    pub(crate) fn whole(&mut self, node: &Node<'_>, at: At<'_>, limit: u64) -> Option<u64> {
        let Content::Number(numeral) = node.content else {
            self.wrong_type(node, at, "a whole number");
            return None;
        };
        let whole = numeral.whole().and_then(|whole| u64::try_from(whole).ok()).filter(|whole| *whole <= limit);
        if whole.is_none() {
            let message = format!("expected a whole number from 0 to {limit}");
            self.error("number-out-of-range", node, at, message, None);
        }
        whole
    }

    /// A whole number within these.
    pub(crate) fn within(&mut self, node: &Node<'_>, at: At<'_>, low: u32, high: u32) -> Option<u32> {
        let Content::Number(numeral) = node.content else {
            self.wrong_type(node, at, "a whole number");
            return None;
        };
        let found = numeral.whole().and_then(|whole| u32::try_from(whole).ok());
        let found = found.filter(|whole| (low..=high).contains(whole));
        if found.is_none() {
            let message = format!("expected a whole number from {low} to {high}");
            self.error("number-out-of-range", node, at, message, None);
        }
        found
    }

    /// A name by its rules; `what` names it in messages.
    pub(crate) fn name<N: FromStr<Err = NameError>>(&mut self, node: &Node<'_>, at: At<'_>, what: &str) -> Option<N> {
        let text = self.text(node, at)?;
        self.name_of(text, what, at, underlined(node))
    }

    pub(crate) fn name_of<N: FromStr<Err = NameError>>(
        &mut self,
        text: &str,
        what: &str,
        at: At<'_>,
        range: Range,
    ) -> Option<N> {
        match text.parse() {
            Ok(name) => Some(name),
            Err(why) => {
                let message = format!("`{}` cannot name {what}: {why}", shortened(text));
                let help = match what {
                    "a tenant" | "a salt" => "1 to 256 bytes without control or bidirectional characters",
                    _ => "letters, digits and `. _ / @ : -`, beginning with a letter or digit, at most 128",
                };
                self.report(Diagnostic::error("bad-name", at.pointer(), message).help(help), range);
                None
            }
        }
    }

    /// Names in a list; a stand-in for each that is none.
    pub(crate) fn names<N: FromStr<Err = NameError>>(
        &mut self,
        node: &Node<'_>,
        at: At<'_>,
        what: &str,
        stand_in: fn() -> N,
    ) -> Vec<N> {
        let items = self.list(node, at).iter().enumerate();
        items.map(|(index, item)| self.name(item, at.index(index), what).unwrap_or_else(stand_in)).collect()
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node<'_>, at: At<'_>, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, at)?;
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let help = self.suggestions.help(text, known.iter().map(|(word, _)| *word));
        self.error("unknown-value", node, at, format!("`{}` is not known here", shortened(text)), help);
        None
    }

    /// Any JSON, with each key once and every number a double.
    pub(crate) fn json(&mut self, node: &Node<'_>, at: At<'_>) -> serde_json::Value {
        self.check_json(node, at);
        node.to_json()
    }

    fn check_json(&mut self, node: &Node<'_>, at: At<'_>) {
        match &node.content {
            Content::Number(numeral) => {
                self.checked_number(node, at, *numeral);
            }
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_json(item, at.index(index));
                }
            }
            Content::Object(_) => {
                for member in self.members(node, at, "any").unwrap_or_default() {
                    self.check_json(&member.value, at.key(&member.key));
                }
            }
            Content::Null | Content::Boolean(_) | Content::Text(_) => {}
        }
    }
}

/// What other systems call the switch that does not exist here.
const SWITCHES: &[&str] = &["enabled", "disabled", "active", "archived", "killed"];
const SWITCH_HELP: &str = "there is no switch: a flag is turned off by a kill, which has a reason";

/// A user's text for a message: one line, not too long, nothing that moves the cursor.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    // `escape_debug` is for Rust texts; quotes need no backslash here.
    short = short.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}
