//! How many, in words: shares, weights, bars.

use crate::render::grouped;
use downhaul_blast::plan::{FlagPlan, Share};

/// `25.000 %`, from 0 to 1.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.001 { "under 0.001 %".to_owned() } else { format!("{percent:.3} %") }
}

/// Of everyone.
pub(super) fn share_words(share: Share) -> String {
    let Share { least, most } = share;
    if share.is_certain() && most >= 1.0 {
        "everyone".to_owned()
    } else if share.is_certain() {
        format!("{} of everyone", percent(most))
    } else if most >= 1.0 && least <= 0.0 {
        "an unknown part of everyone".to_owned()
    } else if least <= 0.0 {
        format!("at most {} of everyone", percent(most))
    } else {
        format!("{} to {} of everyone", percent(least), percent(most))
    }
}

/// How much a flag moves: of the population, else of everyone.
pub(super) fn moved_words(flag: &FlagPlan) -> String {
    match (flag.moved, flag.of, flag.moved_share()) {
        (Some(moved), Some(of), Some(share)) => format!("{} ({} of {})", percent(share), weight(moved), weight(of)),
        _ => share_words(flag.share()),
    }
}

/// Rows, or what they weigh: whole where it is whole or large.
pub(super) fn weight(weight: f64) -> String {
    if weight.fract() == 0.0 || weight >= 1000.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a figure for reading")]
        return grouped(weight.round() as usize);
    }
    format!("{weight:.2}")
}

/// Cells of a bar.
const CELLS: u32 = 20;

/// `████░░░░`, at least one cell of whatever is not nothing; its two parts.
pub(super) fn bar(share: f64) -> (String, String) {
    let filled = (0..CELLS).filter(|cell| f64::from(*cell) < share * f64::from(CELLS) - 1e-9).count();
    let cells = usize::try_from(CELLS).unwrap_or_default();
    ("█".repeat(filled), "░".repeat(cells.saturating_sub(filled)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(percent(0.25), "25.000 %");
        assert_eq!(percent(0.000_001), "under 0.001 %");
        assert_eq!(percent(0.0), "0.000 %");
        assert_eq!(weight(1318.0), "1318");
        assert_eq!(weight(52_740.0), "52\u{202F}740");
        assert_eq!(weight(0.518), "0.52");
        assert_eq!(weight(20_445.53), "20\u{202F}446");
        for (share, filled) in [(0.0, 0), (0.001, 1), (0.05, 1), (0.051, 2), (0.5, 10), (1.0, 20)] {
            let (full, empty) = bar(share);
            assert_eq!((full.chars().count(), empty.chars().count()), (filled, 20 - filled), "{share}");
        }
    }
}
