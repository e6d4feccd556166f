pub mod alloc;
pub mod harness;
pub mod peers;
pub mod workload;

use workload::{Caps, Ctx, Semantics, Workload};

#[global_allocator]
static GLOBAL: alloc::Counting = alloc::Counting;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Off,
    On,
}

impl From<bool> for Variant {
    #[inline]
    fn from(b: bool) -> Self {
        if b { Variant::On } else { Variant::Off }
    }
}

/// One engine. `config` translates (untimed) into the text of the engine's own config format;
/// `load` is what is timed in W3; `context` builds the engine's own context type.
pub trait Peer: Sized {
    const NAME: &'static str;
    const SEMANTICS: Semantics;
    const CAPS: Caps;
    /// the API can evaluate one flag by itself
    const SINGLE: bool = true;
    /// the API has a call that evaluates every flag
    const BULK: bool = false;
    /// the same bucket of a user serves several flags, so counts vary more between users
    const SHARED_BUCKET: bool = false;
    type Ctx<'a>
    where
        Self: 'a;
    fn config(w: &Workload) -> Vec<u8>;
    fn load(text: &[u8]) -> Self;
    fn context<'a>(&'a self, c: &'a Ctx) -> Self::Ctx<'a>;
    fn evaluate<'a>(&'a self, flag: &str, ctx: &Self::Ctx<'a>) -> Variant;
    /// what an application keeps of a flag, where the API has more than its key
    fn find(&self, _flag: &str) -> u32 {
        0
    }
    fn evaluate_found<'a>(&'a self, flag: &str, _found: u32, ctx: &Self::Ctx<'a>) -> Variant {
        self.evaluate(flag, ctx)
    }
    /// count of the flags that are on
    fn evaluate_all<'a>(&'a self, _ctx: &Self::Ctx<'a>) -> usize {
        unimplemented!()
    }
    /// the engine's own binary form of the same configuration, where it has one
    fn binary(_text: &[u8]) -> Option<Vec<u8>> {
        None
    }
    fn load_binary(_bytes: &[u8]) -> Self {
        unimplemented!()
    }
}
