//! What can be wrong with a population: the whole of it, or one row.

use super::mapping::ColumnType;
use crate::strict_json::DEPTH_LIMIT;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// Why there is no population.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    #[error("reading the population failed: {0}")]
    Read(#[from] std::io::Error),
    /// The mapping names a column that the file lacks.
    #[error("the mapping names the column `{column}`, which the file lacks{}", nearby(.known))]
    MissingColumn {
        column: String,
        /// Columns that are there, the first few.
        known: Vec<String>,
    },
    #[error("the mapping names the column `{0}` for two things")]
    NamedTwice(String),
    #[error("the columns `{first}` and `{second}` both give the attribute `{attribute}`")]
    SameAttribute { attribute: String, first: String, second: String },
    #[error("`{0}` cannot part the fields of CSV")]
    Delimiter(char),
    #[error("the first line names no columns")]
    NoHeader,
    #[error("the population has more than {limit} rows")]
    TooManyRows { limit: u64 },
    #[error("the population takes more than {limit} bytes of memory, reached in row {row}")]
    TooManyBytes { limit: u64, row: u64 },
    #[error("the population has more than {limit} columns; the last one met was `{column}`")]
    TooManyColumns { limit: usize, column: String },
    #[error("the weights add up to more than a number can hold, reached in row {row}")]
    TotalWeight { row: u64 },
    /// One more than are left out.
    #[error("{problem}{}", left_out(*.before))]
    Malformed { problem: Problem, before: u64 },
    #[error("the column `{column}` has the type {found}, which no attribute has")]
    UnsupportedType { column: String, found: String },
    #[error("this is not a Parquet file that can be read: {0}")]
    Parquet(String),
    #[error("this is not a sample of a population: {0}")]
    Sample(&'static str),
}

impl PopulationError {
    /// A stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            PopulationError::Read(_) => "population-unreadable",
            PopulationError::MissingColumn { .. } => "population-missing-column",
            PopulationError::NamedTwice(_) => "population-column-named-twice",
            PopulationError::SameAttribute { .. } => "population-same-attribute",
            PopulationError::Delimiter(_) => "population-delimiter",
            PopulationError::NoHeader => "population-no-header",
            PopulationError::TooManyRows { .. } => "population-too-many-rows",
            PopulationError::TooManyBytes { .. } => "population-too-large",
            PopulationError::TooManyColumns { .. } => "population-too-many-columns",
            PopulationError::TotalWeight { .. } => "population-total-weight",
            PopulationError::Malformed { .. } => "population-malformed",
            PopulationError::UnsupportedType { .. } => "population-unsupported-type",
            PopulationError::Parquet(_) => "population-not-parquet",
            PopulationError::Sample(_) => "population-not-a-sample",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            PopulationError::Read(_) => "see that it can be read to its end, and repeat",
            PopulationError::MissingColumn { .. } => "name one that is there, or take it out of the mapping",
            PopulationError::NamedTwice(_) => "name each column once: as an attribute, as the weight, or to be dropped",
            PopulationError::SameAttribute { .. } => "drop or rename one of them in the mapping",
            PopulationError::Delimiter(_) => "give one ASCII character that is no quote and no line break",
            PopulationError::NoHeader => "begin the file with a line of column names",
            PopulationError::TooManyRows { .. } => {
                "draw a sample of it, or replay it with `downhaul-scale`, which holds a part of it at a time"
            }
            PopulationError::TooManyBytes { .. } => {
                "drop columns that no rule reads, draw a sample, or replay it with `downhaul-scale`, which holds a part of it at a time"
            }
            PopulationError::TooManyColumns { .. } => {
                "drop what holds names that differ from row to row, or raise the limit"
            }
            PopulationError::TotalWeight { .. } => "divide all weights by the same number",
            PopulationError::Malformed { problem, .. } => problem.help(),
            PopulationError::UnsupportedType { .. } => {
                "drop the column in the mapping, or write it as text or a number"
            }
            PopulationError::Parquet(_) => "write the file again; it may be cut short or damaged",
            PopulationError::Sample(_) => "fetch it again from where it came",
        }
    }
}

fn nearby(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has `{}`", known.join("`, `")) }
}

