//! How many instructions decisions take, which no other load of the machine changes: `cargo xtask bench instructions`.
//!
//! Each benchmark has a limit, some hundredths above what it took when the limit was set: other releases of the compiler differ
//! by less. Where a change is worth more instructions, raise it, and say why.

use downhaul_core::context::Prepared;
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use rust_peers::Peer;
use rust_peers::peers::downhaul::OfProgram;
use rust_peers::workload::{Workload, bulk, contexts, w1};
use std::cell::RefCell;
use std::hint::black_box;

const CONTEXTS: usize = 1_000;

struct Given {
    engine: OfProgram,
    flag: u32,
    contexts: Vec<RefCell<Prepared>>,
}

fn given(workload: Workload) -> Given {
    let engine = OfProgram::load(&OfProgram::config(&workload));
    let flag = engine.find(&workload.flags[0].key);
    let contexts = contexts(CONTEXTS, 1).iter().map(|context| engine.context(context)).collect();
    Given { engine, flag, contexts }
}

fn one() -> Given {
    given(w1())
}

fn all() -> Given {
    given(bulk(200, OfProgram::CAPS))
}

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let limit = [(EventKind::Ir, instructions * CONTEXTS as u64)];
    LibraryBenchmarkConfig::default().tool(Callgrind::default().hard_limits(limit)).clone()
}

// W1: one flag for each of a thousand prepared contexts.
#[library_benchmark]
#[bench::w1(args = (), setup = one, config = at_most(380))]
fn one_flag(given: Given) -> Given {
    for context in &given.contexts {
        black_box(given.engine.evaluate_found("", black_box(given.flag), black_box(context)));
    }
    given
}

// W2: 200 flags of three rules for each of a thousand prepared contexts.
#[library_benchmark]
#[bench::w2(args = (), setup = all, config = at_most(37_500))]
fn all_flags(given: Given) -> Given {
    for context in &given.contexts {
        black_box(given.engine.evaluate_all(black_box(context)));
    }
    given
}

library_benchmark_group!(name = decisions; benchmarks = one_flag, all_flags);
main!(library_benchmark_groups = decisions);
