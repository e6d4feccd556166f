//! A split while its handles are moved.

use downhaul_core::document::Slice;
use downhaul_core::ids::VariantKey;
use downhaul_core::rebalance::rebalance;
use serde_json::{Value, json};

/// All buckets.
pub const WHOLE: u32 = 100_000;
/// What an arrow key moves, and with Shift.
pub const STEP: u32 = 1_000;
pub const LARGE_STEP: u32 = 5_000;

/// How many hundred-thousandths each variant gets, in the order of the flag; last those that go on to the next rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares(Vec<(Option<String>, u32)>);

impl Shares {
    /// Of all of a flag's variants, those that the slices do not name with nothing.
    pub fn of(variants: &[String], slices: &Value) -> Self {
        let mut parts: Vec<(Option<String>, u32)> = variants.iter().map(|key| (Some(key.clone()), 0)).collect();
        for slice in slices.as_array().into_iter().flatten() {
            let (Some(key), Some(width)) = (slice.get(0).and_then(Value::as_str), slice.get(1).and_then(Value::as_u64))
            else {
                continue;
            };
            let width = u32::try_from(width).unwrap_or(WHOLE).min(WHOLE);
            match parts.iter_mut().find(|(each, _)| each.as_deref() == Some(key)) {
                Some((_, sum)) => *sum = sum.saturating_add(width),
                None => parts.push((Some(key.to_owned()), width)),
            }
        }
        let given = parts.iter().fold(0_u32, |sum, (_, width)| sum.saturating_add(*width));
        parts.push((None, WHOLE.saturating_sub(given)));
        Shares(parts)
    }

    pub fn parts(&self) -> &[(Option<String>, u32)] {
        &self.0
    }

    /// Where the part ends, in buckets.
    pub fn end(&self, part: usize) -> u32 {
        self.0.iter().take(part + 1).fold(0_u32, |sum, (_, width)| sum.saturating_add(*width)).min(WHOLE)
    }

    /// Moves the border behind a part: what it gains its next neighbour loses, as far as there is something to lose.
    #[must_use]
    pub fn with_border(&self, part: usize, end: u32) -> Self {
        let mut moved = self.clone();
        let start = part.checked_sub(1).map_or(0, |before| self.end(before));
        if let Some([(_, own), (_, next)]) = moved.0.get_mut(part..part + 2) {
            let both = own.saturating_add(*next);
            *own = end.saturating_sub(start).min(both);
            *next = both - *own;
        }
        moved
    }

    /// Gives a part another width. The others make room, or take it up, beginning with the one after it.
    #[must_use]
    pub fn with(&self, part: usize, width: u32) -> Self {
        let mut changed = self.clone();
        let count = changed.0.len();
        let width = width.min(WHOLE);
        let Some((_, own)) = changed.0.get_mut(part) else { return changed };
        let before = std::mem::replace(own, width);
        if before >= width {
            let receiver = changed.receiver(part);
            if let Some((_, next)) = changed.0.get_mut(receiver) {
                *next = next.saturating_add(before - width);
            }
            return changed;
        }
        let mut wanted = width - before;
        for distance in 1..count {
            if let Some((_, other)) = changed.0.get_mut((part + distance) % count) {
                let taken = wanted.min(*other);
                *other -= taken;
                wanted -= taken;
            }
        }
        changed
    }

    /// Who takes up what a part gives away: another variant where there is one, else the next rule.
    fn receiver(&self, part: usize) -> usize {
        let variants = self.0.len().saturating_sub(1);
        match (part, variants) {
            (part, variants) if part >= variants => variants.saturating_sub(1),
            (_, 1) => variants,
            (part, variants) => (part + 1) % variants,
        }
    }

    /// As slices in which as few people as possible get another variant than by `published`.
    pub fn slices(&self, published: &[Slice]) -> Value {
        let target: Vec<(VariantKey, u32)> =
            self.0.iter().filter_map(|(key, width)| Some((key.as_ref()?.parse().ok()?, *width))).collect();
        let slices = rebalance(published, &target);
        json!(slices.iter().map(|slice| json!([slice.variant.as_str(), slice.width])).collect::<Vec<_>>())
    }
}

/// The variants in the order in which slices name them first; those that they do not name last.
pub fn order(variants: &[String], slices: &Value) -> Vec<String> {
    let mut order: Vec<String> = Vec::with_capacity(variants.len());
    for slice in slices.as_array().into_iter().flatten() {
        if let Some(key) = slice.get(0).and_then(Value::as_str)
            && variants.iter().any(|each| each == key)
            && !order.iter().any(|each| each == key)
        {
            order.push(key.to_owned());
        }
    }
    let rest: Vec<String> = variants.iter().filter(|each| !order.contains(each)).cloned().collect();
    order.extend(rest);
    order
}

