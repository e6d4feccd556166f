use super::Release;
use crate::state::State;
use downhaul_core::ids::FlagKey;
use downhaul_core::phase::Phase;

/// A flag of a release that is not undone by turning it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneWay {
    pub flag: FlagKey,
    /// Why turning it back is not enough.
    pub why: String,
    /// What to do instead; empty where nobody has written it down.
    pub fix: String,
    /// The old shape of its data is gone, so an artifact that needs it must not be put back.
    pub data_is_gone: bool,
}

impl OneWay {
    /// The fix, or that there is none.
    pub fn fix_words(&self) -> &str {
        if self.fix.is_empty() { "none was written down" } else { &self.fix }
    }
}

/// The flags of a release that are `forward-fix-only`, and the data changes that it names among its migrations.
pub fn one_way(state: &State, release: &Release) -> Vec<OneWay> {
    let named = release.migrations.iter().filter_map(|migration| state.flag_set.flag(&migration.name));
    let own = release.flags.iter().filter_map(|key| state.flag_set.flag(key.as_str()));
    let mut found: Vec<OneWay> = Vec::new();
    for flag in own.chain(named) {
        let Some(fix) = flag.only_forward().filter(|_| found.iter().all(|known| known.flag != flag.key)) else {
            continue;
        };
        let data_is_gone = flag.phase == Some(Phase::Contract);
        let why = if data_is_gone {
            "it is at `contract`, the old shape of its data is gone, and the previous artifact must not be put back"
        } else {
            "turning it back does not undo it"
        };
        found.push(OneWay { flag: flag.key.clone(), why: why.to_owned(), fix: fix.to_owned(), data_is_gone });
    }
    found
}
