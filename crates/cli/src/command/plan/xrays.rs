//! X-rays of examples, by both documents.

use super::sides::Pair;
use downhaul_blast::plan::{FlagPlan, Plan};
use downhaul_core::explain::{Explainer, Xray};
use downhaul_core::validate::Valid;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Makes X-rays of so many examples of each flag.
pub(super) struct Xrays<'v> {
    old: Explainer<&'v Valid>,
    new: Explainer<&'v Valid>,
    most: usize,
}

/// A context that is given something else, and why it is.
pub(super) struct Seen<'p> {
    /// The row of the population; `None` of a region's witness.
    pub(super) row: Option<usize>,
    pub(super) context: &'p Map<String, Value>,
    pub(super) before: Xray,
    pub(super) after: Xray,
}

impl<'v> Xrays<'v> {
    pub(super) fn new(pair: &'v Pair, most: usize) -> Self {
        Xrays { old: Explainer::new(&pair.old.valid), new: Explainer::new(&pair.effective), most }
    }

    /// Examples of the population; without any, the witnesses of the regions.
    pub(super) fn of_flag<'p>(&'p self, key: &'p str, flag: &'p FlagPlan) -> impl Iterator<Item = Seen<'p>> {
        let of_population = flag.examples.iter().map(|example| (example.row, &example.context));
        let witnesses = flag.regions.iter().filter(|_| flag.examples.is_empty());
        let witnesses = witnesses.filter_map(|region| Some((None, region.witness.as_ref()?)));
        of_population.chain(witnesses).take(self.most).map(move |(row, context)| {
            let [before, after] = self.both(key, context);
            Seen { row, context, before, after }
        })
    }

    /// Puts them where programs look for them: beside each example of the population.
    pub(super) fn write_into(&self, plan: &mut Plan) -> Result<(), serde_json::Error> {
        for (key, flag) in &mut plan.flags {
            for example in flag.examples.iter_mut().take(self.most) {
                let [before, after] = self.both(key, &example.context);
                example.before = Some(serde_json::to_value(before)?);
                example.after = Some(serde_json::to_value(after)?);
            }
        }
        Ok(())
    }

    fn both(&self, key: &str, context: &Map<String, Value>) -> [Xray; 2] {
        [&self.old, &self.new].map(|document| document.explain(key, context, &BTreeMap::new()))
    }
}
