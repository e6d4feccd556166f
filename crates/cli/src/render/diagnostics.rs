use crate::input::sources::Text;
use crate::render::words::counted;
use downhaul_core::diagnostic::{Diagnostic, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use std::fmt;

/// Diagnostics that are shown with an excerpt; the rest are one line each.
const EXCERPTS: usize = 100;
/// Columns of an excerpt's line. Longer lines (a document without line breaks) are cut around the place.
const LINE_WIDTH: usize = 160;

/// `file:line:column: severity[code]: message (help)`
pub(crate) fn plain_line(diagnostic: &Diagnostic) -> String {
    let mut line = String::new();
    if let Some(file) = &diagnostic.place.file {
        line.push_str(file);
        if let Some(span) = &diagnostic.place.span {
            line.push_str(&format!(":{}:{}", span.line, span.column));
        }
        line.push_str(": ");
    } else if !diagnostic.place.pointer.is_empty() {
        line.push_str(&format!("{}: ", diagnostic.place.pointer));
    }
    line.push_str(&format!("{}[{}]: {}", severity_word(diagnostic.severity), diagnostic.code, diagnostic.message));
    if let Some(help) = &diagnostic.help {
        line.push_str(&format!(" ({help})"));
    }
    // One problem stays one line, whatever a key in a message may hold.
    line.replace(['\n', '\r'], " ")
}

/// Each diagnostic with an excerpt of its source, where `texts` has it; with colours.
pub(crate) fn human(diagnostics: &[Diagnostic], texts: &[Text]) -> String {
    let sources: Vec<Source<'_>> = texts.iter().map(Source::new).collect();
    let theme = GraphicalTheme::unicode();
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100).with_context_lines(1);
    let mut rendered = String::new();
    for diagnostic in diagnostics.iter().take(EXCERPTS) {
        let source = sources.iter().find(|source| Some(source.text.name.as_str()) == diagnostic.place.file.as_deref());
        let report = Report { diagnostic, source };
        if handler.render_report(&mut rendered, &report).is_err() {
            rendered.push_str(&plain_line(diagnostic));
        }
        rendered.push('\n');
    }
    let rest = diagnostics.get(EXCERPTS..).unwrap_or_default();
    if !rest.is_empty() {
        rendered.push_str(&format!("and {}:\n", counted(rest.len(), "further problem")));
        for diagnostic in rest {
            rendered.push_str(&format!("  {}\n", plain_line(diagnostic)));
        }
        rendered.push('\n');
    }
    rendered
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A diagnostic as miette reads one.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<&'a Source<'a>>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without an excerpt the place has to stand in the message.
        match (self.source.is_some() && self.diagnostic.place.span.is_some(), &self.diagnostic.place.file) {
            (false, Some(file)) => write!(f, "{file}: {}", self.diagnostic.message),
            (false, None) if !self.diagnostic.place.pointer.is_empty() => {
                write!(f, "{}: {}", self.diagnostic.place.pointer, self.diagnostic.message)
            }
            _ => write!(f, "{}", self.diagnostic.message),
        }
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[{}]", severity_word(self.diagnostic.severity), self.diagnostic.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.diagnostic.place.span?;
        // Where the underline is cut off at the end of the line it stays readable.
        let length = span.end.saturating_sub(span.start).min(LINE_WIDTH / 2);
        let main = LabeledSpan::new_primary_with_span(None, (span.start, length));
        let file = &self.diagnostic.place.file;
        let related = self.diagnostic.related.iter().filter(move |place| place.file == *file);
        let related = related.filter_map(|place| place.span).map(|span| {
            let length = span.end.saturating_sub(span.start).min(LINE_WIDTH / 2);
            LabeledSpan::new_with_span(Some("see here".to_owned()), (span.start, length))
        });
        Some(Box::new(std::iter::once(main).chain(related)))
    }
}

/// A text with the offsets of its lines, so that an excerpt of a large document is found without reading it again.
#[derive(Debug)]
struct Source<'a> {
    text: &'a Text,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a Text) -> Self {
        let breaks = text.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Source { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// From 0.
    fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or(self.text.bytes.len())
    }

    /// The nearest offset at or before `offset` where a character begins.
    fn boundary(&self, mut offset: usize) -> usize {
        while offset > 0 && self.text.bytes.get(offset).is_some_and(|byte| byte & 0xC0 == 0x80) {
            offset -= 1;
        }
        offset
    }
}

impl SourceCode for Source<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let length = self.text.bytes.len();
        if start > length {
            return Err(MietteError::OutOfBounds);
        }
        let first = self.line_of(start).saturating_sub(before);
        let last = self.line_of(end.min(length)) + after + 1;
        let (mut from, mut to) = (self.line_start(first), self.line_start(last));
        let (mut line, mut column) = (first, 0);
        if (before, after) == (0, 0) {
            // Asked for the place itself, which is shown above the excerpt as line and column.
            (from, line) = (start, self.line_of(start));
            let before = self.text.bytes.get(self.line_start(line)..start).unwrap_or_default();
            column = String::from_utf8_lossy(before).chars().count();
            to = to.max(from);
        } else if to - from > LINE_WIDTH * (before + after + 2) {
            line = self.line_of(start);
            let line_start = self.line_start(line);
            from = self.boundary(start.saturating_sub(LINE_WIDTH / 2).max(line_start));
            to = self.boundary((start + LINE_WIDTH / 2).min(self.line_start(line + 1)).max(end.min(length)));
            column = from - line_start;
        }
        let data = self.text.bytes.get(from..to).ok_or(MietteError::OutOfBounds)?;
        let contents = MietteSpanContents::new_named(
            self.text.name.clone(),
            data,
            (from, to - from).into(),
            line,
            column,
            last - first,
        );
        Ok(Box::new(contents))
    }
}
