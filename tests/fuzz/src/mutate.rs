//! Changed copies of good inputs, the same for the same seed.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// What breaks readers most often.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\u",
    b"\\ud800",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"0.1",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n\n",
    b"18446744073709551616",
    b"9007199254740993",
    b"\"when\":[]",
    b"\"split\":",
    b"..",
    b"/",
    b"--",
    b"(?",
    b"{1000}",
    b"&a ",
    b"*a",
    b"- ",
    b"=",
    b"\xe2\x80\xa8",
];
/// Numbers at the edges of their types.
const EDGES: &[u32] =
    &[0, 1, 2, 7, 8, 127, 128, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX];

/// A copy of one of `seeds`, changed in one to six places.
pub fn changed(seeds: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut bytes = pick(seeds, &mut random).cloned().unwrap_or_default();
    for _ in 0..random.random_range(1..=6) {
        change(&mut bytes, seeds, &mut random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=bytes.len());
    let end = random.random_range(at..=bytes.len().min(at + 40));
    match random.random_range(0..8) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.random();
            }
        }
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let run: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
            bytes.splice(at..at, run);
        }
        5 => drop(bytes.splice(at..end, pick(PIECES, random).copied().unwrap_or_default().iter().copied())),
        6 => {
            // Four bytes that are a number somewhere in a binary format.
            let number = pick(EDGES, random).copied().unwrap_or_default().to_le_bytes();
            let at = at & !3;
            let end = bytes.len().min(at + 4);
            bytes.splice(at.min(end)..end, number);
        }
        _ => {
            let other = pick(seeds, random).map_or(&[][..], Vec::as_slice);
            let from = random.random_range(0..=other.len());
            let to = random.random_range(from..=other.len().min(from + 200));
            bytes.splice(at..end, other.get(from..to).unwrap_or_default().iter().copied());
        }
    }
}

fn pick<'a, T>(of: &'a [T], random: &mut SmallRng) -> Option<&'a T> {
    if of.is_empty() { None } else { of.get(random.random_range(0..of.len())) }
}
