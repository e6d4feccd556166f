//! `downhaul-engines-wasmtime FOLDER MODULE…`: the fixture in the folder through evaluation modules in wasmtime, which must
//! all decide alike.

#[path = "../../../../crates/core/examples/engines/decide.rs"]
mod decide;
#[path = "../../../../crates/core/examples/engines/hostile.rs"]
mod hostile;
#[path = "../../host.rs"]
mod host;

use decide::{Fixture, report};
use downhaul_core::context::Prepared;
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::prepare_into;
use host::{Call, Machine, Texts};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wasmtime::{Engine, Instance, Memory, Module, Store, TypedFunc};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: downhaul-engines-wasmtime FOLDER MODULE…")?;
    let fixture = Fixture::read(&folder)?;
    let mut first: Option<(Vec<u8>, Duration)> = None;
    for module in arguments {
        let (decisions, took) = decided(&fixture, &std::fs::read(&module)?)?;
        match &first {
            Some((expected, _)) if *expected != decisions => {
                return Err(format!("`{}` decides otherwise than the module before it", module.display()).into());
            }
            _ => first = Some((decisions, took)),
        }
    }
    let (decisions, took) = first.ok_or("no module was given")?;
    println!("{}", report("wasmtime", &decisions, took));
    Ok(())
}

fn decided(fixture: &Fixture, module: &[u8]) -> Result<(Vec<u8>, Duration), Box<dyn Error>> {
    let mut guest = Guest::new(module)?;
    guest.load(fixture)?;
    // Only to know names and strings; nothing is decided with it.
    let loaded = Loaded::soon(fixture.program()?, fixture.kills()?);
    let flags = loaded.program.flag_count() as usize;
    let mut prepared = Prepared::new(&loaded);
    let (mut took, mut decisions) = (Duration::ZERO, Vec::new());
    for (number, context) in fixture.contexts()?.iter().enumerate() {
        let overrides = Fixture::overrides(number, flags);
        let began = Instant::now();
        prepare_into(&loaded, context, &mut prepared);
        decisions.extend(host::evaluate(&mut guest, &prepared, &overrides, Texts::WhenAsked)?);
        took += began.elapsed();
    }
    Ok((decisions, took))
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

    fn load(&mut self, fixture: &Fixture) -> Result<(), wasmtime::Error> {
        let length = self.write(&fixture.program)?;
        let refused = self.call(Call::LoadProgram(length))?;
        let length = self.write(&fixture.kills)?;
        if refused + self.call(Call::LoadKills(length))? == 0 {
            Ok(())
        } else {
            Err(wasmtime::Error::msg("the module refuses program or kills"))
        }
    }
}

impl Machine for Guest {
    type Error = wasmtime::Error;

    fn write(&mut self, bytes: &[u8]) -> Result<u32, wasmtime::Error> {
        let length = u32::try_from(bytes.len())?;
        let at = self.scratch.call(&mut self.store, length)? as usize;
        self.memory.write(&mut self.store, at, bytes)?;
        Ok(length)
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>, wasmtime::Error> {
        let at = self.scratch.call(&mut self.store, u32::try_from(length)?)? as usize;
        let read = self.memory.data(&self.store).get(at..at + length);
        read.map(<[u8]>::to_vec).ok_or_else(|| wasmtime::Error::msg("the scratch buffer lies outside"))
    }

    fn call(&mut self, call: Call) -> Result<u32, wasmtime::Error> {
        let store = &mut self.store;
        match call {
            Call::LoadProgram(length) => self.load_program.call(store, length),
            Call::LoadKills(length) => self.load_kills.call(store, length),
            Call::Decide(overrides, texts, elements) => self.decide.call(store, (overrides, texts, elements)),
            Call::Resume => self.resume.call(store, ()),
            Call::SlotText(slot, length) => self.slot_text.call(store, (slot, length)).map(|()| 0),
            Call::ElementText(element, length) => self.element_text.call(store, (element, length)).map(|()| 0),
        }
    }
}
