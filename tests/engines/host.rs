//! How a host drives the evaluation module, whatever runs it: slots in, texts on demand, decisions out, as
//! `web/sdk/src/wasm-engine.ts` does.

use downhaul_core::context::{Prepared, Slot};

/// Bytes of a decision in the scratch buffer.
const DECISION: usize = 8;
const NONE: u32 = u32::MAX;

/// What is called with up to three numbers.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    /// Lengths.
    LoadProgram(u32),
    LoadKills(u32),
    /// Numbers of overrides, of bytes of texts, and of elements.
    Decide(u32, u32, u32),
    Resume,
    /// A slot or an element, and a length.
    SlotText(u32, u32),
    ElementText(u32, u32),
}

/// An instance of the module in some engine.
pub trait Machine {
    type Error;

    /// Writes to the beginning of the scratch buffer; gives the length.
    fn write(&mut self, bytes: &[u8]) -> Result<u32, Self::Error>;

    /// Reads from the beginning of the scratch buffer.
    fn read(&mut self, length: usize) -> Result<Vec<u8>, Self::Error>;

    /// Gives what the module answers; 0 where it answers nothing.
    fn call(&mut self, call: Call) -> Result<u32, Self::Error>;
}

/// When a host writes the texts that a program lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// With the slots.
    AtOnce,
    /// When the module asks for them.
    WhenAsked,
}

/// Decides every flag for a context; `overrides` has one for each flag.
pub fn evaluate<M: Machine>(
    machine: &mut M,
    prepared: &Prepared,
    overrides: &[u8],
    texts: Texts,
) -> Result<Vec<u8>, M::Error> {
    let context = &prepared.context;
    let mut bytes: Vec<u8> = Vec::new();
    let written = if texts == Texts::AtOnce { context.texts.as_slice() } else { &[] };
    write_slots(&context.slots, texts, &mut bytes);
    bytes.extend(overrides);
    bytes.extend(written);
    write_slots(&context.elements, texts, &mut bytes);
    bytes.resize(bytes.len().max(overrides.len() * DECISION), 0);
    machine.write(&bytes)?;
    let mut need =
        machine.call(Call::Decide(word(overrides.len()), word(written.len()), word(context.elements.len())))?;
    while need != NONE {
        assert_eq!(texts, Texts::WhenAsked, "the module asks for slot {need}, which it has");
        give(machine, prepared, need)?;
        need = machine.call(Call::Resume)?;
    }
    machine.read(overrides.len() * DECISION)
}

fn give<M: Machine>(machine: &mut M, prepared: &Prepared, slot: u32) -> Result<(), M::Error> {
    let context = &prepared.context;
    let Some(wanted) = context.slots.get(slot as usize) else {
        panic!("the module asks for slot {slot}, which is none")
    };
    let text = |slot: &Slot| {
        let (start, length) = slot.halves();
        context.texts.get(start..start + length).unwrap_or_default()
    };
    if wanted.kind == Slot::TEXT {
        let length = machine.write(text(wanted))?;
        machine.call(Call::SlotText(slot, length))?;
        return Ok(());
    }
    let (start, count) = wanted.halves();
    for (at, element) in context.elements.iter().enumerate().skip(start).take(count) {
        if element.kind == Slot::TEXT {
            let length = machine.write(text(element))?;
            machine.call(Call::ElementText(word(at), length))?;
        }
    }
    Ok(())
}

fn write_slots(slots: &[Slot], texts: Texts, into: &mut Vec<u8>) {
    for slot in slots {
        let is_later = slot.kind == Slot::TEXT && texts == Texts::WhenAsked;
        let (kind, payload) = if is_later { (Slot::PENDING, 0) } else { (slot.kind, slot.payload) };
        into.extend(kind.to_le_bytes());
        into.extend(slot.a.to_le_bytes());
        into.extend(payload.to_le_bytes());
    }
}

/// The module's memory has 32 bits.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}
