//! The evaluation module: one scratch buffer, through which everything goes, and a handful of exports.
//!
//! The host asks for room ([`scratch`]), writes there, and calls: [`load_program`], [`load_kills`], then for each context
//! [`begin`] and [`evaluate`]. Where `evaluate` names a slot, the host gives its text ([`slot_text`], or [`element_text`]
//! for each text of a list) and calls again. A call may move the buffer and change what is in it.
#![expect(
    unsafe_code,
    reason = "the boundary to JavaScript: exported names, and one state for a module that has one thread"
)]

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use downhaul_core::context::{Prepared, Slot};
use downhaul_core::evaluate::evaluate as decide;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::program::{FORMAT, NONE, Program};

/// Bytes of a slot in the scratch buffer: kind, `a`, and eight bytes of payload.
const SLOT: usize = 16;
/// Bytes of a decision in the scratch buffer: variant (u16), reason, cause (u8), rule (u32).
const DECISION: usize = 8;
/// Answers of [`load_program`] and [`load_kills`] besides those of their errors.
const DONE: u32 = 0;
const NO_PROGRAM: u32 = 100;
const OUTSIDE: u32 = 101;

struct State {
    scratch: Vec<u8>,
    loaded: Option<Loaded>,
    /// Made with the first context: nothing of it can be made at compile time.
    prepared: Option<Prepared>,
    overrides: Vec<u8>,
}

struct Single(UnsafeCell<State>);

// SAFETY: the module is instantiated without shared memory, so that no second thread can ever see the state.
unsafe impl Sync for Single {}

static STATE: Single =
    Single(UnsafeCell::new(State { scratch: Vec::new(), loaded: None, prepared: None, overrides: Vec::new() }));

fn with<T>(run: impl FnOnce(&mut State) -> T) -> T {
    // SAFETY: exports are the only callers, none calls another, and no import exists by which the host could come back
    // in the middle of one: there is never a second reference. A trap in between ends the instance; the host drops it.
    run(unsafe { &mut *STATE.0.get() })
}

/// The program format that this module reads.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn format() -> u32 {
    FORMAT
}

/// Makes the scratch buffer at least `size` bytes long and says where it is.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn scratch(size: u32) -> *mut u8 {
    with(|state| {
        if state.scratch.len() < size as usize {
            state.scratch.resize(size as usize, 0);
        }
        state.scratch.as_mut_ptr()
    })
}

/// Takes over the program in the first `length` bytes, and keeps the kills. Gives 0, or why not; then all is as before.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn load_program(length: u32) -> u32 {
    with(|state| {
        let Some(bytes) = state.scratch.get(..length as usize) else { return OUTSIDE };
        let program = match Program::from_bytes(bytes) {
            Ok(program) => program,
            Err(error) => return error as u32,
        };
        let kills = state.loaded.take().map_or_else(KillSet::default, |loaded| loaded.kill_set);
        // A program may be large, and comes seldom: the room goes back.
        state.scratch = Vec::new();
        state.loaded = Some(Loaded::new(program, kills));
        DONE
    })
}

/// Takes over the kill set in the first `length` bytes. Gives 0, or why not; then all is as before.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn load_kills(length: u32) -> u32 {
    with(|state| {
        let Some(bytes) = state.scratch.get(..length as usize) else { return OUTSIDE };
        let Some(loaded) = &mut state.loaded else { return NO_PROGRAM };
        match KillSet::from_bytes(bytes) {
            Ok(kills) => {
                loaded.set_kills(kills);
                DONE
            }
            Err(error) => error as u32,
        }
    })
}

/// Takes over a context: the program's slots, `elements` more (of lists), and a byte for each flag: the cause for which
/// it is degraded locally, or 0.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn begin(elements: u32) -> u32 {
    with(|state| {
        let Some(loaded) = &state.loaded else { return NO_PROGRAM };
        let prepared = state.prepared.get_or_insert_default();
        prepared.clear(loaded);
        let context = &mut prepared.context;
        let slots = context.slots.len().saturating_mul(SLOT);
        let lists = slots.saturating_add((elements as usize).saturating_mul(SLOT));
        let flags = lists.saturating_add(loaded.program.flag_count() as usize);
        let scratch = &state.scratch;
        let (Some(first), Some(second), Some(third)) =
            (scratch.get(..slots), scratch.get(slots..lists), scratch.get(lists..flags))
        else {
            return OUTSIDE;
        };
        for (slot, bytes) in context.slots.iter_mut().zip(first.as_chunks::<SLOT>().0) {
            *slot = read_slot(bytes);
        }
        context.elements.extend(second.as_chunks::<SLOT>().0.iter().map(read_slot));
        state.overrides.clear();
        state.overrides.extend(third);
        prepared.derive(loaded);
        DONE
    })
}

/// Decides every flag. Gives `NONE` when all decisions stand in the scratch buffer, else the slot whose text is needed.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn evaluate() -> u32 {
    with(|state| {
        let State { scratch, loaded: Some(loaded), prepared: Some(prepared), overrides } = state else { return NONE };
        for flag in 0..loaded.program.flag_count() {
            // What was decided before a text was asked for is remembered.
            let decision = match decide(loaded, overrides, prepared, flag) {
                Ok(decision) => decision,
                Err(need) => return need.slot,
            };
            let at = flag as usize * DECISION;
            let Some(place) = scratch.get_mut(at..at + DECISION).and_then(|place| place.first_chunk_mut()) else {
                continue;
            };
            let [v0, v1] = decision.variant.to_le_bytes();
            let [r0, r1, r2, r3] = decision.rule.to_le_bytes();
            *place = [v0, v1, decision.reason as u8, decision.cause as u8, r0, r1, r2, r3];
        }
        NONE
    })
}

/// The text of a slot is in the first `length` bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn slot_text(slot: u32, length: u32) {
    with(|state| {
        let Some(Prepared { context, .. }) = &mut state.prepared else { return };
        give(&state.scratch, length, &mut context.texts, context.slots.get_mut(slot as usize));
    });
}

/// The text of an element of a list is in the first `length` bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn element_text(element: u32, length: u32) {
    with(|state| {
        let Some(Prepared { context, .. }) = &mut state.prepared else { return };
        give(&state.scratch, length, &mut context.texts, context.elements.get_mut(element as usize));
    });
}

fn give(scratch: &[u8], length: u32, texts: &mut Vec<u8>, slot: Option<&mut Slot>) {
    let (Some(text), Some(slot)) = (scratch.get(..length as usize), slot) else { return };
    #[expect(clippy::cast_possible_truncation, reason = "addresses are 32 bits wide here")]
    let start = texts.len() as u32;
    texts.extend(text);
    *slot = Slot::run(Slot::TEXT, start, length);
}

fn read_slot(bytes: &[u8; SLOT]) -> Slot {
    let [k0, k1, k2, k3, a0, a1, a2, a3, p0, p1, p2, p3, p4, p5, p6, p7] = *bytes;
    Slot {
        kind: u32::from_le_bytes([k0, k1, k2, k3]),
        a: u32::from_le_bytes([a0, a1, a2, a3]),
        payload: u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]),
    }
}

/// What the module needs to stand alone.
#[cfg(target_arch = "wasm32")]
mod runtime {
    /// See Cargo.toml for why this one.
    #[global_allocator]
    static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
        // SAFETY: see `Single`: the module has one thread.
        unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };

    /// Nothing is said: the host sees a trap, drops the instance and makes a new one.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
