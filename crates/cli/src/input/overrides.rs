use crate::exit::Failure;
use downhaul_core::decision::Cause;
use downhaul_core::kills::Loaded;
use std::str::FromStr;

/// A flag that the client degrades by itself, `flag=cause`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) flag: String,
    pub(crate) cause: Cause,
}

/// The code of each flag's cause, as evaluation takes them.
pub(crate) fn codes(loaded: &Loaded, overrides: &[Override]) -> Result<Vec<u8>, Failure> {
    let mut codes = vec![Cause::None as u8; loaded.program.flag_count() as usize];
    for each in overrides {
        let flag = loaded.program.flag_index(&each.flag).and_then(|flag| codes.get_mut(flag as usize));
        let Some(code) = flag else {
            return Err(Failure::refused("unknown-flag", format!("there is no flag `{}` in the flag set", each.flag))
                .help("`--degraded` names flags of the flag set"));
        };
        *code = each.cause as u8;
    }
    Ok(codes)
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (flag, cause) = text.rsplit_once('=').unwrap_or((text, ""));
        let cause = match cause {
            "stale" => Cause::Stale,
            "breaker" => Cause::Breaker,
            "crash-loop" => Cause::CrashLoop,
            _ => return Err("write it as `flag=stale`, `flag=breaker` or `flag=crash-loop`".to_owned()),
        };
        Ok(Override { flag: flag.to_owned(), cause })
    }
}
