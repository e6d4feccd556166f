//! Populations: a context a line, and the bytes that a page is given.

use downhaul_blast::population::{Limits, Mapping, Population};

/// What is taken has the rows that it says.
pub(crate) fn any(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(population) = Population::from_sample_bytes(bytes, &limits) {
        assert!(population.weight().is_finite());
    }
    match Population::from_json_lines(bytes, &Mapping::default(), &limits) {
        Ok((population, _)) => assert!(population.weight().is_finite() && population.rows() <= bytes.len() + 1),
        Err(why) => assert!(!why.code().is_empty() && !why.help().is_empty()),
    }
}
