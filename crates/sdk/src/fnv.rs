/// FNV-1a over UTF-16 units, as the npm package has it.
pub(crate) fn fnv1a(units: impl IntoIterator<Item = u16>) -> u32 {
    units.into_iter().fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}
