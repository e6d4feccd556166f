//! What a document says in vain: rules, slices, conditions and kills without any effect.

use super::Stop;
use super::decide::{Given, Space};
use super::domain::Side;
use super::layers;
use super::report::Options;
use super::set::Set;
use super::tree::{BUCKETS, Tree};
use super::work::Work;
use crate::cone::{Indexed, scope_conditions};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet, Kill, Outcome, Rule};
use downhaul_core::explain::whole_condition_words;

/// Warnings about every flag, with JSON pointers from the root of the document. Each is proved: nothing is guessed.
///
/// A flag that is too much work by `options` gets none but that one.
pub fn lints(document: &FlagSet, options: &Options) -> Vec<Diagnostic> {
    let indexed = Indexed::new(document);
    let work = Work::new(options);
    let mut found = Vec::new();
    for (index, flag) in document.flags.iter().enumerate() {
        // Half a flag's warnings would be as true as all of them, but read as if there were no others.
        let of_flag = work.counted(flag_lints(&indexed, flag, index, &work));
        found.extend(of_flag.unwrap_or_else(|_| vec![too_much(flag, index, options)]));
    }
    found.extend(layers::overlaps(&indexed, &work));
    found
}

fn too_much(flag: &Flag, index: usize, options: &Options) -> Diagnostic {
    let message = format!("`{}` was not looked at: its rules are too entangled for {} nodes", flag.key, options.nodes);
    Diagnostic::warning("not-looked-at", format!("/flags/{index}"), message)
        .help("nothing is said of rules, slices and kills of it that may be in vain; fewer conditions on one attribute, or fewer salts, may help")
}

fn flag_lints(indexed: &Indexed<'_>, flag: &Flag, index: usize, work: &Work) -> Result<Vec<Diagnostic>, Stop> {
    let Some(cone) = indexed.cone(flag.key.as_str()) else { return Ok(Vec::new()) };
    let space = Space::of([indexed, indexed], &[(Side::Old, &cone)], work)?;
    let document = indexed.document;
    let mut linter = Linter { space, document, flag, at: format!("/flags/{index}"), found: Vec::new() };
    linter.rules()?;
    linter.kills()?;
    Ok(linter.found)
}

pub(super) struct Linter<'a> {
    pub(super) space: Space<'a>,
    document: &'a FlagSet,
    pub(super) flag: &'a Flag,
    pub(super) at: String,
    pub(super) found: Vec<Diagnostic>,
}

/// Rules that a warning names at most.
const MOST_NAMED: usize = 4;

/// Contexts that no rule has decided yet, and in which buckets.
pub(super) type Open = Vec<(Set, Tree<bool>)>;

