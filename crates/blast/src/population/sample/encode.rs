use super::MAGIC;
use crate::population::dictionary::Entry;
use crate::population::{Population, Weights};
use downhaul_core::bucket::murmur3_x86_32;
use std::collections::BTreeMap;

pub(super) fn encode(population: &Population) -> Vec<u8> {
    let mut body = Vec::new();
    number(population.rows as u64, &mut body);
    match population.sampled {
        None => body.push(0),
        Some(sampled) => {
            body.push(1);
            number(sampled.rows, &mut body);
            body.extend(sampled.weight.to_le_bytes());
        }
    }
    match &population.weights {
        Weights::Even => body.push(0),
        Weights::Each(weights) => {
            body.push(1);
            let mut known: BTreeMap<u64, u32> = weights.iter().map(|weight| (weight.to_bits(), 0)).collect();
            number(known.len() as u64, &mut body);
            for (code, (weight, place)) in (0..).zip(&mut known) {
                body.extend(weight.to_le_bytes());
                *place = code;
            }
            let codes = weights.iter().map(|weight| known.get(&weight.to_bits()).copied().unwrap_or(0));
            put_codes(codes, known.len().saturating_sub(1), &mut body);
        }
    }
    number(population.columns.len() as u64, &mut body);
    for column in &population.columns {
        let column = column.distinct();
        number(column.path().len() as u64, &mut body);
        for key in column.path() {
            number(key.len() as u64, &mut body);
            body.extend(key.as_bytes());
        }
        let dictionary = column.dictionary();
        number(dictionary.len() as u64, &mut body);
        for entry in (1..).map_while(|code| dictionary.entry(code)) {
            let (text, json) = match entry {
                Entry::Text(text) => (text, 0),
                Entry::Json(text) => (text, 1),
            };
            number((text.len() as u64) << 1 | json, &mut body);
            body.extend(text.as_bytes());
        }
        put_codes(column.codes().iter().copied(), dictionary.len(), &mut body);
    }
    let mut bytes = Vec::with_capacity(body.len() + 8);
    bytes.extend(MAGIC);
    bytes.extend(murmur3_x86_32(&body, 0).to_le_bytes());
    bytes.extend(body);
    bytes
}

fn number(value: u64, into: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        into.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    into.push((rest & 0x7f) as u8);
}

/// How many bytes a code takes, where none is greater than `greatest`.
pub(super) fn width(greatest: usize) -> usize {
    match greatest {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

fn put_codes(codes: impl Iterator<Item = u32>, greatest: usize, into: &mut Vec<u8>) {
    let width = width(greatest);
    codes.for_each(|code| into.extend(code.to_le_bytes().into_iter().take(width)));
}
