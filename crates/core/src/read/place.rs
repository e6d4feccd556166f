use super::tree::{Content, Node, Range};
use crate::diagnostic::{Diagnostic, Place, Span};
use std::cell::OnceCell;

/// The texts that a tree was made from.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    files: Vec<File<'a>>,
}

#[derive(Debug)]
struct File<'a> {
    name: Option<&'a str>,
    text: &'a str,
    /// The offset of each line's first byte.
    lines: OnceCell<Vec<usize>>,
}

impl<'a> Files<'a> {
    /// For trees that no text is known of.
    pub(crate) fn none() -> Self {
        Files { files: Vec::new() }
    }

    pub(crate) fn unnamed(text: &'a str) -> Self {
        Files { files: vec![File { name: None, text, lines: OnceCell::new() }] }
    }

    pub(crate) fn named(sources: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let files = sources.map(|(name, text)| File { name: Some(name), text, lines: OnceCell::new() }).collect();
        Files { files }
    }

    pub(crate) fn name(&self, file: u32) -> Option<&'a str> {
        self.files.get(file as usize).and_then(|file| file.name)
    }

    /// Where `range` begins, in words, as seen from `from`: `line 4`, or `line 4 of a.json`.
    pub(crate) fn words(&self, range: Range, from: Range) -> Option<String> {
        let line = self.files.get(range.file as usize)?.line(range.start as usize);
        match self.name(range.file) {
            Some(name) if range.file != from.file => Some(format!("line {line} of {name}")),
            _ => Some(format!("line {line}")),
        }
    }

    /// Puts file, span, line and column on `diagnostic`, if the texts are known.
    pub(crate) fn put(&self, diagnostic: &mut Diagnostic, range: Range) {
        if let Some(file) = self.files.get(range.file as usize) {
            diagnostic.place.file = file.name.map(str::to_owned);
            diagnostic.place.span = Some(range.span());
        }
    }

    /// Adds another place that the diagnostic is about.
    pub(crate) fn relate(&self, diagnostic: &mut Diagnostic, range: Range) {
        if let Some(file) = self.files.get(range.file as usize) {
            let file = file.name.map(str::to_owned);
            diagnostic.related.push(Place { file, pointer: String::new(), span: Some(range.span()) });
        }
    }

    /// Line and column of every span, in one walk over each text: a line may be as long as a whole document.
    pub(crate) fn fill_positions(&self, diagnostics: &mut [Diagnostic]) {
        for file in &self.files {
            let mut spans: Vec<&mut Span> = diagnostics
                .iter_mut()
                .flat_map(|diagnostic| std::iter::once(&mut diagnostic.place).chain(&mut diagnostic.related))
                .filter(|place| place.file.as_deref() == file.name)
                .filter_map(|place| place.span.as_mut())
                .collect();
            spans.sort_by_key(|span| span.start);
            let (mut counted_to, mut column, mut line_start) = (0, 1, usize::MAX);
            for span in spans {
                let line = file.line(span.start);
                let start = file.lines().get(line - 1).copied().unwrap_or_default();
                if start != line_start {
                    (counted_to, column, line_start) = (start, 1, start);
                }
                column += file.text.get(counted_to..span.start).map_or(0, |text| text.chars().count());
                counted_to = span.start;
                (span.line, span.column) = (line, column);
            }
        }
    }
}

impl File<'_> {
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }

    /// From 1.
    fn line(&self, offset: usize) -> usize {
        self.lines().partition_point(|start| *start <= offset).max(1)
    }
}

/// The offset of a line and column (both from 1, columns in bytes, as serde_json counts).
pub(crate) fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What to underline for a JSON pointer into `root`: the value, or the nearest place above it that exists.
/// Of an object or a list only the beginning.
pub(crate) fn locate(root: &Node<'_>, pointer: &str) -> Range {
    let mut node = root;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match &node.content {
            Content::Object(_) => node.member(&step).map(|member| &member.value),
            Content::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return underlined(node),
        }
    }
    underlined(node)
}

/// The beginning of an object or list, the whole of anything else.
pub(crate) fn underlined(node: &Node<'_>) -> Range {
    match &node.content {
        // In YAML an object begins with its first key, in JSON with its brace.
        Content::Object(members) => match members.first() {
            Some(first) if first.key_range.file == node.range.file && first.key_range.start == node.range.start => {
                first.key_range
            }
            _ => node.range.head(),
        },
        Content::List(_) => node.range.head(),
        _ => node.range,
    }
}
