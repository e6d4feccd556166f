//! The evaluation module in an interpreter, as a host drives it.

use downhaul_core::context::{Prepared, Slot};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use wasmi::{Engine, Error, Instance, Memory, Module, Store, TypedFunc};

/// Bytes of a decision in the scratch buffer.
const DECISION: usize = 8;
const NONE: u32 = u32::MAX;

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

/// When a host writes the texts that a program lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// With the slots.
    AtOnce,
    /// When the module asks for them.
    WhenAsked,
}

/// An instance of its own: what one input leaves behind, another does not see.
#[derive(Debug)]
pub struct Guest {
    store: Store<()>,
    memory: Memory,
    instance: Instance,
    scratch: TypedFunc<u32, u32>,
}

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

impl Guest {
    pub fn new(of: Of) -> Guest {
        let module = if of == Of::Pages { &*SMALL } else { &*FAST };
        let mut store = Store::new(module.engine(), ());
        let instance = Instance::new(&mut store, module, &[]).unwrap();
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
            Call::Decide(overrides, texts, elements) => instance
                .get_typed_func::<(u32, u32, u32), u32>(&*store, "decide")?
                .call(store, (overrides, texts, elements)),
            Call::Resume => instance.get_typed_func::<(), u32>(&*store, "resume")?.call(store, ()),
            Call::SlotText(slot, length) => two(store, "slot_text", (slot, length)),
            Call::ElementText(element, length) => two(store, "element_text", (element, length)),
        }
    }

    /// Decides every flag for a context, as `web/sdk/src/wasm-engine.ts` does: slots in, decisions out.
    pub fn evaluate(&mut self, prepared: &Prepared, overrides: &[u8], texts: Texts) -> Vec<u8> {
        let context = &prepared.context;
        let mut bytes: Vec<u8> = Vec::new();
        let written = if texts == Texts::AtOnce { context.texts.as_slice() } else { &[] };
        write_slots(&context.slots, texts, &mut bytes);
        bytes.extend(overrides);
        bytes.extend(written);
        write_slots(&context.elements, texts, &mut bytes);
        bytes.resize(bytes.len().max(overrides.len() * DECISION), 0);
        self.write(&bytes);
        let [overridden, written, elements] =
            [overrides.len(), written.len(), context.elements.len()].map(|count| u32::try_from(count).unwrap());
        let mut need = self.call(Call::Decide(overridden, written, elements)).unwrap();
        while need != NONE {
            assert_eq!(texts, Texts::WhenAsked, "the module asks for slot {need}, which it has");
            self.give(prepared, need);
            need = self.call(Call::Resume).unwrap();
        }
        self.read(overrides.len() * DECISION)
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

fn write_slots(slots: &[Slot], texts: Texts, into: &mut Vec<u8>) {
    for slot in slots {
        let is_later = slot.kind == Slot::TEXT && texts == Texts::WhenAsked;
        let (kind, payload) = if is_later { (Slot::PENDING, 0) } else { (slot.kind, slot.payload) };
        into.extend(kind.to_le_bytes());
        into.extend(slot.a.to_le_bytes());
        into.extend(payload.to_le_bytes());
    }
}
