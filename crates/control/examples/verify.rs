//! How fast a chart is verified: a log of a million changes, made the same every time, with flags put, killed and restored
//! and several things applied at once.
//!
//! `cargo run --release -p downhaul-control --example verify [CHANGES] [FLAGS] [FLIPS]`

#![expect(clippy::disallowed_methods, reason = "a bench reads arguments and clocks")]

use downhaul_control::chart::{Frontier, TreeHead, leaf};
use downhaul_control::verify::{Examined, Stored, Verification};
use downhaul_control::{Change, Command, Hash, Record, State, decide, fold};
use downhaul_core::document::Flag;
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

/// As in the command line.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut argument = |otherwise| arguments.next().unwrap_or(Ok(otherwise));
    let (changes, flags, flips) = (argument(1_000_000)?, argument(20)?, argument(20)?);
    let started = Instant::now();
    let (mut log, head) = write(changes, flags)?;
    let bytes: usize = log.iter().map(|stored| stored.bytes.len()).sum();
    println!(
        "{changes} changes of {flags} flags, {} MB, written in {:.1} s",
        bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );

    for round in 1..=3 {
        let copy = log.clone();
        let (started, worked) = (Instant::now(), on_core());
        let verification = verify(copy, &head)?;
        let seconds = started.elapsed().as_secs_f64();
        // On a machine that others use too, what this thread worked says more than the clock.
        let worked = on_core().zip(worked).map(|(after, before)| after - before);
        assert!(verification.fault().is_none(), "{:?}", verification.fault());
        #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
        let per_second = |seconds: f64| changes as f64 / seconds;
        let worked = worked.map(|worked| format!("; {:.0} a second of the core's time", per_second(worked)));
        println!(
            "round {round}: {seconds:.2} s, {:.0} changes a second by the clock{}",
            per_second(seconds),
            worked.unwrap_or_default()
        );
        let copy = log.clone();
        let (started, worked) = (Instant::now(), on_core());
        let verification = verify_on_two(copy, &head)?;
        let seconds = started.elapsed().as_secs_f64();
        let worked = on_core().zip(worked).map(|(after, before)| after - before);
        assert!(verification.fault().is_none(), "{:?}", verification.fault());
        let worked = worked.map(|worked| format!("; the thread that replays could do {:.0}", per_second(worked)));
        println!(
            "round {round}, on two threads: {seconds:.2} s, {:.0} changes a second by the clock{}",
            per_second(seconds),
            worked.unwrap_or_default()
        );
    }

    let mut random = Random(7);
    for _ in 0..flips {
        let at = usize::try_from(random.below(changes))?;
        let (byte, bit) = match log.get_mut(at) {
            Some(stored) => {
                let byte = usize::try_from(random.below(stored.bytes.len() as u64))?;
                let bit = 1 << random.below(8);
                flip(stored, byte, bit);
                (byte, bit)
            }
            None => continue,
        };
        let started = Instant::now();
        let verification = verify(log.clone(), &head)?;
        let fault = verification.fault().ok_or("a flipped bit was not found")?;
        assert_eq!(fault.revision, at as u64 + 1, "{fault:?}");
        println!(
            "bit {bit:#04x} of byte {byte} of revision {}: `{}` at revision {}, in {:.2} s",
            at + 1,
            fault.code,
            fault.revision,
            started.elapsed().as_secs_f64()
        );
        if let Some(stored) = log.get_mut(at) {
            flip(stored, byte, bit);
        }
    }
    Ok(())
}

/// Seconds that this thread has run, where the system says so (Linux).
fn on_core() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

fn flip(stored: &mut Stored, byte: usize, bit: u8) {
    if let Some(byte) = stored.bytes.get_mut(byte) {
        *byte ^= bit;
    }
}

fn verify(log: Vec<Stored>, head: &TreeHead) -> Result<Verification, Box<dyn Error>> {
    let mut verification = Verification::new("production".parse()?, 1);
    verification.expect(head);
    log.into_iter().for_each(|stored| verification.next(stored));
    verification.end();
    Ok(verification)
}

