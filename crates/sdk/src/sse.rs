//! `text/event-stream`, in time and memory that grow with an event's size alone: the crates for it look at what is there
//! again with every piece that comes, and collect without bound.

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamEvent {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// An envelope of 34 MiB in base64, and some air.
const LIMIT: usize = 48 * 1024 * 1024;

/// More than a client collects for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {0} bytes")]
pub(crate) struct TooLarge(usize);

#[derive(Debug)]
pub(crate) struct Parser {
    limit: usize,
    /// Of a line that is not complete.
    line: Vec<u8>,
    /// A CR LF parted by the edge of a piece is one end of line.
    ended_with_return: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    begun: bool,
}

impl Parser {
    pub(crate) fn new() -> Parser {
        Parser::with_limit(LIMIT)
    }

    fn with_limit(limit: usize) -> Parser {
        let (line, name, data) = (Vec::new(), Vec::new(), Vec::new());
        Parser { limit, line, ended_with_return: false, name, data, has_data: false, begun: false }
    }

    /// The events that these bytes complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<StreamEvent>, TooLarge> {
        let mut complete = Vec::new();
        if self.ended_with_return && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.ended_with_return = false;
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            bytes = match rest {
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => rest,
            };
            self.ended_with_return = rest == b"\r";
            if self.line.is_empty() {
                self.take(line, &mut complete);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take(&whole, &mut complete);
            }
            self.bounded(0)?;
        }
        self.bounded(bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(complete)
    }

    fn bounded(&self, more: usize) -> Result<(), TooLarge> {
        let size = self.data.len().saturating_add(self.line.len()).saturating_add(more);
        if size > self.limit { Err(TooLarge(self.limit)) } else { Ok(()) }
    }

    fn take(&mut self, line: &[u8], complete: &mut Vec<StreamEvent>) {
        let line = if self.begun { line } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) };
        self.begun = true;
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            if std::mem::take(&mut self.has_data) {
                let name = if name.is_empty() { "message".to_owned() } else { text(name) };
                complete.push(StreamEvent { name, data: text(data) });
            }
            return;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (field, rest) = line.split_at(colon);
                let value = rest.strip_prefix(b": ").or(rest.strip_prefix(b":"));
                (field, value.unwrap_or_default())
            }
            None => (line, &b""[..]),
        };
        match field {
            b"event" => self.name = value.to_vec(),
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            // Ids are positions, which envelopes say themselves; `retry` comes with `bye`; and a comment has no name.
            _ => {}
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(text: &str) -> Vec<(String, String)> {
        let parsed = Parser::new().feed(text.as_bytes()).unwrap();
        parsed.into_iter().map(|event| (event.name, event.data)).collect()
    }

    #[test]
    fn as_the_standard_says() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("event: put\ndata: a\n\n", &[("put", "a")]),
            ("data:a\ndata: b\ndata\n\n", &[("message", "a\nb\n")]),
            (": comment\n\nevent: x\n\ndata:\n\n", &[("message", "")]),
            ("event: put\r\ndata: a\r\rdata: b\n\n", &[("put", "a"), ("message", "b")]),
            ("\u{feff}data: a\n\n", &[("message", "a")]),
            ("event: put\ndata: half", &[]),
            // What the server breaks off is void.
            ("event: put\ndata: half\nevent: void\n\nevent: kill\ndata: k\n\n", &[("void", "half"), ("kill", "k")]),
            ("id: 1.2.3\nretry: 5\ndata:  a\n\n", &[("message", " a")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
            assert_eq!(events(text), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_is_collected_without_bound() {
        let mut parser = Parser::with_limit(20);
        assert_eq!(parser.feed(b"data: 0123456789\n"), Ok(vec![]));
        assert_eq!(parser.feed(b"data: 0123456789\n"), Err(TooLarge(20)));
        assert_eq!(Parser::with_limit(20).feed(&[b'a'; 21]), Err(TooLarge(20)));
        let mut parser = Parser::with_limit(20);
        for _ in 0..10 {
            assert_eq!(parser.feed(b"data: 0123456789\n\n").unwrap().len(), 1);
        }
    }

    proptest! {
        #[test]
        fn however_it_is_cut(text in "(event: [ab]|data: ?[a-c]{0,3}|id: 1|: c|[\r\n]|\r\n|ü){0,30}", cut in 1..7usize) {
            let whole = Parser::new().feed(text.as_bytes()).unwrap();
            let mut parser = Parser::new();
            let mut pieces = Vec::new();
            for piece in text.as_bytes().chunks(cut) {
                pieces.extend(parser.feed(piece).unwrap());
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
