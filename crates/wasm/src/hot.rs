//! The evaluation module: one scratch buffer, through which everything goes, and a handful of exports.
//!
//! The host asks for room ([`scratch`]), writes there, and calls: [`load_program`], [`load_kills`], then for each context
//! [`decide`]. Where that names a slot, the host gives its text ([`slot_text`], or [`element_text`] for each text of a list)
//! and calls [`resume`]. A call may move the buffer and change what is in it.
#![expect(
    unsafe_code,
    reason = "the boundary to JavaScript: exported names, and one state for a module that has one thread"
)]

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use downhaul_core::context::{Prepared, Slot};
use downhaul_core::evaluate::evaluate_all;
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
/// Answer of [`decide`] where there is no program, or the context is not within the buffer.
const REFUSED: u32 = NONE - 1;

/// After so many contexts the index of rules is made: a process that starts waits for its first decisions.
#[cfg(feature = "sieve")]
const SIFTED_AT: u32 = 64;

struct State {
    scratch: Vec<u8>,
    loaded: Option<Loaded>,
    /// Made with the first context: nothing of it can be made at compile time.
    prepared: Option<Prepared>,
    overrides: Vec<u8>,
    /// What [`tables`] told last.
    #[cfg(feature = "sieve")]
    tables: Vec<u32>,
    /// Contexts decided with the program at hand.
    #[cfg(feature = "sieve")]
    decided: u32,
}

struct Single(UnsafeCell<State>);

// SAFETY: the module is instantiated without shared memory, so that no second thread can ever see the state.
unsafe impl Sync for Single {}

static STATE: Single = Single(UnsafeCell::new(State {
    scratch: Vec::new(),
    loaded: None,
    prepared: None,
    overrides: Vec::new(),
    #[cfg(feature = "sieve")]
    tables: Vec::new(),
    #[cfg(feature = "sieve")]
    decided: 0,
}));

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
        state.loaded = Some(Loaded::soon(program, kills));
        #[cfg(feature = "sieve")]
        {
            state.decided = 0;
        }
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

/// Tells what decides flags, for a host that looks the flags up that it is asked for: the layout is in `sieve/tables.rs`.
/// Gives where it is. It holds for this program with these kills.
#[cfg(feature = "sieve")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tables() -> *const u32 {
    with(|state| {
        if let Some(loaded) = &mut state.loaded {
            loaded.sift();
            state.tables = loaded.tables();
        }
        state.tables.as_ptr()
    })
}

/// How many words [`tables`] told.
#[cfg(feature = "sieve")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tables_length() -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "addresses are 32 bits wide here")]
    with(|state| state.tables.len() as u32)
}

/// What [`tables`] told has been read: the room goes back.
#[cfg(feature = "sieve")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tables_read() {
    with(|state| state.tables = Vec::new());
}

/// Takes over a context and decides every flag. In the buffer are the program's slots, for each of `overrides` flags a byte
/// with the cause for which it is degraded locally, or 0, `texts` bytes that slots point into, and `elements` slots of lists.
/// Gives `NONE` when all decisions stand in the buffer, the slot whose text is needed, or `REFUSED`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn decide(overrides: u32, texts: u32, elements: u32) -> u32 {
    with(|state| {
        let Some(loaded) = &mut state.loaded else { return REFUSED };
        #[cfg(feature = "sieve")]
        {
            state.decided = state.decided.saturating_add(1);
            if state.decided == SIFTED_AT {
                loaded.sift();
            }
        }
        let prepared = state.prepared.get_or_insert_default();
        prepared.clear(loaded);
        let context = &mut prepared.context;
        let slots = context.slots.len().saturating_mul(SLOT);
        let causes = slots.saturating_add(overrides as usize);
        let written = causes.saturating_add(texts as usize);
        let end = written.saturating_add((elements as usize).saturating_mul(SLOT));
        let scratch = &state.scratch;
        let (Some(slots), Some(causes), Some(texts), Some(elements)) =
            (scratch.get(..slots), scratch.get(slots..causes), scratch.get(causes..written), scratch.get(written..end))
        else {
            return REFUSED;
        };
        context.slots.clear();
        read_slots(slots, &mut context.slots);
        read_slots(elements, &mut context.elements);
        context.texts.extend(texts);
        state.overrides.clear();
        state.overrides.extend(causes);
        prepared.derive(loaded);
        go_on(state)
    })
}

/// Goes on after a text that was needed; answers as [`decide`].
#[unsafe(no_mangle)]
pub(crate) extern "C" fn resume() -> u32 {
    with(go_on)
}

fn go_on(state: &mut State) -> u32 {
    let State { scratch, loaded: Some(loaded), prepared: Some(prepared), overrides, .. } = state else {
        return REFUSED;
    };
    let places = scratch.as_chunks_mut::<DECISION>().0;
    let decided = evaluate_all(loaded, overrides, prepared, |flag, decision| {
        let Some(place) = places.get_mut(flag as usize) else { return };
        let [v0, v1] = decision.variant.to_le_bytes();
        let [r0, r1, r2, r3] = decision.rule.to_le_bytes();
        *place = [v0, v1, decision.reason as u8, decision.cause as u8, r0, r1, r2, r3];
    });
    match decided {
        Ok(()) => NONE,
        Err(need) => need.slot,
    }
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

/// Once for slots and elements: the module is small.
#[inline(never)]
fn read_slots(bytes: &[u8], into: &mut Vec<Slot>) {
    into.extend(bytes.as_chunks::<SLOT>().0.iter().map(read_slot));
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
    /// See Cargo.toml for why these.
    #[cfg(feature = "sieve")]
    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    #[cfg(not(feature = "sieve"))]
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
