//! A set as `any` of conditions that all hold: what is left to say where no few conditions say it together.

use super::Stop;
use super::decide::Space;
use super::describe::Clause;
use super::set::Set;
use downhaul_core::document::Condition;

/// Alternatives in which a set is spelled out at most.
const ALTERNATIVES: usize = 24;

/// Alternatives, and what they hold for.
#[derive(Debug)]
pub(super) struct Any {
    pub(super) condition: Condition,
    pub(super) set: Set,
}

/// Alternatives that within `said` hold for exactly the set; `None` where these words cannot say it, or not in few.
pub(super) fn cover(space: &mut Space<'_>, set: Set, said: Set, words: &[&Clause]) -> Result<Option<Any>, Stop> {
    let mut left = set;
    let mut any = Vec::new();
    let mut covered = Set::EMPTY;
    while !left.is_empty() {
        if any.len() >= ALTERNATIVES {
            return Ok(None);
        }
        let one = space.one_of(left)?;
        let Some((condition, holds)) = alternative(space, one, set, said, words)? else { return Ok(None) };
        any.push(condition);
        covered = space.sets.or(covered, holds)?;
        left = space.sets.minus(left, holds)?;
    }
    let condition = match any.pop() {
        Some(only) if any.is_empty() => only,
        last => Condition::Any(any.into_iter().chain(last).collect()),
    };
    Ok(Some(Any { condition, set: covered }))
}

/// Conditions that all hold for `one` and, within `said`, for nothing outside the set.
fn alternative(
    space: &mut Space<'_>,
    one: Set,
    set: Set,
    said: Set,
    words: &[&Clause],
) -> Result<Option<(Condition, Set)>, Stop> {
    let mut chosen: Vec<&Clause> = Vec::new();
    let mut holds = said;
    for clause in words.iter().filter(|clause| clause.condition().is_some()) {
        if space.sets.within(holds, set)? {
            break;
        }
        if space.sets.within(one, clause.set)? {
            let narrower = space.sets.and(holds, clause.set)?;
            if narrower != holds {
                holds = narrower;
                chosen.push(clause);
            }
        }
    }
    if !space.sets.within(holds, set)? {
        return Ok(None);
    }
    // Those that are not needed are not said; as few as will do also hold for more of the set.
    for at in (0..chosen.len()).rev() {
        let mut without = said;
        for (_, clause) in chosen.iter().enumerate().filter(|(other, _)| *other != at) {
            without = space.sets.and(without, clause.set)?;
        }
        if space.sets.within(without, set)? {
            chosen.remove(at);
        }
    }
    let mut holds = Set::ALL;
    for clause in &chosen {
        holds = space.sets.and(holds, clause.set)?;
    }
    let mut conditions: Vec<Condition> = chosen.iter().filter_map(|clause| clause.condition()).cloned().collect();
    let condition = if conditions.len() == 1 { conditions.pop() } else { Some(Condition::All(conditions)) };
    Ok(condition.map(|condition| (condition, holds)))
}

impl Space<'_> {
    /// Contexts of a set that are alike in everything that it asks.
    fn one_of(&mut self, set: Set) -> Result<Set, Stop> {
        let mut one = Set::ALL;
        for (variable, class) in self.sets.path(set, |_, class| u32::try_from(class).unwrap_or(u32::MAX)) {
            let literal = self.sets.literal(variable, |other| other == class)?;
            one = self.sets.and(one, literal)?;
        }
        Ok(one)
    }
}
