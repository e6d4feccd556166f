//! What is to be replayed, as it travels with the function.

use crate::failure::Failure;
use downhaul_blast::replay::{Options, Piecewise};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::{Valid, validate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Two flag sets, and what of the population is what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub old: Value,
    pub new: Value,
    /// Attributes by which moved weight is grouped, beside `tenant`, `region` and `segment`.
    pub by: Vec<String>,
    /// What rows have as `now` that have no such attribute.
    pub now: Option<Value>,
    /// How many different values are kept of each of them.
    pub values: usize,
    /// Columns of the population, in the order in which the function gets them.
    pub columns: Vec<String>,
    /// Columns, or dotted paths into them, that are given as another attribute.
    pub roles: BTreeMap<String, String>,
    /// The column, or the dotted path into one, that holds weights.
    pub weight: Option<Weight>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    pub source: String,
    /// Every row has to have one.
    pub named: bool,
    /// Of the whole population; not known yet where it is added up.
    pub total: Option<f64>,
}

impl Order {
    /// # Errors
    /// Where one of the flag sets is none.
    pub fn piecewise(&self) -> Result<Piecewise, Failure> {
        let options = Options { by: self.by.clone(), now: self.now.clone(), ..Options::default() };
        let total = self.weight.as_ref().and_then(|weight| weight.total);
        Ok(Piecewise::new(valid(&self.old)?, valid(&self.new)?, options, total, self.values))
    }
}

fn valid(document: &Value) -> Result<Valid, Failure> {
    let refused = |why: String| Failure::invalid("document-refused", format!("the flag set is refused: {why}"));
    let document: FlagSet = serde_json::from_value(document.clone()).map_err(|error| refused(error.to_string()))?;
    match validate(document, None) {
        Ok((valid, _)) => Ok(valid),
        Err(problems) => Err(refused(problems.first().map(|first| first.message.clone()).unwrap_or_default())),
    }
}
