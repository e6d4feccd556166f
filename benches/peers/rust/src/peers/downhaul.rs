//! Downhaul. What a client gets is a compiled program, never a document: so `config` compiles, and `load` reads program
//! bytes. `downhaul-document` is the way from the document's JSON instead: read, validate, compile.
//!
//! A prepared context remembers what was decided; here it forgets that before each evaluation, or there would be nothing
//! to measure.
use crate::workload::*;
use crate::{Peer, Variant};
use downhaul_core::check::{Source, check};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::context::Prepared;
use downhaul_core::document::ClientKind;
use downhaul_core::evaluate::{evaluate, evaluate_all};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use downhaul_core::read::Format;
use serde_json::{Map, Value, json};
use std::cell::RefCell;

pub struct Downhaul<const DOCUMENT: bool> {
    loaded: Loaded,
}

/// Variants lie in the order of the text, and `json!` writes `off` before `on`.
const ON: u16 = 1;

pub type OfProgram = Downhaul<false>;
pub type OfDocument = Downhaul<true>;

fn condition(c: &Cond) -> Value {
    match c {
        Cond::Eq(Attr::Tenant, v) => json!({"tenant": [v]}),
        Cond::In(Attr::Tenant, vs) => json!({"tenant": vs}),
        Cond::Eq(Attr::Region, v) => json!({"region": [v]}),
        Cond::Eq(a, v) => json!({"attribute": a.name(), "op": "in", "values": [v]}),
        Cond::In(a, vs) => json!({"attribute": a.name(), "op": "in", "values": vs}),
        Cond::NumGe(a, n) => json!({"attribute": a.name(), "op": "ge", "values": [n]}),
        Cond::SemverGt(a, v) => json!({"attribute": a.name(), "op": "semver", "values": [format!(">{v}")]}),
    }
}

fn document(w: &Workload) -> String {
    let flags: Vec<Value> = w
        .flags
        .iter()
        .map(|f| {
            let rules: Vec<Value> = f
                .rules
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    let when: Vec<Value> = r.conds.iter().map(condition).collect();
                    match r.rollout {
                        // What the slice leaves uncovered tries the next rule.
                        Some(p) => json!({"when": when, "split": {"by": "userId", "salt": format!("{}-{i}", f.key),
                            "slices": [["on", p * 1000]]}}),
                        None => json!({"when": when, "serve": "on"}),
                    }
                })
                .collect();
            json!({"key": f.key, "owner": "bench", "kind": "release", "expires": "2030-01-01",
                "variants": {"on": true, "off": false}, "degraded": {"variant": "off", "meaning": "off"},
                "default": "off", "rules": rules})
        })
        .collect();
    let world: Map<String, Value> = REGIONS.iter().map(|r| ((*r).to_owned(), json!({}))).collect();
    json!({"schema": 1, "environment": "bench", "revision": 1, "regions": {"world": world}, "flags": flags}).to_string()
}

fn compiled(text: &str) -> Program {
    let checked = check(&[Source { name: "bench".into(), text: text.into(), format: Format::Json }], None);
    let valid = checked.valid.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    compile(&valid, &Options { audience: Audience::Kind(ClientKind::Server) })
}

impl<const DOCUMENT: bool> Peer for Downhaul<DOCUMENT> {
    const NAME: &'static str = if DOCUMENT { "downhaul-document" } else { "downhaul" };
    const SEMANTICS: Semantics = Semantics::FallThrough;
    const CAPS: Caps = Caps { numeric: true, semver: true };
    const BULK: bool = true;
    // One after another is what the bulk call does; alone, each would have to forget the decisions of 200 flags first.
    const SINGLE: bool = false;
    type Ctx<'a> = RefCell<Prepared>;

    fn config(w: &Workload) -> Vec<u8> {
        let text = document(w);
        if DOCUMENT { text.into_bytes() } else { compiled(&text).to_bytes() }
    }

    fn load(text: &[u8]) -> Self {
        let program = if DOCUMENT {
            compiled(std::str::from_utf8(text).unwrap())
        } else {
            Program::from_bytes(text).unwrap()
        };
        Downhaul { loaded: Loaded::new(program, KillSet::default()) }
    }

    fn context<'a>(&'a self, c: &'a Ctx) -> Self::Ctx<'a> {
        let context: Map<String, Value> = [
            ("userId", Value::from(c.user_id.as_str())),
            ("tenant", Value::from(c.tenant.as_str())),
            ("region", Value::from(c.region.as_str())),
            ("plan", Value::from(c.plan.as_str())),
            ("appVersion", Value::from(c.app_version.as_str())),
            ("country", Value::from(c.country.as_str())),
            ("seats", Value::from(c.seats)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        RefCell::new(prepare(&self.loaded, &context))
    }

    fn evaluate<'a>(&'a self, flag: &str, ctx: &Self::Ctx<'a>) -> Variant {
        self.evaluate_found(flag, self.find(flag), ctx)
    }

    fn find(&self, flag: &str) -> u32 {
        self.loaded.program.flag_index(flag).unwrap()
    }

    fn evaluate_found<'a>(&'a self, _: &str, flag: u32, ctx: &Self::Ctx<'a>) -> Variant {
        let mut prepared = ctx.borrow_mut();
        prepared.forget();
        let decision = evaluate(&self.loaded, &[], &mut prepared, flag).unwrap();
        (decision.variant == ON).into()
    }

    fn evaluate_all<'a>(&'a self, ctx: &Self::Ctx<'a>) -> usize {
        let mut prepared = ctx.borrow_mut();
        prepared.forget();
        let mut ons = 0;
        evaluate_all(&self.loaded, &[], &mut prepared, |_, decision| ons += usize::from(decision.variant == ON)).unwrap();
        ons
    }
}
