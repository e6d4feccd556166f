//! Values that are treated alike, as small numbers.

use super::chunks::{Cancelled, Crew};
use super::question::{Asker, Cuts, Questions};
use crate::population::{Column, Entry, Population};
use hashbrown::HashMap;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The columns of a population by the names that rules use, each put together once.
#[derive(Debug)]
pub(super) struct Columns<'p> {
    pub(super) population: &'p Population,
    known: BTreeMap<String, Option<Arc<Cow<'p, Column>>>>,
}

impl<'p> Columns<'p> {
    pub(super) fn new(population: &'p Population) -> Self {
        Columns { population, known: BTreeMap::new() }
    }

    /// `None` where no row has anything.
    pub(super) fn get(&mut self, name: &str) -> Option<Arc<Cow<'p, Column>>> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let column = self.population.attribute(name).map(Arc::new);
        self.known.insert(name.to_owned(), column.clone());
        column
    }
}

/// Something about rows that decisions depend on: one of a few numbers for each.
#[derive(Debug)]
pub(super) struct Trait<'p> {
    column: Arc<Cow<'p, Column>>,
    classes: Classes,
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
}

impl Trait<'_> {
    /// Counts on: each key times `count`, plus the class of the row that the key is for, from row `start` on.
    pub(super) fn mix(&self, start: usize, keys: &mut [u32]) {
        let codes = self.column.codes().get(start..).unwrap_or_default();
        match &self.classes {
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

/// The traits that the questions are about. `now` is what rows have as `now` that have none.
pub(super) fn traits<'p>(
    questions: &Questions,
    columns: &mut Columns<'p>,
    now: Option<&Value>,
    crew: Crew<'_>,
) -> Result<Vec<Trait<'p>>, Cancelled> {
    let mut traits = Vec::new();
    for attribute in questions.tested() {
        // What no row has is the same for all.
        if let Some(column) = columns.get(attribute) {
            let absent = now.filter(|_| attribute == NOW);
            traits.push(tested(questions, attribute, column, absent, crew)?);
        }
    }
    for (attribute, cuts) in questions.units() {
        if let Some(column) = columns.get(attribute) {
            let absent = now.filter(|_| attribute == NOW);
            traits.push(cells(cuts, column, absent, crew)?);
        }
    }
    traits.retain(|each| each.count > 1);
    Ok(traits)
}

/// The attribute that clients fill in with the time.
pub(super) const NOW: &str = "now";

fn tested<'p>(
    questions: &Questions,
    attribute: &str,
    column: Arc<Cow<'p, Column>>,
    absent: Option<&Value>,
    crew: Crew<'_>,
) -> Result<Trait<'p>, Cancelled> {
    let dictionary = column.dictionary();
    let mut classes = vec![0u32; dictionary.len() + 1];
    let known = Mutex::new(BTreeMap::new());
    let state =
        || Classifier { asker: questions.asker(attribute), answers: Vec::new(), own: HashMap::new(), any: None };
    crew.fill(&mut classes, state, |classifier, from, piece| {
        for (code, class) in (from..).zip(piece) {
            let code = u32::try_from(code).unwrap_or(u32::MAX);
            *class = match dictionary.entry(code) {
                Some(Entry::Text(text)) if questions.is_any_text(attribute, text) => match classifier.any {
                    Some(any) => any,
                    None => {
                        let any = classifier.class(code, Some(&Value::from(text)), &known);
                        *classifier.any.insert(any)
                    }
                },
                Some(entry) => classifier.class(code, Some(&entry.value()), &known),
                None => classifier.class(code, absent, &known),
            };
        }
    })?;
    let count = u32::try_from(known.into_inner().unwrap_or_else(PoisonError::into_inner).len()).unwrap_or(u32::MAX);
    Ok(Trait { column, classes: Classes::narrow(classes, count), count })
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

fn cells<'p>(
    cuts: &Cuts,
    column: Arc<Cow<'p, Column>>,
    absent: Option<&Value>,
    crew: Crew<'_>,
) -> Result<Trait<'p>, Cancelled> {
    let count = u32::try_from(cuts.cells()).unwrap_or(u32::MAX);
    let codes = column.dictionary().len() + 1;
    let classes = match count {
        0..=0x100 => Classes::Byte(cells_of(cuts, &column, absent, codes, crew)?),
        0x101..=0x1_0000 => Classes::Short(cells_of(cuts, &column, absent, codes, crew)?),
        _ => Classes::Word(cells_of(cuts, &column, absent, codes, crew)?),
    };
    Ok(Trait { column, classes, count })
}

fn cells_of<T: TryFrom<u32> + Default + Clone + Send>(
    cuts: &Cuts,
    column: &Column,
    absent: Option<&Value>,
    codes: usize,
    crew: Crew<'_>,
) -> Result<Vec<T>, Cancelled> {
    let dictionary = column.dictionary();
    let mut cells = vec![T::default(); codes];
    let fill = |(): &mut (), from: usize, piece: &mut [T]| {
        for (code, cell) in (from..).zip(piece) {
            let entry = u32::try_from(code).ok().and_then(|code| dictionary.entry(code));
            let bucket = match entry {
                Some(Entry::Text(text)) => cuts.of_text(text),
                Some(entry) => cuts.of_value(&entry.value()),
                None => absent.and_then(|value| cuts.of_value(value)),
            };
            *cell = T::try_from(cuts.cell(bucket)).unwrap_or_default();
        }
    };
    crew.fill(&mut cells, || (), fill)?;
    Ok(cells)
}
