use super::too_deep;
use super::tree::{Content, Member, Node, Numeral, Range};
use crate::diagnostic::Diagnostic;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

/// One document of YAML 1.2 in the core schema: `on`, `off`, `yes` and `no` are text.
/// Anchors, aliases, tags and further documents are refused.
pub(crate) fn parse(text: &str, file: u32, depth: usize) -> Result<Node<'static>, Diagnostic> {
    let offsets = Offsets::of(text);
    let mut builder = Builder { file, depth, offsets, open: Vec::new(), root: None, documents: 0 };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = builder.offsets.at(error.marker());
            syntax(error.info(), Range::new(file, at, at))
        })?;
        builder.take(event, span)?;
    }
    builder.root.ok_or_else(|| syntax("the text is empty", Range::new(file, 0, 0)))
}

struct Builder {
    file: u32,
    depth: usize,
    offsets: Offsets,
    open: Vec<Open>,
    root: Option<Node<'static>>,
    documents: usize,
}

/// A list or object whose end is still to come.
enum Open {
    List { start: usize, items: Vec<Node<'static>> },
    Object { start: usize, members: Vec<Member<'static>>, key: Option<(String, Range)> },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        let range = self.range(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(refused("a second document begins here", range)
                        .help("write each flag set into a file of its own"));
                }
                Ok(())
            }
            Event::Alias(_) => Err(refused("an alias (`*name`) stands here", range).help("write the value out")),
            Event::Scalar(text, style, anchor, tag) => {
                refuse_anchor_or_tag(anchor, tag.is_some(), range)?;
                self.scalar(&text, style, range)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_anchor_or_tag(anchor, tag.is_some(), range)?;
                self.open(Open::List { start: range.start as usize, items: Vec::new() }, range)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_anchor_or_tag(anchor, tag.is_some(), range)?;
                self.open(Open::Object { start: range.start as usize, members: Vec::new(), key: None }, range)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List { start, items }) => {
                        Node { range: self.closed(start, range), content: Content::List(items) }
                    }
                    Some(Open::Object { start, members, .. }) => {
                        Node { range: self.closed(start, range), content: Content::Object(members) }
                    }
                    None => return Ok(()),
                };
                self.put(node);
                Ok(())
            }
        }
    }

    fn open(&mut self, open: Open, range: Range) -> Result<(), Diagnostic> {
        if self.awaits_key() {
            return Err(refused("a list or object stands as a key", range).help("keys are texts"));
        }
        if self.open.len() >= self.depth {
            return Err(too_deep(range, self.depth));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, range: Range) -> Result<(), Diagnostic> {
        if let Some(Open::Object { key: key @ None, .. }) = self.open.last_mut() {
            if text.is_empty() && style == ScalarStyle::Plain {
                return Err(refused("a key is missing", range).help("write `key: value`"));
            }
            // A key is the text as it stands, so that a variant can be called `true` or `2`.
            *key = Some((text.to_owned(), range));
            return Ok(());
        }
        let content = match style {
            ScalarStyle::Plain => plain(text),
            _ => Content::Text(text.to_owned().into()),
        };
        self.put(Node { range, content });
        Ok(())
    }

    fn put(&mut self, node: Node<'static>) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Object { members, key, .. }) => {
                if let Some((key, key_range)) = key.take() {
                    members.push(Member { key: key.into(), key_range, value: node });
                }
            }
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Object { key: None, .. }))
    }

    fn range(&self, span: Span) -> Range {
        Range::new(self.file, self.offsets.at(&span.start), self.offsets.at(&span.end))
    }

    fn closed(&self, start: usize, end: Range) -> Range {
        Range::new(self.file, start, end.end as usize)
    }
}

/// A plain scalar by the core schema (YAML 1.2.2, 10.3.2).
fn plain(text: &str) -> Content<'static> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Content::Null,
        "true" | "True" | "TRUE" => return Content::Boolean(true),
        "false" | "False" | "FALSE" => return Content::Boolean(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Content::Number(Numeral { value: f64::INFINITY, rounded: false });
    }
    let based = |prefix: &str, base: u32| {
        let digits = text.strip_prefix(prefix)?;
        (!digits.is_empty() && digits.chars().all(|c| c.is_digit(base))).then(|| of_base(digits, base))
    };
    if let Some(numeral) = based("0o", 8).or_else(|| based("0x", 16)) {
        return Content::Number(numeral);
    }
    if is_decimal(unsigned) {
        return Content::Number(Numeral::of_decimal(text));
    }
    Content::Text(text.to_owned().into())
}

/// `[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?` or `\.[0-9]+([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa_fits && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn of_base(digits: &str, base: u32) -> Numeral {
    match u64::from_str_radix(digits, base) {
        Ok(value) => Numeral::of_decimal(&value.to_string()),
        // So large a number in octal or hexadecimal is a mistake.
        Err(_) => Numeral { value: f64::INFINITY, rounded: false },
    }
}

/// The parser counts characters, places are bytes.
struct Offsets {
    length: usize,
    /// Empty where every character is one byte.
    of_character: Vec<u32>,
}

impl Offsets {
    fn of(text: &str) -> Self {
        let of_character = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        };
        Offsets { length: text.len(), of_character }
    }

    fn at(&self, marker: &Marker) -> usize {
        let index = marker.index();
        if self.of_character.is_empty() {
            return index.min(self.length);
        }
        self.of_character.get(index).map_or(self.length, |at| *at as usize)
    }
}

fn refuse_anchor_or_tag(anchor: usize, tagged: bool, range: Range) -> Result<(), Diagnostic> {
    if anchor > 0 {
        return Err(refused("an anchor (`&name`) stands here", range).help("write the value out where it is needed"));
    }
    if tagged {
        return Err(refused("a tag (`!name`) stands here", range).help("leave it out: quote the value if it is a text"));
    }
    Ok(())
}

fn refused(message: &str, range: Range) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("yaml-feature", "", format!("{message}, which is not read"));
    diagnostic.place.span = Some(range.span());
    diagnostic
}

fn syntax(message: &str, range: Range) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("syntax", "", format!("not YAML: {message}"));
    diagnostic.place.span = Some(range.span());
    diagnostic
}
