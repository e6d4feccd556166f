//! Values that are treated alike, as small numbers.

use super::kept::Kept;
use super::question::{Asker, Cuts, Questions};
use crate::crew::{Cancelled, Crew};
use crate::population::{Column, Entry, Population};
use hashbrown::HashMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Something about rows that decisions depend on: one of a few numbers for each.
#[derive(Debug, Clone)]
pub(super) struct Trait {
    column: Arc<Column>,
    classes: Arc<Classes>,
    /// Numbers are below it.
    pub(super) count: u32,
}

/// By code of the column, as narrow as may be: there may be millions.
#[derive(Debug)]
enum Classes {
    Byte(Vec<u8>),
    Short(Vec<u16>),
    Word(Vec<u32>),
}

impl Classes {
    fn narrow(classes: Vec<u32>, count: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "below the count")]
        match count {
            0..=0x100 => Classes::Byte(classes.into_iter().map(|class| class as u8).collect()),
            0x101..=0x1_0000 => Classes::Short(classes.into_iter().map(|class| class as u16).collect()),
            _ => Classes::Word(classes),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Classes::Byte(classes) => classes.len(),
            Classes::Short(classes) => classes.len() * 2,
            Classes::Word(classes) => classes.len() * 4,
        }
    }
}

impl Trait {
    /// Counts on: each key times `count`, plus the class of the row that the key is for, from row `start` on.
    pub(super) fn mix(&self, start: usize, keys: &mut [u32]) {
        let codes = self.column.codes().get(start..).unwrap_or_default();
        match self.classes.as_ref() {
            Classes::Byte(classes) => mix(keys, codes, classes, self.count),
            Classes::Short(classes) => mix(keys, codes, classes, self.count),
            Classes::Word(classes) => mix(keys, codes, classes, self.count),
        }
    }
}

fn mix<T: Copy + Into<u32>>(keys: &mut [u32], codes: &[u32], classes: &[T], count: u32) {
    for (key, code) in keys.iter_mut().zip(codes) {
        let class = classes.get(*code as usize).copied().map_or(0, Into::into);
        *key = key.wrapping_mul(count).wrapping_add(class);
    }
}

/// The traits that the questions are about. `now` is what rows have as `now` that have none. `tick` gets how many of how
/// many values are done.
pub(super) fn traits(
    questions: &Questions,
    population: &Population,
    kept: &mut Kept,
    now: Option<&Value>,
    crew: Crew<'_>,
    tick: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Trait>, Cancelled> {
    let mut traits = Vec::new();
    // What no row has is the same for all.
    let mut with_columns = |attribute: &str| kept.column(population, attribute);
    let tested: Vec<_> =
        questions.tested().filter_map(|attribute| Some((attribute, with_columns(attribute)?))).collect();
    let units: Vec<_> =
        questions.units().filter_map(|(attribute, cuts)| Some((attribute, cuts, with_columns(attribute)?))).collect();
    let values = |column: &Column| column.dictionary().len() + 1;
    let of = tested.iter().map(|(_, column)| values(column)).sum::<usize>()
        + units.iter().map(|(_, _, column)| values(column)).sum::<usize>();
    let mut done = 0;
    for (attribute, column) in tested {
        let size = values(&column);
        let absent = now.filter(|_| attribute == NOW);
        let asked = questions.asked(attribute, absent);
        let known = match kept.traits.get(&asked) {
            Some(known) => known,
            None => {
                let made = tested_trait(questions, attribute, column, absent, crew, &mut |values| {
                    tick(done + values, of);
                })?;
                kept.traits.put(asked, made.clone(), made.classes.bytes());
                made
            }
        };
        traits.push(known);
        done += size;
    }
    for (attribute, cuts, column) in units {
        let size = values(&column);
        let absent = now.filter(|_| attribute == NOW);
        let at = (attribute.to_owned(), cuts.seed(), absent.cloned());
        let buckets = match kept.buckets.get(&at) {
            Some(known) => known,
            None => {
                let made = Arc::new(buckets(cuts, &column, absent, crew, &mut |values| tick(done + values, of))?);
                kept.buckets.put(at, Arc::clone(&made), made.len() * 4);
                made
            }
        };
        traits.push(cells(cuts, column, &buckets, crew)?);
        done += size;
    }
    traits.retain(|each| each.count > 1);
    Ok(traits)
}

/// The attribute that clients fill in with the time.
pub(super) const NOW: &str = "now";

fn tested_trait(
    questions: &Questions,
    attribute: &str,
    column: Arc<Column>,
    absent: Option<&Value>,
    crew: Crew<'_>,
    tick: &mut dyn FnMut(usize),
) -> Result<Trait, Cancelled> {
    let dictionary = column.dictionary();
    let mut classes = vec![0u32; dictionary.len() + 1];
    let known = Mutex::new(BTreeMap::new());
    let judges = questions.judges(attribute);
    let named = questions.named(attribute);
    let state = || Classifier { asker: judges.asker(), answers: Vec::new(), own: HashMap::new(), any: None };
    let fill = |classifier: &mut Classifier<'_>, from: usize, piece: &mut [u32]| {
        for (code, class) in (from..).zip(piece) {
            let code = u32::try_from(code).unwrap_or(u32::MAX);
            *class = match dictionary.entry(code) {
                Some(Entry::Text(text)) if named.as_ref().is_some_and(|named| !named.has(text)) => {
                    match classifier.any {
                        Some(any) => any,
                        None => {
                            let any = classifier.class(code, Some(&Value::from(text)), &known);
                            *classifier.any.insert(any)
                        }
                    }
                }
                Some(entry) => classifier.class(code, Some(&entry.value()), &known),
                None => classifier.class(code, absent, &known),
            };
        }
    };
    crew.fill(&mut classes, state, fill, tick)?;
    let count = u32::try_from(known.into_inner().unwrap_or_else(PoisonError::into_inner).len()).unwrap_or(u32::MAX);
    Ok(Trait { column, classes: Arc::new(Classes::narrow(classes, count)), count })
}

