//! The replay as an aggregate function, and the sum of weights that it rests on.

use crate::columns::{Rows, weights};
use crate::failure::Failure;
use crate::order::Order;
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use downhaul_blast::replay::{Partial, Piecewise, Replay, TotalWeight};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a replay answers, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub replay: Replay,
    /// Attributes that have too many values to group by.
    pub not_grouped: Vec<String>,
}

pub const REPLAY: &str = "downhaul_replay";
pub const WEIGHT: &str = "downhaul_weight";

/// A function made for one order, which it carries.
#[derive(Debug)]
struct Ordered {
    name: &'static str,
    /// The order as it travels; two functions of one order are the same.
    text: String,
    order: Arc<Order>,
    /// For the replay.
    piecewise: Option<Arc<Piecewise>>,
    signature: Signature,
}

/// `downhaul_replay(columns…)`, the columns as the order names them: an [`Answer`] as JSON.
///
/// # Errors
/// Where a flag set of the order is none.
pub fn replay(order: Order) -> Result<AggregateUDF, Failure> {
    let piecewise = Some(Arc::new(order.piecewise()?));
    Ok(ordered(REPLAY, order, piecewise))
}

/// `downhaul_weight(column)`: the sum of all weights, the same in whatever order they come.
pub fn weight(order: Order) -> AggregateUDF {
    ordered(WEIGHT, order, None)
}

fn ordered(name: &'static str, order: Order, piecewise: Option<Arc<Piecewise>>) -> AggregateUDF {
    let text = serde_json::to_string(&order).unwrap_or_default();
    let signature = Signature::variadic_any(Volatility::Immutable);
    AggregateUDF::new_from_impl(Ordered { name, text, order: Arc::new(order), piecewise, signature })
}

/// The order that one of these functions carries; `None` of any other function.
pub fn encoded(function: &AggregateUDF) -> Option<&str> {
    function.inner().downcast_ref::<Ordered>().map(|ordered| ordered.text.as_str())
}

/// The function by its name and the order that it carried.
///
/// # Errors
/// Where the order cannot be read; `None` for a name that is none of ours.
pub fn decoded(name: &str, order: &[u8]) -> Option<Result<AggregateUDF, Failure>> {
    let unreadable = |error: serde_json::Error| {
        Failure::could_not_run("another-version", format!("what is to be replayed cannot be read: {error}"))
            .help("run the same version of downhaul-scale on all machines")
    };
    let read = || serde_json::from_slice(order).map_err(unreadable);
    match name {
        REPLAY => Some(read().and_then(replay)),
        WEIGHT => Some(read().map(weight)),
        _ => None,
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.text) == (other.name, &other.text)
    }
}

impl Eq for Ordered {}

impl Hash for Ordered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.text).hash(state);
    }
}

impl AggregateUDFImpl for Ordered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[state]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(match &self.piecewise {
            Some(piecewise) => Box::new(Replaying {
                order: Arc::clone(&self.order),
                piecewise: Arc::clone(piecewise),
                rows: Rows::default(),
                found: Partial::default(),
            }),
            None => Box::new(Weighing { order: Arc::clone(&self.order), total: TotalWeight::default() }),
        })
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| DataFusionError::External(Box::new(error)))
}

/// Each state that arrives.
fn states<'a, T: Deserialize<'a>>(arrays: &'a [ArrayRef]) -> Result<Vec<T>> {
    let binary = arrays.first().and_then(|array| array.as_binary_opt::<i32>());
    let read =
        |json: &'a [u8]| serde_json::from_slice(json).map_err(|error| DataFusionError::External(Box::new(error)));
    binary.into_iter().flatten().flatten().map(read).collect()
}

fn text<T: Serialize>(value: &T) -> Result<ScalarValue> {
    let json = serde_json::to_string(value).map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok(ScalarValue::Utf8(Some(json)))
}

#[derive(Debug)]
struct Replaying {
    order: Arc<Order>,
    piecewise: Arc<Piecewise>,
    rows: Rows,
    found: Partial,
}

impl Replaying {
    fn replay_rows(&mut self) -> Result<()> {
        if !self.rows.is_empty() {
            let piece = self.rows.finish()?;
            self.piecewise.add(&piece, &mut self.found);
        }
        Ok(())
    }
}

impl Accumulator for Replaying {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows.take(&self.order, values)?;
        if self.rows.are_many() { self.replay_rows() } else { Ok(()) }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.replay_rows()?;
        Ok(vec![ScalarValue::Binary(Some(to_json(&self.found)?))])
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        for other in states(arrays)? {
            self.piecewise.merge(&mut self.found, other);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.replay_rows()?;
        let not_grouped = self.found.overfull().map(str::to_owned).collect();
        text(&Answer { replay: self.piecewise.finish(self.found.clone()), not_grouped })
    }

    fn size(&self) -> usize {
        size_of_val(self) + usize::try_from(self.rows.bytes()).unwrap_or(usize::MAX) + self.found.bytes()
    }
}

#[derive(Debug)]
struct Weighing {
    order: Arc<Order>,
    total: TotalWeight,
}

impl Accumulator for Weighing {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for array in values {
            weights(&self.order, array)?.into_iter().for_each(|weight| self.total.add(weight));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(to_json(&self.total)?))])
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        states(arrays)?.iter().for_each(|other| self.total.merge(other));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.total.sum();
        if !sum.is_finite() {
            return Err(Failure::invalid(
                "population-total-weight",
                "the weights add up to more than a number can hold",
            )
            .help("divide all weights by the same number")
            .into());
        }
        text(&sum)
    }

    fn size(&self) -> usize {
        size_of_val(self) + (1 << 15)
    }
}
