use std::collections::BTreeSet;

/// The rows of a list that are chosen, by key, so that a list that is filtered or sorted anew keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub keys: BTreeSet<String>,
    /// Where a range begins.
    anchor: Option<String>,
}

impl Selection {
    /// `X`, or a click.
    #[must_use]
    pub fn toggle(&self, key: &str) -> Self {
        let mut next = self.clone();
        if !next.keys.remove(key) {
            next.keys.insert(key.to_owned());
        }
        next.anchor = Some(key.to_owned());
        next
    }

    /// Shift and a click: all from the last one that was toggled up to this, in the order that is shown.
    #[must_use]
    pub fn reach(&self, key: &str, shown: &[String]) -> Self {
        let place = |key: &str| shown.iter().position(|each| each == key);
        let from = self.anchor.as_deref().and_then(place);
        let (Some(from), Some(to)) = (from, place(key)) else { return self.toggle(key) };
        let mut next = self.clone();
        next.keys.extend(shown.iter().take(from.max(to) + 1).skip(from.min(to)).cloned());
        next
    }

    /// Without those that are not there any more.
    pub fn among<'a>(&'a self, there: &'a [String]) -> impl Iterator<Item = &'a String> {
        there.iter().filter(|key| self.keys.contains(*key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(selection: &Selection) -> String {
        selection.keys.iter().map(String::as_str).collect()
    }

    #[test]
    fn ranges_begin_where_one_was_toggled() {
        let shown: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
        let selection = Selection::default().toggle("b");
        assert_eq!(keys(&selection.reach("d", &shown)), "bcd");
        assert_eq!(keys(&selection.reach("a", &shown)), "ab", "upwards as well");
        assert_eq!(keys(&selection.toggle("e").toggle("b")), "e");
        assert_eq!(keys(&Selection::default().reach("c", &shown)), "c", "without a beginning it is one");
        let gone: Vec<String> = vec!["c".to_owned()];
        assert_eq!(selection.among(&gone).count(), 0);
    }
}