/// As the command line and the server do it: each record is examined by itself on one thread, and replayed on another.
fn verify_on_two(log: Vec<Stored>, head: &TreeHead) -> Result<Verification, Box<dyn Error>> {
    let mut verification = Verification::new("production".parse()?, 1);
    verification.expect(head);
    std::thread::scope(|scope| {
        let (to, examined) = std::sync::mpsc::sync_channel::<Vec<Examined>>(4);
        scope.spawn(move || {
            let mut log = log.into_iter().map(Examined::of);
            loop {
                let batch: Vec<Examined> = log.by_ref().take(256).collect();
                if batch.is_empty() || to.send(batch).is_err() {
                    return;
                }
            }
        });
        examined.into_iter().flatten().for_each(|examined| verification.next_examined(examined));
    });
    verification.end();
    Ok(verification)
}

/// A log and its head: of ten changes, five put a flag, two kill, two restore, and one applies three flags.
fn write(changes: u64, flags: u64) -> Result<(Vec<Stored>, TreeHead), Box<dyn Error>> {
    let mut state = State::empty("production".parse()?, 1);
    let (mut random, mut log, mut tree) = (Random(42), Vec::new(), Frontier::default());
    for revision in 1..=changes {
        let command = if revision <= flags {
            put(revision - 1, revision)?
        } else {
            match random.below(10) {
                0..5 => put(random.below(flags), revision)?,
                5 | 6 if state.flag_set.kills.len() < 5 => kill(random.below(flags), &state)?,
                7 | 8 if !state.flag_set.kills.is_empty() => {
                    let id = state.flag_set.kills.first().map(|kill| kill.id.clone()).unwrap_or_default();
                    Command::Restore { id }
                }
                _ => Command::Apply {
                    commands: (0..3).map(|_| put(random.below(flags), revision)).collect::<Result<_, _>>()?,
                },
            }
        };
        let mut change = Change {
            revision,
            environment: state.environment().clone(),
            at: "2026-11-23T20:00:00.000Z".to_owned(),
            actor: "a-0123456789ab".to_owned(),
            reason: format!("step {revision} of the usual work"),
            command,
            impact: Default::default(),
            landed: None,
            evidence: None,
            prev: state.head,
        };
        // The digest is of the flag set after the change, which does not look at the impact.
        let after = fold(state, &Record::write(&change)?);
        change.impact.digest = decide::digest(&after.flag_set)?;
        let record = Record::write(&change)?;
        // The flags of `after` are known already as they are written.
        state = State { head: record.hash(), ..after };
        state.forget_past();
        tree.push(leaf(record.bytes()));
        log.push(Stored { revision, bytes: record.bytes().to_vec(), hash: record.hash().to_string() });
    }
    let head = TreeHead { origin: "downhaul/1/production".to_owned(), size: changes, root: tree.root() };
    assert_ne!(state.head, Hash::ZERO);
    Ok((log, head))
}

fn put(number: u64, revision: u64) -> Result<Command, Box<dyn Error>> {
    let on = revision % 100_001;
    let flag: Value = json!({
        "key": format!("flag-{number}"), "description": "What this flag is there for", "owner": "payments", "kind": "release",
        "expires": "2027-01-31", "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": "Old three-page checkout; gift cards cannot be used" },
        "rules": [
            { "name": "staff", "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com"] }], "serve": "on" },
            { "name": "first cohort", "when": [{ "tenant": ["acme", "globex"] }], "split": { "slices": [["on", on], ["off", 100_000 - on]] } },
        ],
        "default": "off",
    });
    let flag: Flag = serde_json::from_value(flag)?;
    Ok(Command::PutFlag { flag: Box::new(flag) })
}

fn kill(number: u64, state: &State) -> Result<Command, Box<dyn Error>> {
    Ok(serde_json::from_value(json!({ "type": "kill", "kill": {
        "id": state.next_kill_id(), "flag": format!("flag-{number}"), "scope": { "tenant": ["acme"] },
        "reason": "payment errors", "by": "a-0123456789ab", "at": "2026-11-23T20:00:00.000Z",
    } }))?)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}
