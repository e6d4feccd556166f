//! Regular expressions as tables of our own: every engine walks the same one, in time linear in the text.
//!
//! Layout (little-endian): `u16` states, `u16` classes, `u16` start, `u16` zero; 256 bytes, the class of each byte;
//! one byte a state, 1 where the end of the text accepts, padded to an even count; then `states x classes` of `u16`, the next state.
//! State 0 is dead, state 1 has accepted: both are final.

#[cfg(feature = "document")]
mod pattern;
#[cfg(feature = "document")]
pub use pattern::{PatternError, compile};

/// The largest table, in bytes.
pub const LIMIT: usize = 64 * 1024;

const HEADER: usize = 8;
const DEAD: usize = 0;
const ACCEPTED: usize = 1;

/// A table that [`Automaton::new`] has checked.
#[derive(Debug, Clone, Copy)]
pub struct Automaton<'a> {
    classes: &'a [u8],
    ends: &'a [u8],
    next: &'a [u8],
    width: usize,
    start: usize,
}

impl<'a> Automaton<'a> {
    /// Checks lengths only, so that this is cheap enough to do at every use; [`check`] has looked at the rest.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [s0, s1, c0, c1, b0, b1, _, _] = *header;
        let states = usize::from(u16::from_le_bytes([s0, s1]));
        let width = usize::from(u16::from_le_bytes([c0, c1]));
        let start = usize::from(u16::from_le_bytes([b0, b1]));
        let (classes, rest) = rest.split_at_checked(256)?;
        let (ends, next) = rest.split_at_checked(states.next_multiple_of(2))?;
        (next.len() == states * width * 2 && bytes.len() <= LIMIT).then_some(Automaton {
            classes,
            ends,
            next,
            width,
            start,
        })
    }

    /// Whether the expression is found in `text`.
    pub fn holds(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for byte in text {
            if state <= ACCEPTED {
                return state == ACCEPTED;
            }
            state = self.next(state, *byte);
        }
        self.accepts(state)
    }

    /// The state before any text.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The state after one more byte.
    pub fn next(&self, state: usize, byte: u8) -> usize {
        if state <= ACCEPTED {
            return state;
        }
        self.step(state * self.width + self.kind(byte))
    }

    /// Bytes of one kind lead from every state to the same one.
    pub fn kind(&self, byte: u8) -> usize {
        usize::from(self.classes.get(usize::from(byte)).copied().unwrap_or(0))
    }

    /// Whether the expression is found in a text that ends in this state.
    pub fn accepts(&self, state: usize) -> bool {
        state == ACCEPTED || self.ends.get(state) == Some(&1)
    }

    fn step(&self, at: usize) -> usize {
        match self.next.get(at * 2..at * 2 + 2) {
            Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
            _ => DEAD,
        }
    }
}

/// Whether `bytes` are a table whose every entry leads to a state of it.
pub fn check(bytes: &[u8]) -> bool {
    let Some(automaton) = Automaton::new(bytes) else {
        return false;
    };
    let states = automaton.ends.len();
    automaton.width > 0
        && automaton.start < states
        && automaton.classes.iter().all(|class| usize::from(*class) < automaton.width)
        && automaton.next.as_chunks::<2>().0.iter().all(|next| usize::from(u16::from_le_bytes(*next)) < states)
}
