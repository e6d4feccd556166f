//! Rows on their way from a file into a population: what all readers share.

use super::Population;
use super::builder::{Builder, Refused};
use super::error::{PopulationError, Problem, ProblemKind, Report};
use super::limits::Limits;
use super::mapping::{ColumnType, Mapping};
use super::plan::{Place, Plan, ROOT};
use serde_json::{Number, Value};

/// The population as it grows, and the row being read.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) limits: &'a Limits,
    builder: Builder,
    report: Report,
    weight: Option<f64>,
    /// Some row had a weight.
    weighted: bool,
    /// Rows begun, those included that were refused.
    begun: u64,
}

/// A value at hand.
#[derive(Debug)]
pub(super) enum Cell<'v> {
    /// A text that stands for what its column was declared to hold.
    #[cfg_attr(not(feature = "files"), expect(dead_code, reason = "there are none in JSON"))]
    Written(&'v str),
    /// A text that is one.
    Text(&'v str),
    Value(&'v Value),
}

impl<'a> Rows<'a> {
    pub(super) fn new(mapping: &'a Mapping, limits: &'a Limits) -> Result<Self, PopulationError> {
        Ok(Rows {
            plan: Plan::new(mapping, limits.columns)?,
            limits,
            builder: Builder::new(limits),
            report: Report::default(),
            weight: None,
            weighted: false,
            begun: 1,
        })
    }

    /// The part with a key within another, which may have it once in a row.
    pub(super) fn member(&mut self, parent: usize, key: &str) -> Result<usize, Refused> {
        let node = self.plan.child(parent, key)?;
        if !self.plan.first_in(node, self.begun) {
            return Err(self.refuse(node, ProblemKind::Twice));
        }
        Ok(node)
    }

    /// Whether nothing of what lies within is wanted.
    pub(super) fn is_dropped(&self, node: usize) -> bool {
        self.plan.node(node).is_some_and(|node| node.place == Place::Dropped { looked_into: false })
    }

    #[cfg(feature = "files")]
    pub(super) fn is_weight(&self, node: usize) -> bool {
        self.plan.node(node).is_some_and(|node| node.place == Place::Weight)
    }

    /// Takes a value, objects apart.
    pub(super) fn tree(&mut self, node: usize, value: &Value) -> Result<(), Refused> {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.open(node)?;
                for (key, value) in members {
                    let member = self.member(node, key)?;
                    self.tree(member, value)?;
                }
                Ok(())
            }
            leaf => self.put(node, Cell::Value(leaf)),
        }
    }

    /// An object stands here.
    pub(super) fn open(&mut self, node: usize) -> Result<(), Refused> {
        let Some(open) = self.plan.node(node) else { return Ok(()) };
        match (&open.place, open.declared) {
            (Place::Weight, _) => Err(self.refuse(node, ProblemKind::Weight("an object".to_owned()))),
            (_, Some(expected @ (ColumnType::Text | ColumnType::Number | ColumnType::Boolean))) => {
                let found = "an object".to_owned();
                Err(self.refuse(node, ProblemKind::Type { expected, found }))
            }
            _ => Ok(()),
        }
    }

    /// Takes a leaf.
    pub(super) fn put(&mut self, node: usize, cell: Cell<'_>) -> Result<(), Refused> {
        let Some(at) = self.plan.node(node) else { return Ok(()) };
        let declared = at.declared;
        match at.place {
            Place::Dropped { .. } => return Ok(()),
            Place::Weight => return self.put_weight(node, &cell),
            Place::Attribute { .. } => {}
        }
        match cell {
            Cell::Written(text) => match declared.filter(|declared| *declared != ColumnType::Text) {
                None => self.put_text(node, text),
                Some(expected) => match read_as(expected, text) {
                    Some(Value::String(text)) => self.put_text(node, &text),
                    Some(object @ Value::Object(_)) => self.tree(node, &object),
                    Some(value) => self.put_value(node, &value),
                    None => Err(self.wrong_type(node, expected, &quoted(text))),
                },
            },
            Cell::Text(text) => match declared {
                Some(expected @ (ColumnType::Number | ColumnType::Boolean)) => {
                    Err(self.wrong_type(node, expected, &quoted(text)))
                }
                _ => self.put_text(node, text),
            },
            Cell::Value(Value::String(text)) => self.put(node, Cell::Text(text)),
            Cell::Value(value) => match declared.filter(|declared| !is_a(*declared, value)) {
                Some(expected) => Err(self.wrong_type(node, expected, &value.to_string())),
                None => self.put_value(node, value),
            },
        }
    }

    fn put_text(&mut self, node: usize, text: &str) -> Result<(), Refused> {
        let Some(column) = self.plan.column(node, &mut self.builder)? else { return Ok(()) };
        self.builder.put_text(column, text).map_err(|refused| self.placed(node, refused))
    }

    fn put_value(&mut self, node: usize, value: &Value) -> Result<(), Refused> {
        let Some(column) = self.plan.column(node, &mut self.builder)? else { return Ok(()) };
        self.builder.put_value(column, value).map_err(|refused| self.placed(node, refused))
    }

    fn put_weight(&mut self, node: usize, cell: &Cell<'_>) -> Result<(), Refused> {
        let (weight, written) = match cell {
            Cell::Value(Value::Null) => return Ok(()),
            // As numbers are written, infinities and not-a-numbers included: those are refused by what they are.
            Cell::Written(text) | Cell::Text(text) => (text.trim().parse().ok(), quoted(text)),
            Cell::Value(value) => (value.as_f64(), value.to_string()),
        };
        match weight {
            Some(weight) if f64::is_finite(weight) && weight >= 0.0 => {
                self.weight = Some(weight);
                Ok(())
            }
            _ => Err(self.refuse(node, ProblemKind::Weight(shortened(&written)))),
        }
    }

    fn wrong_type(&self, node: usize, expected: ColumnType, found: &str) -> Refused {
        self.refuse(node, ProblemKind::Type { expected, found: shortened(found) })
    }

    pub(super) fn refuse(&self, node: usize, kind: ProblemKind) -> Refused {
        let column = self.plan.node(node).filter(|_| node != ROOT).map(|node| shortened(&node.source));
        Refused::Row(column, kind)
    }

    fn placed(&self, node: usize, refused: Refused) -> Refused {
        match refused {
            Refused::Row(None, kind) => self.refuse(node, kind),
            refused => refused,
        }
    }

    /// Completes the row that stands at `row` of the file, or leaves it out.
    pub(super) fn end(&mut self, row: u64, read: Result<(), Refused>) -> Result<(), PopulationError> {
        let ended = read.and_then(|()| self.complete());
        self.weight = None;
        self.begun += 1;
        match ended {
            Ok(()) => Ok(()),
            Err(Refused::All(error)) => Err(error),
            Err(Refused::Row(column, kind)) => {
                self.builder.drop_row();
                let problem = Problem { row, column, kind };
                if self.report.malformed >= self.limits.malformed_rows {
                    return Err(PopulationError::Malformed { problem, before: self.report.malformed });
                }
                self.report.malformed += 1;
                if self.report.problems.len() < self.limits.described {
                    self.report.problems.push(problem);
                }
                Ok(())
            }
        }
    }

    fn complete(&mut self) -> Result<(), Refused> {
        let lacks = self.weight.is_none();
        if lacks && self.plan.weight_is_named() {
            return Err(Refused::Row(None, ProblemKind::NoWeight));
        }
        self.builder.end_row(self.weight.unwrap_or(1.0))?;
        self.weighted |= !lacks;
        self.report.without_weight += u64::from(lacks);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(Population, Report), PopulationError> {
        if self.begun > 1 {
            self.plan.finish()?;
        }
        self.report.rows = self.builder.rows();
        if !self.weighted {
            self.report.without_weight = 0;
        }
        Ok((self.builder.finish(), self.report))
    }
}

/// A text read as the type that its column was declared to have.
fn read_as(declared: ColumnType, text: &str) -> Option<Value> {
    match declared {
        ColumnType::Text => Some(Value::from(text)),
        ColumnType::Number => serde_json::from_str::<Number>(text.trim()).ok().map(Value::Number),
        ColumnType::Boolean => {
            let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
            if is("true") { Some(Value::Bool(true)) } else { is("false").then_some(Value::Bool(false)) }
        }
        ColumnType::Json => serde_json::from_str(text).ok(),
    }
}

/// Whether a value has the type; null is absent, which every column may be.
fn is_a(declared: ColumnType, value: &Value) -> bool {
    match declared {
        _ if value.is_null() => true,
        ColumnType::Text => value.is_string(),
        ColumnType::Number => value.is_number(),
        ColumnType::Boolean => value.is_boolean(),
        ColumnType::Json => true,
    }
}

fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

/// The beginning of a text, as much as a message can hold.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
