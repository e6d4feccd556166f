//! Random bytes from the operating system.

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// The opaque id of someone new.
pub(crate) fn actor() -> Result<String, getrandom::Error> {
    Ok(format!("a-{:012x}", u64::from_le_bytes(bytes()?) >> 16))
}
