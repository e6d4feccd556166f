//! `downhaul-engines-wasmtime FOLDER`: the fixture in the folder through the evaluation module in wasmtime.
//!
//! The host does what `web/sdk/src/wasm-engine.ts` does: slots in, texts on demand, decisions out.

#[path = "../../../../crates/core/examples/engines/decide.rs"]
mod decide;
#[path = "../../../../crates/core/examples/engines/hostile.rs"]
mod hostile;

use decide::{Fixture, report};
use downhaul_core::context::{Prepared, Slot};
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::prepare_into;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wasmtime::{Engine, Instance, Memory, Module, Store, TypedFunc};

const SLOT: usize = 16;
const DECISION: usize = 8;
const NONE: u32 = u32::MAX;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: downhaul-engines-wasmtime FOLDER")?);
    let fixture = Fixture::read(&folder)?;
    let mut guest = Guest::new(&std::fs::read(folder.join("flags.wasm"))?)?;
    guest.load(&fixture)?;
    // Only to know names and strings; nothing is decided with it.
    let loaded = Loaded::new(fixture.program()?, fixture.kills()?);
    let flags = loaded.program.flag_count() as usize;
    let mut prepared = Prepared::new(&loaded);
    let (mut took, mut decisions) = (Duration::ZERO, Vec::new());
    for (number, context) in fixture.contexts()?.iter().enumerate() {
        let overrides = Fixture::overrides(number, flags);
        let began = Instant::now();
        prepare_into(&loaded, context, &mut prepared);
        guest.evaluate(&prepared, &overrides, &mut decisions)?;
        took += began.elapsed();
    }
    println!("{}", report("wasmtime", &decisions, took));
    Ok(())
}

struct Guest {
    store: Store<()>,
    memory: Memory,
    scratch: TypedFunc<u32, u32>,
    load_program: TypedFunc<u32, u32>,
    load_kills: TypedFunc<u32, u32>,
    decide: TypedFunc<(u32, u32, u32), u32>,
    resume: TypedFunc<(), u32>,
    slot_text: TypedFunc<(u32, u32), ()>,
    element_text: TypedFunc<(u32, u32), ()>,
}

impl Guest {
    fn new(module: &[u8]) -> Result<Self, Box<dyn Error>> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Module::new(&engine, module)?, &[])?;
        let memory = instance.get_memory(&mut store, "memory").ok_or("the module exports no memory")?;
        Ok(Guest {
            memory,
            scratch: instance.get_typed_func(&mut store, "scratch")?,
            load_program: instance.get_typed_func(&mut store, "load_program")?,
            load_kills: instance.get_typed_func(&mut store, "load_kills")?,
            decide: instance.get_typed_func(&mut store, "decide")?,
            resume: instance.get_typed_func(&mut store, "resume")?,
            slot_text: instance.get_typed_func(&mut store, "slot_text")?,
            element_text: instance.get_typed_func(&mut store, "element_text")?,
            store,
        })
    }

    fn load(&mut self, fixture: &Fixture) -> Result<(), Box<dyn Error>> {
        let length = self.write(&fixture.program)?;
        let refused = self.load_program.call(&mut self.store, length)?;
        let length = self.write(&fixture.kills)?;
        let refused = refused + self.load_kills.call(&mut self.store, length)?;
        if refused == 0 { Ok(()) } else { Err("the module refuses program or kills".into()) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<u32, Box<dyn Error>> {
        let length = u32::try_from(bytes.len())?;
        let at = self.scratch.call(&mut self.store, length)? as usize;
        self.memory.write(&mut self.store, at, bytes)?;
        Ok(length)
    }

    fn evaluate(&mut self, prepared: &Prepared, overrides: &[u8], into: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
        let context = &prepared.context;
        let mut bytes: Vec<u8> = Vec::with_capacity(context.slots.len() * SLOT + overrides.len());
        let mut write = |slots: &[Slot], after: &[u8]| {
            for slot in slots {
                // As JavaScript may: a text that the program lacks is written when it is asked for.
                let [kind, payload] = if slot.kind == Slot::TEXT { [Slot::PENDING, 0] } else { [slot.kind, 1] };
                bytes.extend(kind.to_le_bytes());
                bytes.extend(slot.a.to_le_bytes());
                bytes.extend((slot.payload * u64::from(payload)).to_le_bytes());
            }
            bytes.extend(after);
        };
        write(&context.slots, overrides);
        write(&context.elements, &[]);
        bytes.resize(bytes.len().max(overrides.len() * DECISION), 0);
        self.write(&bytes)?;
        let counts = (u32::try_from(overrides.len())?, 0, u32::try_from(context.elements.len())?);
        let mut need = self.decide.call(&mut self.store, counts)?;
        while need != NONE {
            self.give(prepared, need)?;
            need = self.resume.call(&mut self.store, ())?;
        }
        let length = overrides.len() * DECISION;
        let at = self.scratch.call(&mut self.store, u32::try_from(length)?)? as usize;
        let memory = self.memory.data(&self.store);
        into.extend(memory.get(at..at + length).ok_or("the decisions lie outside")?);
        Ok(())
    }

    fn give(&mut self, prepared: &Prepared, slot: u32) -> Result<(), Box<dyn Error>> {
        let context = &prepared.context;
        let wanted = context.slots.get(slot as usize).ok_or("the module asks for a slot that is none")?;
        let text = |slot: &Slot| {
            let (start, length) = slot.halves();
            context.texts.get(start..start + length).map(<[u8]>::to_vec).ok_or("a text lies outside")
        };
        if wanted.kind == Slot::TEXT {
            let length = self.write(&text(wanted)?)?;
            self.slot_text.call(&mut self.store, (slot, length))?;
            return Ok(());
        }
        let (start, count) = wanted.halves();
        for at in start..start + count {
            let element = context.elements.get(at).ok_or("a list lies outside")?;
            if element.kind == Slot::TEXT {
                let length = self.write(&text(element)?)?;
                self.element_text.call(&mut self.store, (u32::try_from(at)?, length))?;
            }
        }
        Ok(())
    }
}
