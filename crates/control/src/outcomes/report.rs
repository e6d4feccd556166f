//! What a report has to look like. What is merely of no use here is passed over instead.

use crate::api::{OutcomeCount, OutcomeReport};

/// Most reports of one acknowledgement, and entries of one report.
const REPORTS: usize = 4;
const ENTRIES: usize = 64;
/// What JavaScript counts exactly.
const MOST: u64 = 1 << 53;

/// What is wrong with a report, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`outcomes{place}`: {what}")]
pub struct NotAReport {
    place: String,
    what: String,
}

/// Looks at the reports of one acknowledgement before anything of them is counted.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(reports: &[OutcomeReport]) -> Result<(), NotAReport> {
    if reports.len() > REPORTS {
        return refuse(String::new(), format!("{} reports, and {REPORTS} at most are taken at a time", reports.len()));
    }
    for (index, report) in reports.iter().enumerate() {
        check_report(index, report)?;
    }
    Ok(())
}

fn check_report(index: usize, report: &OutcomeReport) -> Result<(), NotAReport> {
    let place = |member: &str| format!("/{index}/{member}");
    if report.sequence == 0 || report.sequence > MOST {
        return refuse(place("sequence"), "the first report is 1, and each one more".to_owned());
    }
    if report.to_ms > report.from_ms || report.from_ms > MOST {
        return refuse(place("to_ms"), "the last outcome is not before the first".to_owned());
    }
    if report.counts.len() > ENTRIES {
        return refuse(place("counts"), format!("{} entries, and {ENTRIES} at most are taken", report.counts.len()));
    }
    for (at, OutcomeCount { ok, failed, .. }) in report.counts.iter().enumerate() {
        let place = |member: &str| format!("/{index}/counts/{at}/{member}");
        for (member, count) in [("ok", ok), ("failed", failed)] {
            if *count > MOST {
                return refuse(place(member), format!("{count} is more than anybody counts exactly, {MOST}"));
            }
        }
    }
    Ok(())
}

fn refuse(place: String, what: String) -> Result<(), NotAReport> {
    Err(NotAReport { place, what })
}
