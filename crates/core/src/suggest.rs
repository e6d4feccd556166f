//! Did you mean?

use std::cell::Cell;

/// Compares unknown names with known ones, and stops offering names once it has worked too much: an input full of unknown
/// names must not cost the square of its size.
#[derive(Debug)]
pub(crate) struct Suggestions {
    comparisons_left: Cell<usize>,
}

/// Enough for hundreds of misspelt names in a document of the greatest size.
const COMPARISONS: usize = 400_000;

impl Suggestions {
    pub(crate) fn new() -> Self {
        Suggestions { comparisons_left: Cell::new(COMPARISONS) }
    }

    /// The help for `name`: the nearest of the known names if one is near, else all of them if they are few.
    pub(crate) fn help<'a>(&self, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
        if let Some(near) = self.near(name, known.clone()) {
            return Some(format!("did you mean `{near}`?"));
        }
        let mut few: Vec<&str> = known.into_iter().take(LISTED + 1).collect();
        few.dedup();
        match few.len() {
            0 => None,
            1..=LISTED => Some(format!("known here: {}", quoted(&few))),
            _ => None,
        }
    }

    /// The known name nearest to `name`, if it is near enough to be meant.
    pub(crate) fn near<'a>(&self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        // Names are short; a longer text is no misspelt name.
        if name.is_empty() || name.len() > 256 {
            return None;
        }
        let (lower, length) = (name.to_lowercase(), name.chars().count());
        // The least distance, and of several such the longest common beginning.
        let mut best: Option<(usize, usize, &str)> = None;
        for candidate in known {
            let left = self.comparisons_left.get();
            if left == 0 {
                break;
            }
            self.comparisons_left.set(left - 1);
            let longer = length.max(candidate.chars().count());
            if name.len().abs_diff(candidate.len()) > longer.div_ceil(3) {
                continue;
            }
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            let near = distance <= longer.div_ceil(3).min(4) && distance < longer;
            let common = name.bytes().zip(candidate.bytes()).take_while(|(left, right)| left == right).count();
            if near && best.is_none_or(|(least, most, _)| distance < least || (distance == least && common > most)) {
                best = Some((distance, common, candidate));
            }
        }
        best.map(|(_, _, candidate)| candidate)
    }
}

/// More known names than this are not listed.
const LISTED: usize = 16;

/// `a`, `b` and so on, each in backticks.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let cases = [
            ("ownr", &["owner", "kind"][..], Some("owner")),
            ("Checkout-V2", &["checkout-v2"], Some("checkout-v2")),
            ("startswith", &["starts_with", "ends_with"], Some("starts_with")),
            ("of", &["on", "off"], Some("off")),
            ("zebra", &["owner", "kind"], None),
            ("a", &["b"], None),
            ("", &["b"], None),
        ];
        for (name, known, expected) in cases {
            assert_eq!(Suggestions::new().near(name, known.iter().copied()), expected, "{name}");
        }
    }

    #[test]
    fn the_work_is_bounded() {
        let suggestions = Suggestions { comparisons_left: Cell::new(1) };
        assert_eq!(suggestions.near("ownr", ["kind", "owner"]), None);
    }
}
