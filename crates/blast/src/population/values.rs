//! What a population has at each attribute, for people who look at it.

use super::Population;
use super::column::Column;
use serde_json::Value;
use std::sync::Arc;

/// What the rows have at one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeValues {
    /// As rules write it.
    pub attribute: String,
    /// Rows that have it, and their weight.
    pub rows: u64,
    pub weight: f64,
    /// Different values.
    pub distinct: usize,
    /// The values of the greatest weight, each with it; of equal ones those first that were met first.
    pub greatest: Vec<(Value, f64)>,
}

impl Population {
    /// Each attribute with at most `most` of its values, in the order of the columns.
    pub fn values(&self, most: usize) -> Vec<AttributeValues> {
        self.columns.iter().map(|column| self.values_of(column, most)).collect()
    }

    fn values_of(&self, column: &Arc<Column>, most: usize) -> AttributeValues {
        let column = column.distinct();
        let mut weights = vec![(0_u64, 0.0_f64); column.dictionary().len() + 1];
        for (row, code) in column.codes().iter().enumerate() {
            if let Some(place) = weights.get_mut(*code as usize) {
                place.0 += 1;
                place.1 += self.row_weight(row);
            }
        }
        let mut known: Vec<(u32, u64, f64)> = (0_u32..)
            .zip(weights)
            .skip(1)
            .filter(|(_, (rows, _))| *rows > 0)
            .map(|(code, (rows, weight))| (code, rows, weight))
            .collect();
        let (rows, weight) = known.iter().fold((0, 0.0), |(rows, weight), each| (rows + each.1, weight + each.2));
        let distinct = known.len();
        known.sort_by(|one, other| other.2.total_cmp(&one.2));
        let value = |(code, _, weight): &(u32, u64, f64)| Some((column.dictionary().value(*code)?, *weight));
        let greatest = known.iter().take(most).filter_map(value).collect();
        AttributeValues { attribute: column.name(), rows, weight, distinct, greatest }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Limits};
    use serde_json::json;

    #[test]
    fn the_heaviest_values_stand_first() {
        let mut builder = Builder::new(&Limits::default());
        for (context, weight) in [
            (json!({ "plan": "free", "app": { "version": 2 } }), 1.0),
            (json!({ "plan": "paid" }), 5.0),
            (json!({ "plan": "free" }), 2.0),
            (json!({ "plan": null, "beta": true }), 1.0),
            (json!({}), 7.0),
        ] {
            builder.push(context.as_object().unwrap(), weight).unwrap();
        }
        let found = builder.finish().values(2);
        let plan = found.iter().find(|each| each.attribute == "plan").unwrap();
        assert_eq!((plan.rows, plan.weight, plan.distinct), (4, 9.0, 3));
        assert_eq!(plan.greatest, [(json!("paid"), 5.0), (json!("free"), 3.0)]);
        let version = found.iter().find(|each| each.attribute == "app.version").unwrap();
        assert_eq!((version.rows, version.greatest.as_slice()), (1, [(json!(2), 1.0)].as_slice()));
    }
}