fn left_out(before: u64) -> String {
    if before == 0 { String::new() } else { format!(" (and {before} malformed rows before it)") }
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From 1: the line of a text file, where the record begins; the row of a Parquet file.
    pub row: u64,
    pub column: Option<String>,
    pub kind: ProblemKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ProblemKind {
    NotUtf8,
    /// In the parser's words.
    NotJson(String),
    /// What is there instead of an object.
    NotAnObject(&'static str),
    /// The key stands twice in one object.
    Twice,
    TooDeep,
    TooLong {
        limit: usize,
    },
    /// How many fields there are and how many there should be.
    Fields {
        found: usize,
        expected: usize,
    },
    /// The weight, as written.
    Weight(String),
    NoWeight,
    Type {
        expected: ColumnType,
        found: String,
    },
    /// Another column gives the attribute already.
    SameAttribute(String),
    /// There is a value at this path and another one within it.
    ValueAndObject(String),
}

impl Problem {
    /// A stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self.kind {
            ProblemKind::NotUtf8 => "not-utf-8",
            ProblemKind::NotJson(_) => "not-json",
            ProblemKind::NotAnObject(_) => "not-an-object",
            ProblemKind::Twice => "duplicate-key",
            ProblemKind::TooDeep => "too-deep",
            ProblemKind::TooLong { .. } => "too-long",
            ProblemKind::Fields { .. } => "field-count",
            ProblemKind::Weight(_) => "bad-weight",
            ProblemKind::NoWeight => "missing-weight",
            ProblemKind::Type { .. } => "wrong-type",
            ProblemKind::SameAttribute(_) => "same-attribute",
            ProblemKind::ValueAndObject(_) => "value-and-object",
        }
    }

    pub fn help(&self) -> &'static str {
        match self.kind {
            ProblemKind::NotUtf8 => "write the file as UTF-8",
            ProblemKind::NotJson(_) | ProblemKind::NotAnObject(_) => {
                "each line is one JSON object, such as `{\"targetingKey\": \"user-1\"}`"
            }
            ProblemKind::Twice => "give the key once",
            ProblemKind::TooDeep => "flatten it: rules read attributes by a path such as `app.version`",
            ProblemKind::TooLong { .. } => "look for a missing line break or a quote that is never closed",
            ProblemKind::Fields { .. } => "quote fields that have the delimiter or a line break in them",
            ProblemKind::Weight(_) => "a weight is a finite number that is not negative",
            ProblemKind::NoWeight => "give each row a weight, or name another column for it",
            ProblemKind::Type { .. } => "mend the value, or declare another type in the mapping",
            ProblemKind::SameAttribute(_) | ProblemKind::ValueAndObject(_) => {
                "drop or rename one of the two in the mapping"
            }
        }
    }

    fn message(&self) -> String {
        match &self.kind {
            ProblemKind::NotUtf8 => "it is not UTF-8".to_owned(),
            ProblemKind::NotJson(why) => format!("it is not JSON: {why}"),
            ProblemKind::NotAnObject(found) => format!("a context is an object, not {found}"),
            ProblemKind::Twice => "the key stands twice in one object".to_owned(),
            ProblemKind::TooDeep => format!("it is nested more than {DEPTH_LIMIT} levels deep"),
            ProblemKind::TooLong { limit } => format!("it is longer than {limit} bytes"),
            ProblemKind::Fields { found, expected } => {
                format!("it has {found} fields; the first line names {expected}")
            }
            ProblemKind::Weight(found) => format!("{found} is no weight"),
            ProblemKind::NoWeight => "it has no weight".to_owned(),
            ProblemKind::Type { expected, found } => format!("{found} is not {}", expected.words()),
            ProblemKind::SameAttribute(attribute) => {
                format!("another column gives the attribute `{attribute}` as well")
            }
            ProblemKind::ValueAndObject(path) => format!("there is a value and something nested within it at `{path}`"),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.message())
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 5)?;
        fields.serialize_field("row", &self.row)?;
        fields.serialize_field("column", &self.column)?;
        fields.serialize_field("code", self.code())?;
        fields.serialize_field("message", &self.message())?;
        fields.serialize_field("help", self.help())?;
        fields.end()
    }
}

/// How the reading went.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Rows of the population.
    pub rows: u64,
    /// Rows that were left out.
    pub malformed: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
    /// Rows that weigh 1 because they lack the weight that other rows have.
    pub without_weight: u64,
}
