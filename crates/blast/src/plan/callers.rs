//! What those who ask for a flag are given once it is gone.

use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::validate::{Valid, validate};

/// `new` with the flags that only `old` has, each giving everyone its degraded variant; `None` where none is gone.
///
/// Who asks for a flag that is gone is given the default of the call, which no flag set knows. It is taken to be the degraded
/// variant, as callers are told to write it: so a flag that is gone moves everyone whom it gave anything else.
///
/// # Errors
/// Both together are more than a flag set may hold: whom it moves is not known.
pub fn with_callers_defaults(old: &FlagSet, new: &FlagSet) -> Result<Option<Valid>, Vec<Diagnostic>> {
    let gone = || old.flags.iter().filter(|flag| new.flag(flag.key.as_str()).is_none());
    if gone().next().is_none() {
        return Ok(None);
    }
    let mut given = new.clone();
    for flag in gone() {
        given.retired.remove(&flag.key);
        given.flags.put(Flag {
            requires: Vec::new(),
            rules: Vec::new(),
            default: flag.degraded.variant.clone(),
            ..flag.clone()
        });
    }
    validate(given, None).map(|(valid, _)| Some(valid))
}
