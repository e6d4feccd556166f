//! What lies in the folder, as natively read; the host of wasmtime reads it the same way.

use downhaul_core::decision::Decision;
use downhaul_core::kills::KillSet;
use downhaul_core::program::Program;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::hostile;

/// `program.bin`, `kills.bin`, and a context a line in `contexts.jsonl`.
pub(crate) struct Fixture {
    pub(crate) program: Vec<u8>,
    pub(crate) kills: Vec<u8>,
    contexts: String,
}

impl Fixture {
    pub(crate) fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Fixture {
            program: fs::read(folder.join("program.bin"))?,
            kills: fs::read(folder.join("kills.bin"))?,
            contexts: fs::read_to_string(folder.join("contexts.jsonl"))?,
        })
    }

    pub(crate) fn program(&self) -> Result<Program, Box<dyn Error>> {
        Program::from_bytes(&self.program).map_err(|error| error.message().into())
    }

    pub(crate) fn kills(&self) -> Result<KillSet, Box<dyn Error>> {
        KillSet::from_bytes(&self.kills).map_err(|error| error.message().into())
    }

    /// As JSON knows them: values that only JavaScript has are what they read as.
    pub(crate) fn contexts(&self) -> Result<Vec<Map<String, Value>>, Box<dyn Error>> {
        let mut contexts = Vec::new();
        for line in self.contexts.lines() {
            let mut context: Map<String, Value> = serde_json::from_str(line)?;
            context.values_mut().for_each(hostile::tame);
            contexts.push(context);
        }
        Ok(contexts)
    }

    /// Flags that the client holds down by itself; the formula stands in tests/engines/digest.ts too.
    pub(crate) fn overrides(context: usize, flags: usize) -> Vec<u8> {
        const CAUSES: [u8; 5] = [0, 0, 2, 3, 4];
        let causes = (0..flags).map(|flag| CAUSES.iter().copied().nth((context * 7 + flag * 3) % 5).unwrap_or(0));
        if context.is_multiple_of(8) { causes.collect() } else { vec![0; flags] }
    }
}

/// A decision as the scratch buffer holds it: variant (u16), reason, cause (u8), rule (u32).
pub(crate) fn write(decision: &Decision, into: &mut Vec<u8>) {
    into.extend(decision.variant.to_le_bytes());
    into.extend([decision.reason as u8, decision.cause as u8]);
    into.extend(decision.rule.to_le_bytes());
}

/// One line for whoever compares the engines.
pub(crate) fn report(engine: &str, decisions: &[u8], took: Duration) -> Value {
    let digest: String = Sha256::digest(decisions).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "engine": engine, "digest": digest, "decisions": decisions.len() / 8, "milliseconds": took.as_secs_f64() * 1000.0,
    })
}