impl Linter<'_> {
    /// Kills aside: they come and go.
    fn rules(&mut self) -> Result<(), Stop> {
        let flag = self.flag;
        let met = self.prerequisites()?;
        let mut open: Open = vec![(Set::ALL, Tree::Leaf(true))];
        let holds_of: Vec<Set> =
            flag.rules.iter().map(|rule| self.space.all(Side::Old, &rule.when)).collect::<Result<_, Stop>>()?;
        let mut serves_degraded = self.flag.default == self.flag.degraded.variant;
        for ((number, rule), holds) in flag.rules.iter().enumerate().zip(holds_of.iter().copied()) {
            let at = format!("{}/rules/{number}", self.at);
            if holds.is_empty() {
                self.contradiction(rule, &at)?;
                continue;
            }
            self.idle_conditions(rule, &at)?;
            let decides = self.decides(rule, holds)?;
            let reached = self.reached(&open, decides)?;
            if reached.is_empty() {
                self.unreachable_rule(rule, &at, decides, holds_of.get(..number).unwrap_or_default())?;
            } else if self.space.sets.and(reached, met)?.is_empty() {
                self.found.push(shadowed(rule, &at));
            } else {
                let before = self.found.len();
                self.slices(rule, &at, &open, holds)?;
                if self.found.len() == before {
                    self.redundant(number, rule, &open, &holds_of)?;
                }
                serves_degraded &= gives_only(rule, flag);
            }
            open = self.after(rule, open, holds)?;
        }
        if serves_degraded && self.flag.variants.len() > 1 && !self.flag.rules.is_empty() {
            let message = format!(
                "a kill of `{}` would change nothing: every rule and the default give `{}`, which is the degraded variant",
                self.flag.key, self.flag.degraded.variant
            );
            self.found.push(
                Diagnostic::warning("kill-without-effect", format!("{}/degraded/variant", self.at), message)
                    .help("serve another variant to someone, or name as degraded what the flag should fall back to"),
            );
        }
        Ok(())
    }

    /// The contexts that a rule decides, of those for which its conditions hold: where there is no unit, a split decides nothing.
    pub(super) fn decides(&mut self, rule: &Rule, holds: Set) -> Result<Set, Stop> {
        match &rule.then {
            Outcome::Split(split) if !split.by.starts_with("tenant.") => {
                let units = self.space.units(&split.by)?;
                self.space.sets.and(holds, units)
            }
            Outcome::Split(_) | Outcome::Serve(_) => Ok(holds),
        }
    }

    /// The contexts for which every prerequisite can be met.
    fn prerequisites(&mut self) -> Result<Set, Stop> {
        let mut met = Set::ALL;
        for (number, required) in self.flag.requires.iter().enumerate() {
            let Some(first) = self.document.flag(required.flag.as_str()) else { continue };
            let mut gives = Set::EMPTY;
            for (set, tree) in self.space.decide(Side::Old, first, Set::ALL)? {
                let accepted = tree.leaves().into_iter().any(|(_, given)| self.is_one_of(given, &required.variants));
                if accepted {
                    gives = self.space.sets.or(gives, set)?;
                }
            }
            let both = self.space.sets.and(met, gives)?;
            if both.is_empty() {
                let variants: Vec<String> = required.variants.iter().map(|variant| format!("`{variant}`")).collect();
                let message = format!(
                    "`{}` is never decided by its rules: no context is given {} by `{}`{}",
                    self.flag.key,
                    variants.join(" or "),
                    required.flag,
                    if met == Set::ALL { "" } else { " and meets the prerequisites before it" }
                );
                self.found.push(
                    Diagnostic::warning("prerequisite-never-met", format!("{}/requires/{number}", self.at), message)
                        .help("every context gets the degraded variant, with the reason PREREQUISITE_FAILED"),
                );
                // Said once is enough.
                return Ok(Set::ALL);
            }
            met = both;
        }
        Ok(met)
    }

    fn is_one_of(&self, given: &Given, variants: &[downhaul_core::ids::VariantKey]) -> bool {
        self.space.variants.get(given.variant).is_some_and(|known| variants.iter().any(|key| key.as_str() == known.key))
    }

    /// The open contexts for which a rule's conditions hold.
    fn reached(&mut self, open: &Open, holds: Set) -> Result<Set, Stop> {
        let mut reached = Set::EMPTY;
        for (set, tree) in open {
            if has_open(tree, 0, BUCKETS) {
                let both = self.space.sets.and(*set, holds)?;
                reached = self.space.sets.or(reached, both)?;
            }
        }
        Ok(reached)
    }

    fn contradiction(&mut self, rule: &Rule, at: &str) -> Result<(), Stop> {
        for (number, condition) in rule.when.iter().enumerate() {
            if self.space.condition(Side::Old, condition)?.is_empty() {
                let message = format!("this can never hold: {}", whole_condition_words(condition));
                self.found.push(
                    Diagnostic::warning("never-holds", format!("{at}/when/{number}"), message)
                        .help("no context makes it true, so the rule never decides"),
                );
                return Ok(());
            }
        }
        let message = format!("the conditions of {} contradict each other", name(rule));
        self.found.push(
            Diagnostic::warning("contradiction", format!("{at}/when"), message)
                .help("each can hold, but never all of them for one context; `any` is where one suffices"),
        );
        Ok(())
    }

    /// Conditions that hold for every context.
    fn idle_conditions(&mut self, rule: &Rule, at: &str) -> Result<(), Stop> {
        for (number, condition) in rule.when.iter().enumerate() {
            if self.space.condition(Side::Old, condition)? == Set::ALL {
                let message = format!("this always holds: {}", whole_condition_words(condition));
                self.found.push(
                    Diagnostic::warning("always-holds", format!("{at}/when/{number}"), message)
                        .help("it narrows nothing: take it out, or say what was meant"),
                );
            }
        }
        Ok(())
    }

    fn unreachable_rule(&mut self, rule: &Rule, at: &str, holds: Set, taken: &[Set]) -> Result<(), Stop> {
        let mut before: Vec<usize> = (0..taken.len()).collect();
        // Those that are not needed to cover it are not named.
        for number in 0..taken.len() {
            let mut covered = Set::EMPTY;
            for (_, set) in taken.iter().enumerate().filter(|(other, _)| *other != number && before.contains(other)) {
                covered = self.space.sets.or(covered, *set)?;
            }
            if self.space.sets.within(holds, covered)? {
                before.retain(|other| *other != number);
            }
        }
        before.truncate(MOST_NAMED);
        let names: Vec<String> = before.iter().map(|number| format!("rule {}", number + 1)).collect();
        let message = format!(
            "{} can never be reached: {} decide{} for its contexts",
            name(rule),
            listed(&names),
            if names.len() == 1 { "s" } else { "" }
        );
        let mut diagnostic = Diagnostic::warning("unreachable-rule", at.to_owned(), message)
            .help("put it before them, or narrow them, or take it out");
        for number in before {
            diagnostic = diagnostic.related_to(format!("{}/rules/{number}", self.at));
        }
        self.found.push(diagnostic);
        Ok(())
    }

    /// Slices whose every bucket was decided by rules before, which share their buckets.
    fn slices(&mut self, rule: &Rule, at: &str, open: &Open, holds: Set) -> Result<(), Stop> {
        let Outcome::Split(split) = &rule.then else { return Ok(()) };
        if split.by.starts_with("tenant.") {
            return Ok(());
        }
        let variable = self.space.bucket_variable(split);
        let units = self.space.units(&split.by)?;
        let shared_out = self.space.sets.and(holds, units)?;
        let mut from = 0_u32;
        for (number, slice) in split.slices.iter().enumerate() {
            let to = from.saturating_add(slice.width).min(BUCKETS);
            if to > from {
                let mut is_reached = false;
                for (set, tree) in open {
                    is_reached |=
                        open_in(tree, variable, from, to) && !self.space.sets.and(*set, shared_out)?.is_empty();
                }
                if !is_reached {
                    let message = format!(
                        "this slice of {} is never reached: rules before it have decided all of its buckets",
                        name(rule)
                    );
                    self.found.push(
                        Diagnostic::warning("unreachable-slice", format!("{at}/split/slices/{number}"), message).help(
                            "splits that share a salt share their buckets; give one another `salt`, or other slices",
                        ),
                    );
                }
            }
            from = to;
        }
        Ok(())
    }

    /// What is open after a rule.
    fn after(&mut self, rule: &Rule, open: Open, holds: Set) -> Result<Open, Stop> {
        let mut next: Open = Vec::new();
        let mut put = |space: &mut Space<'_>, set: Set, tree: Tree<bool>| -> Result<(), Stop> {
            if !set.is_empty() {
                match next.iter_mut().find(|(_, other)| *other == tree) {
                    Some((all, _)) => *all = space.sets.or(*all, set)?,
                    None => next.push((set, tree)),
                }
            }
            Ok(())
        };
        for (set, tree) in open {
            let rest = self.space.sets.minus(set, holds)?;
            put(&mut self.space, rest, tree.clone())?;
            if let Outcome::Split(split) = &rule.then {
                let hit = self.space.sets.and(set, holds)?;
                if split.by.starts_with("tenant.") {
                    // Who gets what is known by tenant; taken as open, so that nothing is said that may not be so.
                    put(&mut self.space, hit, tree)?;
                    continue;
                }
                let units = self.space.units(&split.by)?;
                let without = self.space.sets.minus(hit, units)?;
                put(&mut self.space, without, tree.clone())?;
                let width: u32 =
                    split.slices.iter().fold(0_u32, |sum, slice| sum.saturating_add(slice.width)).min(BUCKETS);
                let variable = self.space.bucket_variable(split);
                let uncovered = Tree::runs(variable, vec![(width, Tree::Leaf(false)), (BUCKETS, Tree::Leaf(true))]);
                let both = |before: &bool, now: &bool| *before && *now;
                let left = tree.with(&uncovered, &mut self.space.fuel, &both).ok_or(Stop::TooMuch)?;
                let shared_out = self.space.sets.and(hit, units)?;
                if left != Tree::Leaf(false) {
                    put(&mut self.space, shared_out, left)?;
                }
            }
        }
        Ok(next)
    }

    fn kills(&mut self) -> Result<(), Stop> {
        for (number, kill) in self.document.kills.iter().enumerate().filter(|(_, kill)| kill.flag == self.flag.key) {
            if !self.bites(kill)? {
                let message = format!(
                    "kill `{}` changes nothing any more: without it, all that it reaches are given `{}` as well",
                    kill.id, self.flag.degraded.variant
                );
                self.found.push(
                    Diagnostic::warning("kill-without-bite", format!("/kills/{number}"), message)
                        .help("restore it if it is done with; while it stands, it holds the flag down whatever the rules come to say"),
                );
            }
        }
        Ok(())
    }

    /// Whether some context in the kill's scope would be given another variant without it.
    fn bites(&mut self, kill: &Kill) -> Result<bool, Stop> {
        let scope = self.space.all(Side::Old, &scope_conditions(&kill.scope))?;
        let degraded = std::slice::from_ref(&self.flag.degraded.variant);
        let parts = self.space.decide_without(Side::Old, self.flag, scope, Some(kill.id.as_str()))?;
        let named = kill.scope.variant.as_deref();
        Ok(parts.iter().any(|(_, tree)| {
            tree.leaves().into_iter().any(|(_, given)| {
                !self.is_one_of(given, degraded) && named.is_none_or(|named| self.is_one_of(given, named))
            })
        }))
    }
}

