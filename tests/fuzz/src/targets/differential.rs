//! The evaluation module beside native evaluation, and its boundary.

use super::program::sealed;
use super::{SHOP_PROGRAM, program};
use crate::guest::{Guest, Of};
use crate::host::{Call, Machine as _, Texts};
use downhaul_blast::strict_json;
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;

/// Length of a program (u32), the program, length of a kill set (u32), the kill set, and a context in JSON: both take them,
/// or refuse them for the same reason, and decide alike.
pub(crate) fn decisions(bytes: &[u8]) {
    let (program, rest) = part(bytes);
    let (kills, context) = part(rest);
    let program = sealed(program);
    for of in [Of::Pages, Of::Servers] {
        compare(of, &program, kills, context);
    }
}

fn compare(of: Of, program: &[u8], kills: &[u8], context: &[u8]) {
    let mut guest = Guest::new(of);
    let read = Program::from_bytes(program);
    let length = guest.write(program).unwrap();
    let answer = guest.call(Call::LoadProgram(length)).unwrap();
    assert_eq!(answer, read.as_ref().map_or_else(|why| *why as u32, |_| 0));
    let Ok(read) = read else { return };
    let set = KillSet::from_bytes(kills);
    let length = guest.write(kills).unwrap();
    let answer = guest.call(Call::LoadKills(length)).unwrap();
    assert_eq!(answer, set.as_ref().map_or_else(|why| *why as u32, |_| 0));

    let loaded = Loaded::new(read, set.unwrap_or_default());
    let Ok(context) = strict_json::object(context) else { return };
    let flags = loaded.program.flag_count();
    let overrides: Vec<u8> =
        (0..flags).map(|flag| [0, 0, 0, 2, 3, 4, 9].iter().copied().nth(flag as usize % 7).unwrap()).collect();
    let mut prepared = prepare(&loaded, &context);
    let there = guest.evaluate(&prepared, &overrides, Texts::WhenAsked);
    assert_eq!(guest.evaluate(&prepared, &overrides, Texts::AtOnce), there);
    if of == Of::Servers {
        guest.warm();
        assert_eq!(guest.evaluate(&prepared, &overrides, Texts::AtOnce), there);
        assert_eq!(guest.evaluate(&prepared, &overrides, Texts::WhenAsked), there);
    }
    let mut here = Vec::new();
    for flag in 0..flags {
        let decision = evaluate(&loaded, &overrides, &mut prepared, flag).unwrap();
        here.extend(decision.variant.to_le_bytes());
        here.extend([decision.reason as u8, decision.cause as u8]);
        here.extend(decision.rule.to_le_bytes());
    }
    assert_eq!(there, here);
}

/// Up to the length that comes first, or all there is.
fn part(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return (bytes, &[]) };
    rest.split_at(rest.len().min(u32::from_le_bytes(*length) as usize))
}

/// Any calls with any numbers over any scratch buffer: no trap, and afterwards everything works.
///
/// The first byte says which module, and whether it has a program. Each call is a byte for what, two numbers (u16, scaled to the edges of u32) and a length (u8) of bytes that are written first.
pub(crate) fn boundary(bytes: &[u8]) {
    let first = bytes.first().copied().unwrap_or_default();
    let mut guest = Guest::new(if first < 128 { Of::Pages } else { Of::Servers });
    let program = SHOP_PROGRAM.program.to_bytes();
    let length = guest.write(&program).unwrap();
    if !first.is_multiple_of(4) {
        assert_eq!(guest.call(Call::LoadProgram(length)).unwrap(), 0);
    }
    let mut rest = bytes.get(1..).unwrap_or_default();
    let mut calls = 0;
    while let Some((call, after)) = rest.split_first_chunk::<6>()
        && calls < 64
    {
        let [what, a0, a1, b0, b1, written] = *call;
        let (data, after) = after.split_at(after.len().min(usize::from(written)));
        rest = after;
        calls += 1;
        if written > 0 {
            guest.write(data).unwrap();
        }
        let (a, b) = (number(a0, a1), number(b0, b1));
        let call = match what % 6 {
            0 => Call::LoadProgram(a),
            1 => Call::LoadKills(a),
            2 => Call::Decide(a, b, u32::from(what / 6)),
            3 => Call::Resume,
            4 => Call::SlotText(a, b),
            _ => Call::ElementText(a, b),
        };
        if let Err(trap) = guest.call(call) {
            panic!("{call:?}: {trap}");
        }
    }
    let length = guest.write(&program).unwrap();
    assert_eq!(guest.call(Call::LoadProgram(length)).unwrap(), 0);
    let length = guest.write(&SHOP_PROGRAM.kill_set.to_bytes().unwrap()).unwrap();
    assert_eq!(guest.call(Call::LoadKills(length)).unwrap(), 0);
    let flags = SHOP_PROGRAM.program.flag_count();
    for context in program::CONTEXTS.iter() {
        let mut prepared = prepare(&SHOP_PROGRAM, context);
        let there = guest.evaluate(&prepared, &vec![0; flags as usize], Texts::WhenAsked);
        let variants = there.as_chunks::<8>().0.iter().map(|[v0, v1, ..]| u16::from_le_bytes([*v0, *v1]));
        for (flag, variant) in (0..).zip(variants) {
            assert_eq!(evaluate(&SHOP_PROGRAM, &[], &mut prepared, flag).unwrap().variant, variant);
        }
    }
}

/// Small numbers as they are, and those near the end of u32.
fn number(low: u8, high: u8) -> u32 {
    let small = u32::from(u16::from_le_bytes([low, high]));
    if high >= 0xf0 { u32::MAX - (0xffff - small) } else { small }
}
