//! Exactly one node for each condition, in the order of the text: so an observer can find the condition of a node.

use super::Compiler;
use crate::document::{Condition, Scalar, Test};
use crate::program::op;
use crate::time;

impl Compiler<'_> {
    pub(super) fn conditions(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            self.condition(condition);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let node = self.pools.open_node();
        let (operator, slot, a, b) = match condition {
            Condition::Tenant(tenants) => {
                let (start, count) = self.pools.texts(tenants.iter().map(|tenant| tenant.as_str()), true);
                (op::TENANT, "tenant", start, count)
            }
            Condition::Region(regions) => {
                let (start, count) = self.pools.texts(regions.iter().map(|region| region.as_str()), true);
                (op::REGION, "region", start, count)
            }
            Condition::Segment(keys) => {
                let mut numbers: Vec<u32> =
                    keys.iter().filter_map(|key| self.segment_numbers.get(key).copied()).collect();
                numbers.sort_unstable();
                (op::SEGMENT, "targetingKey", self.pools.ids(&numbers), crate::program::word(numbers.len()))
            }
            Condition::All(inner) => {
                self.conditions(inner);
                (op::ALL, "targetingKey", 0, 0)
            }
            Condition::Any(inner) => {
                self.conditions(inner);
                (op::ANY, "targetingKey", 0, 0)
            }
            Condition::Not(inner) => {
                self.condition(inner);
                (op::NOT, "targetingKey", 0, 0)
            }
            Condition::Attribute { attribute, test } => {
                let (operator, a, b, needs_text) = self.test(attribute, test);
                if needs_text {
                    self.pools.text_slot(attribute);
                }
                (operator, attribute.as_str(), a, b)
            }
        };
        let slot = self.pools.slot(slot);
        self.pools.close_node(node, operator, slot, a, b);
    }

    fn test(&mut self, attribute: &str, test: &Test) -> (u32, u32, u32, bool) {
        let hashed = self.audience.is_browser() && attribute == "targetingKey";
        let pools = &mut self.pools;
        match test {
            Test::In(values) => (op::IN, pools.set(values, hashed), 0, hashed),
            Test::NotIn(values) => (op::NOT_IN, pools.set(values, hashed), 0, hashed),
            Test::Contains(values) => texts(op::CONTAINS, pools.texts(values.iter().map(String::as_str), false)),
            Test::StartsWith(values) => texts(op::STARTS_WITH, pools.texts(values.iter().map(String::as_str), false)),
            Test::EndsWith(values) => texts(op::ENDS_WITH, pools.texts(values.iter().map(String::as_str), false)),
            Test::Matches(patterns) => texts(op::MATCHES, pools.automata(patterns)),
            Test::Exists => (op::EXISTS, 0, 0, false),
            Test::Lt(bound) => (op::LT, pools.number(*bound), 0, false),
            Test::Le(bound) => (op::LE, pools.number(*bound), 0, false),
            Test::Gt(bound) => (op::GT, pools.number(*bound), 0, false),
            Test::Ge(bound) => (op::GE, pools.number(*bound), 0, false),
            Test::Between(low, high) => (op::BETWEEN, pools.number(*low), pools.number(*high), false),
            Test::Semver(ranges) => texts(op::SEMVER, pools.ranges(ranges)),
            Test::Before(bound) => moment(op::BEFORE, bound, pools),
            Test::After(bound) => moment(op::AFTER, bound, pools),
            Test::IpIn(blocks) => texts(op::IP_IN, pools.blocks(blocks)),
        }
    }
}

fn texts(operator: u32, (start, count): (u32, u32)) -> (u32, u32, u32, bool) {
    (operator, start, count, true)
}

fn moment(operator: u32, bound: &Scalar, pools: &mut super::Pools) -> (u32, u32, u32, bool) {
    let millis = match bound {
        Scalar::Text(text) => time::parse(text),
        Scalar::Number(number) => time::from_number(*number),
        Scalar::Boolean(_) => None,
    };
    match millis {
        Some(millis) => (operator, pools.number(millis), 0, true),
        // Validation refuses such a bound.
        None => (op::NEVER, 0, 0, false),
    }
}