/// Whether any bucket from `from` to below `to` of any variable is open.
fn has_open(tree: &Tree<bool>, from: u32, to: u32) -> bool {
    open_in(tree, usize::MAX, from, to)
}

fn open_in(tree: &Tree<bool>, variable: usize, from: u32, to: u32) -> bool {
    tree.leaves().into_iter().any(|(runs, open)| {
        *open && runs.iter().all(|run| run.variable != variable || (run.from < to && from < run.to))
    })
}

fn shadowed(rule: &Rule, at: &str) -> Diagnostic {
    let message = format!("{} never decides: whenever it holds, a prerequisite of the flag is not met", name(rule));
    Diagnostic::warning("shadowed-by-prerequisite", at.to_owned(), message)
        .help("its contexts get the degraded variant; compare its conditions with the prerequisite's rules")
}

/// Whether a rule gives nothing but the degraded variant.
fn gives_only(rule: &Rule, flag: &Flag) -> bool {
    match &rule.then {
        Outcome::Serve(variant) => *variant == flag.degraded.variant,
        Outcome::Split(split) => {
            split.slices.iter().all(|slice| slice.width == 0 || slice.variant == flag.degraded.variant)
        }
    }
}

pub(super) fn name(rule: &Rule) -> String {
    rule.name.as_ref().map_or_else(|| "this rule".to_owned(), |name| format!("rule `{name}`"))
}

fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "the rules before it".to_owned(),
    }
}
