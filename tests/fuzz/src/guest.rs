//! The evaluation module in an interpreter, as a host drives it.

use crate::host::{self, Call, Machine, Texts};
use downhaul_core::context::Prepared;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use wasmi::{Engine, Error, Instance, Memory, Module, Store, TypedFunc};

/// So many overrides lie in no buffer.
const NOTHING: u32 = u32::MAX;

static SMALL: LazyLock<Module> = LazyLock::new(|| module("downhaul.wasm"));
static FAST: LazyLock<Module> = LazyLock::new(|| module("downhaul-server.wasm"));

fn module(name: &str) -> Module {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/sdk/src/generated").join(name);
    let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{why}: `cargo xtask wasm` makes `{}`", path.display()));
    Module::new(&Engine::default(), bytes).unwrap()
}

/// Whose module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Pages,
    Servers,
}

/// An instance of its own: what one input leaves behind, another does not see.
#[derive(Debug)]
pub struct Guest {
    store: Store<()>,
    memory: Memory,
    instance: Instance,
    scratch: TypedFunc<u32, u32>,
}

impl Guest {
    pub fn new(of: Of) -> Guest {
        let module = if of == Of::Pages { &*SMALL } else { &*FAST };
        let mut store = Store::new(module.engine(), ());
        let instance = Instance::new(&mut store, module, &[]).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let scratch = instance.get_typed_func(&store, "scratch").unwrap();
        Guest { store, memory, instance, scratch }
    }

    /// Decides nothing, as often as it takes for the servers' module to make what makes many decisions fast.
    pub fn warm(&mut self) {
        for _ in 0..64 {
            self.call(Call::Decide(NOTHING, 0, 0)).unwrap();
        }
    }

    /// [`host::evaluate`].
    pub fn evaluate(&mut self, prepared: &Prepared, overrides: &[u8], texts: Texts) -> Vec<u8> {
        host::evaluate(self, prepared, overrides, texts).unwrap()
    }
}

impl Machine for Guest {
    /// A trap.
    type Error = Error;

    fn write(&mut self, bytes: &[u8]) -> Result<u32, Error> {
        let length = u32::try_from(bytes.len()).unwrap();
        let at = self.scratch.call(&mut self.store, length)?;
        self.memory.write(&mut self.store, at as usize, bytes).unwrap();
        Ok(length)
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        let at = self.scratch.call(&mut self.store, u32::try_from(length).unwrap())? as usize;
        Ok(self.memory.data(&self.store).get(at..at + length).unwrap().to_vec())
    }

    fn call(&mut self, call: Call) -> Result<u32, Error> {
        let Guest { store, instance, .. } = self;
        let one = |store: &mut Store<()>, name: &str, argument: u32| {
            instance.get_typed_func::<u32, u32>(&*store, name)?.call(store, argument)
        };
        let two = |store: &mut Store<()>, name: &str, arguments: (u32, u32)| {
            instance.get_typed_func::<(u32, u32), ()>(&*store, name)?.call(store, arguments).map(|()| 0)
        };
        match call {
            Call::LoadProgram(length) => one(store, "load_program", length),
            Call::LoadKills(length) => one(store, "load_kills", length),
            Call::Decide(overrides, texts, elements) => instance
                .get_typed_func::<(u32, u32, u32), u32>(&*store, "decide")?
                .call(store, (overrides, texts, elements)),
            Call::Resume => instance.get_typed_func::<(), u32>(&*store, "resume")?.call(store, ()),
            Call::SlotText(slot, length) => two(store, "slot_text", (slot, length)),
            Call::ElementText(element, length) => two(store, "element_text", (element, length)),
        }
    }
}
