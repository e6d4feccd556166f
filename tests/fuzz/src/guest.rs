//! The evaluation module in an interpreter, as a host drives it.

use downhaul_core::context::{Prepared, Slot};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use wasmi::{Engine, Error, Instance, Memory, Module, Store, TypedFunc};

/// Bytes of a slot, and of a decision, in the scratch buffer.
const SLOT: usize = 16;
const DECISION: usize = 8;
const NONE: u32 = u32::MAX;

static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/sdk/src/generated/downhaul.wasm");
    let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{why}: `cargo xtask wasm` makes `{}`", path.display()));
    Module::new(&Engine::default(), bytes).unwrap()
});

/// An instance of its own: what one input leaves behind, another does not see.
#[derive(Debug)]
pub struct Guest {
    store: Store<()>,
    memory: Memory,
    instance: Instance,
    scratch: TypedFunc<u32, u32>,
}

/// What is called with up to two numbers.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    /// Lengths.
    LoadProgram(u32),
    LoadKills(u32),
    /// A number of elements.
    Begin(u32),
    Evaluate,
    /// A slot or an element, and a length.
    SlotText(u32, u32),
    ElementText(u32, u32),
}

impl Guest {
    pub fn new() -> Guest {
        let mut store = Store::new(MODULE.engine(), ());
        let instance = Instance::new(&mut store, &MODULE, &[]).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let scratch = instance.get_typed_func(&store, "scratch").unwrap();
        Guest { store, memory, instance, scratch }
    }

    /// Writes to the beginning of the scratch buffer.
    pub fn write(&mut self, bytes: &[u8]) -> u32 {
        let length = u32::try_from(bytes.len()).unwrap();
        let at = self.scratch.call(&mut self.store, length).unwrap();
        self.memory.write(&mut self.store, at as usize, bytes).unwrap();
        length
    }

    /// Reads from the beginning of the scratch buffer.
    pub fn read(&mut self, length: usize) -> Vec<u8> {
        let at = self.scratch.call(&mut self.store, u32::try_from(length).unwrap()).unwrap() as usize;
        self.memory.data(&self.store).get(at..at + length).unwrap().to_vec()
    }

    /// Gives what the module answers; 0 where it answers nothing.
    ///
    /// # Errors
    /// A trap.
    pub fn call(&mut self, call: Call) -> Result<u32, Error> {
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
            Call::Begin(elements) => one(store, "begin", elements),
            Call::Evaluate => instance.get_typed_func::<(), u32>(&*store, "evaluate")?.call(store, ()),
            Call::SlotText(slot, length) => two(store, "slot_text", (slot, length)),
            Call::ElementText(element, length) => two(store, "element_text", (element, length)),
        }
    }

    /// Decides every flag for a context, as `web/sdk/src/wasm-engine.ts` does: slots in, texts on demand, decisions out.
    pub fn evaluate(&mut self, prepared: &Prepared, overrides: &[u8]) -> Vec<u8> {
        let context = &prepared.context;
        let mut bytes: Vec<u8> = Vec::new();
        for slot in context.slots.iter().chain(&context.elements) {
            // A text that the program lacks is written when it is asked for.
            let (kind, payload) = if slot.kind == Slot::TEXT { (Slot::PENDING, 0) } else { (slot.kind, slot.payload) };
            bytes.extend(kind.to_le_bytes());
            bytes.extend(slot.a.to_le_bytes());
            bytes.extend(payload.to_le_bytes());
        }
        debug_assert_eq!(bytes.len(), (context.slots.len() + context.elements.len()) * SLOT);
        bytes.extend(overrides);
        bytes.resize(bytes.len().max(overrides.len() * DECISION), 0);
        self.write(&bytes);
        assert_eq!(self.call(Call::Begin(u32::try_from(context.elements.len()).unwrap())).unwrap(), 0);
        loop {
            let need = self.call(Call::Evaluate).unwrap();
            if need == NONE {
                return self.read(overrides.len() * DECISION);
            }
            self.give(prepared, need);
        }
    }

    fn give(&mut self, prepared: &Prepared, slot: u32) {
        let context = &prepared.context;
        let wanted = context.slots.get(slot as usize).unwrap();
        let text = |slot: &Slot| {
            let (start, length) = slot.halves();
            context.texts.get(start..start + length).unwrap()
        };
        if wanted.kind == Slot::TEXT {
            let length = self.write(text(wanted));
            self.call(Call::SlotText(slot, length)).unwrap();
            return;
        }
        let (start, count) = wanted.halves();
        for at in start..start + count {
            let element = context.elements.get(at).unwrap();
            if element.kind == Slot::TEXT {
                let length = self.write(text(element));
                self.call(Call::ElementText(u32::try_from(at).unwrap(), length)).unwrap();
            }
        }
    }
}

impl Default for Guest {
    fn default() -> Self {
        Guest::new()
    }
}