/// Gives classes to answers; each thread has its own.
struct Classifier<'q> {
    asker: Asker<'q>,
    answers: Vec<u32>,
    own: HashMap<Vec<u32>, u32>,
    /// The class of all texts that nobody names.
    any: Option<u32>,
}

impl Classifier<'_> {
    fn class(&mut self, code: u32, value: Option<&Value>, known: &Mutex<BTreeMap<Vec<u32>, u32>>) -> u32 {
        if !self.asker.answers(value, &mut self.answers) {
            // Like nothing else.
            self.answers.push(code);
        }
        if let Some(class) = self.own.get(self.answers.as_slice()) {
            return *class;
        }
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let class = *known.entry(self.answers.clone()).or_insert(next);
        self.own.insert(self.answers.clone(), class);
        class
    }
}

/// Of a value that is no bucketing unit.
const NO_UNIT: u32 = u32::MAX;

/// By code of the column.
fn buckets(
    cuts: &Cuts,
    column: &Column,
    absent: Option<&Value>,
    crew: Crew<'_>,
    tick: &mut dyn FnMut(usize),
) -> Result<Vec<u32>, Cancelled> {
    let dictionary = column.dictionary();
    let mut buckets = vec![NO_UNIT; dictionary.len() + 1];
    let fill = |(): &mut (), from: usize, piece: &mut [u32]| {
        for (code, bucket) in (from..).zip(piece) {
            let entry = u32::try_from(code).ok().and_then(|code| dictionary.entry(code));
            let found = match entry {
                Some(Entry::Text(text)) => cuts.of_text(text),
                Some(entry) => cuts.of_value(&entry.value()),
                None => absent.and_then(|value| cuts.of_value(value)),
            };
            *bucket = found.unwrap_or(NO_UNIT);
        }
    };
    crew.fill(&mut buckets, || (), fill, tick)?;
    Ok(buckets)
}

fn cells(cuts: &Cuts, column: Arc<Column>, buckets: &[u32], crew: Crew<'_>) -> Result<Trait, Cancelled> {
    let count = u32::try_from(cuts.cells()).unwrap_or(u32::MAX);
    let classes = match count {
        0..=0x100 => Classes::Byte(cells_of(cuts, buckets, crew)?),
        0x101..=0x1_0000 => Classes::Short(cells_of(cuts, buckets, crew)?),
        _ => Classes::Word(cells_of(cuts, buckets, crew)?),
    };
    Ok(Trait { column, classes: Arc::new(classes), count })
}

fn cells_of<T: TryFrom<u32> + Default + Clone + Send>(
    cuts: &Cuts,
    buckets: &[u32],
    crew: Crew<'_>,
) -> Result<Vec<T>, Cancelled> {
    let mut cells = vec![T::default(); buckets.len()];
    let fill = |(): &mut (), from: usize, piece: &mut [T]| {
        for (bucket, cell) in buckets.iter().skip(from).zip(piece) {
            let bucket = Some(*bucket).filter(|bucket| *bucket != NO_UNIT);
            *cell = T::try_from(cuts.cell(bucket)).unwrap_or_default();
        }
    };
    crew.fill(&mut cells, || (), fill, &mut |_| {})?;
    Ok(cells)
}
