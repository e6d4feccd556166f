use std::fmt;

/// A sentence whose values stand out, so that a component can set them as chips.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence(pub Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// A value of the document, as written there.
    Value(Kind, String),
    /// A variant of the flag that the sentence is about.
    Variant(String),
    /// Values left out for length.
    More(Vec<String>),
}

/// What a value names; decides how it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Tenant,
    Region,
    Segment,
    Flag,
}

/// Values shown of a list before the rest is folded away.
const SHOWN: usize = 6;

impl Sentence {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        match self.0.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            Some(_) | None => self.0.push(Piece::Text(text.to_owned())),
        }
        self
    }

    pub fn value(&mut self, kind: Kind, value: &str) -> &mut Self {
        self.0.push(Piece::Value(kind, value.to_owned()));
        self
    }

    pub fn variant(&mut self, key: &str) -> &mut Self {
        self.0.push(Piece::Variant(key.to_owned()));
        self
    }

    /// `a, b or c`; a long list is folded.
    pub fn any_of<T: AsRef<str>>(&mut self, kind: Kind, values: &[T]) -> &mut Self {
        let shown = if values.len() > SHOWN + 1 { SHOWN } else { values.len() };
        let (head, rest) = values.split_at(shown);
        for (at, value) in head.iter().enumerate() {
            if at > 0 {
                self.text(if at + 1 == values.len() { " or " } else { ", " });
            }
            self.value(kind, value.as_ref());
        }
        if !rest.is_empty() {
            self.text(" or ");
            self.0.push(Piece::More(rest.iter().map(|value| value.as_ref().to_owned()).collect()));
        }
        self
    }

    pub fn push_all(&mut self, other: Sentence) -> &mut Self {
        for piece in other.0 {
            match piece {
                Piece::Text(text) => {
                    self.text(&text);
                }
                Piece::Value(..) | Piece::Variant(_) | Piece::More(_) => self.0.push(piece),
            }
        }
        self
    }
}

/// As plain text; values in brackets, so that a reader of a test sees where they begin and end.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Value(_, value) | Piece::Variant(value) => write!(f, "[{value}]")?,
                Piece::More(values) => write!(f, "[{} more]", values.len())?,
            }
        }
        Ok(())
    }
}
