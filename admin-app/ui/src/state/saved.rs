//! Filters that a person has given a name.

use serde::{Deserialize, Serialize};

/// More would not be found again.
const MOST: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub name: String,
    /// As the address has it after `?`.
    pub query: String,
}

/// Where they are kept; of each person by themselves, where several use a browser.
pub fn place(actor: &str) -> String {
    format!("downhaul.filters/{actor}")
}

/// With one more; one of the same name is replaced.
pub fn with(saved: &[Saved], name: &str, query: &str) -> Vec<Saved> {
    let mut next: Vec<Saved> = saved.iter().filter(|each| each.name != name).cloned().collect();
    next.push(Saved { name: name.to_owned(), query: query.to_owned() });
    next.drain(..next.len().saturating_sub(MOST));
    next
}

pub fn without(saved: &[Saved], name: &str) -> Vec<Saved> {
    saved.iter().filter(|each| each.name != name).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_name_stays_and_the_oldest_of_too_many_go() {
        let saved = with(&with(&[], "mine", "owner=a"), "mine", "owner=b");
        assert_eq!(saved, [Saved { name: "mine".into(), query: "owner=b".into() }]);
        let many = (0..30).fold(saved, |saved, number| with(&saved, &format!("{number}"), ""));
        assert_eq!((many.len(), many.first().map(|each| each.name.as_str())), (MOST, Some("10")));
        assert_eq!(without(&many, "29").len(), MOST - 1);
    }
}