/// Slices as they stand in JSON, as far as they are slices.
pub fn read(slices: &Value) -> Vec<Slice> {
    let slice = |slice: &Value| {
        let width = slice.get(1).and_then(Value::as_u64).and_then(|width| u32::try_from(width).ok())?;
        Some(Slice { variant: slice.get(0).and_then(Value::as_str)?.parse().ok()?, width })
    };
    slices.as_array().into_iter().flatten().filter_map(slice).collect()
}

/// Per cent as typed, to three places: `12.5`, also with a comma. `None` for what is no such number.
pub fn typed(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches('%').trim_end().replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    if rest.len() > 3 || !format!("{whole}{rest}").bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() {
        return None;
    }
    let whole: u32 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let rest: u32 = format!("{rest:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(rest).filter(|width| *width <= WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(widths: &[u32]) -> Shares {
        let names: Vec<String> = (0..widths.len()).map(|at| format!("v{at}")).collect();
        Shares::of(&names, &json!(names.iter().zip(widths).map(|(n, w)| json!([n, w])).collect::<Vec<_>>()))
    }

    fn widths(shares: &Shares) -> Vec<u32> {
        shares.parts().iter().map(|(_, width)| *width).collect()
    }

    #[test]
    fn handles_and_fields() {
        let even = shares(&[25_000, 75_000]);
        assert_eq!(widths(&even.with_border(0, 30_000)), [30_000, 70_000, 0]);
        assert_eq!(widths(&even.with_border(0, 120_000)), [100_000, 0, 0]);
        assert_eq!(widths(&even.with(0, 40_000)), [40_000, 60_000, 0]);
        assert_eq!(widths(&even.with(1, 50_000)), [50_000, 50_000, 0]);
        assert_eq!(widths(&even.with(2, 10_000)), [15_000, 75_000, 10_000]);
        assert_eq!(widths(&even.with(2, 10_000).with(2, 0)), [15_000, 85_000, 0]);
        let three = shares(&[10_000, 20_000, 70_000]);
        assert_eq!(widths(&three.with(0, 50_000)), [50_000, 0, 50_000, 0]);
        assert_eq!(widths(&three.with_border(1, 15_000)), [10_000, 5_000, 85_000, 0]);
        assert_eq!(widths(&shares(&[100_000]).with(0, 40_000)), [40_000, 60_000]);
    }

    #[test]
    fn a_ramp_takes_nothing_from_anyone() {
        let published = read(&json!([["on", 25_000], ["off", 50_000], ["on", 5_000], ["off", 20_000]]));
        let names = ["on".to_owned(), "off".to_owned()];
        let now = json!([["on", 25_000], ["off", 50_000], ["on", 5_000], ["off", 20_000]]);
        let wider = Shares::of(&names, &now).with(0, 40_000).slices(&published);
        assert_eq!(wider, json!([["on", 25_000], ["off", 50_000], ["on", 5_000], ["off", 10_000], ["on", 10_000]]));
        assert_eq!(Shares::of(&names, &wider).with(0, 30_000).slices(&published), now, "back where it was");
    }

    #[test]
    fn parts_stand_as_the_slices_do() {
        let variants = ["blue", "off", "on"].map(str::to_owned);
        let slices = json!([["on", 5], ["off", 5], ["on", 5], ["gone", 5]]);
        assert_eq!(order(&variants, &slices), ["on", "off", "blue"]);
        assert_eq!(order(&variants, &Value::Null), variants);
    }

    #[test]
    fn per_cents_are_read_as_people_write_them() {
        for (text, width) in [("25", 25_000), ("12,5", 12_500), ("0.001", 1), ("100 %", 100_000), (".5", 500)] {
            assert_eq!(typed(text), Some(width), "{text}");
        }
        for text in ["", "-1", "101", "1.0001", "a", "1.2.3"] {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(
            first in 0_u32..50_000, second in 0_u32..50_000, part in 0_usize..3, width in 0_u32..120_000, border in any::<bool>(),
        ) {
            let before = shares(&[first, second]);
            let after = if border { before.with_border(part, width) } else { before.with(part, width) };
            prop_assert_eq!(widths(&after).iter().sum::<u32>(), WHOLE);
        }
    }
}
