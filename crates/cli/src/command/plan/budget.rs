//! What a plan may move: from options and a file.

use crate::exit::Failure;
use crate::input::sources;
use crate::render::Output;
use downhaul_blast::plan::Budget;
use downhaul_core::document::FlagSet;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Budget")]
pub(super) struct BudgetArgs {
    /// Largest part of everyone that the change may move, such as `0.05` or `5%`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    budget_share: Option<f64>,
    /// Most tenants that the change may touch
    #[arg(long, value_name = "N")]
    budget_tenants: Option<usize>,
    /// File of limits: `share`, `tenants`, `critical_tenants` and `regions` that may not be touched; options go before it
    #[arg(long, value_name = "FILE")]
    budget: Option<PathBuf>,
}

impl BudgetArgs {
    /// What is limited; absent where nothing is.
    pub(super) fn read(&self) -> Result<Option<Budget>, Failure> {
        let mut budget = match &self.budget {
            Some(path) => read_file(path)?,
            None => Budget::default(),
        };
        budget.share = self.budget_share.or(budget.share);
        budget.tenants = self.budget_tenants.or(budget.tenants);
        Ok((!budget.is_empty()).then_some(budget))
    }
}

fn read_file(path: &Path) -> Result<Budget, Failure> {
    let text = sources::read_file(path)?;
    let refused = |why: String| {
        Failure::invalid("bad-budget", format!("`{}` cannot be read as a budget: {why}", path.display())).help(
            "write it as `{\"share\": 0.05, \"tenants\": 3, \"critical_tenants\": [\"acme\"], \"regions\": [\"eu\"]}`",
        )
    };
    let budget: Budget = serde_json::from_slice(&text.bytes).map_err(|error| refused(error.to_string()))?;
    match budget.share {
        Some(share) if !(0.0..=1.0).contains(&share) => Err(refused(format!("`share` is {share}, not from 0 to 1"))),
        _ => Ok(budget),
    }
}

/// Names that are in neither flag set: of a region a mistake, of a tenant perhaps.
pub(super) fn check_names(budget: &Budget, documents: [&FlagSet; 2], output: &Output) -> Result<(), Failure> {
    if let Some(region) = budget.unknown_regions(documents).first() {
        let message = format!("the budget names the region `{region}`, which neither flag set has");
        return Err(Failure::invalid("unknown-region", message).help("name it as the region tree does"));
    }
    for tenant in budget.undeclared_tenants(documents) {
        output.note(format!("the budget names the tenant `{tenant}`, which neither flag set declares"));
    }
    Ok(())
}

fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text, 1.0),
    };
    let share = number.parse().map(|number: f64| number / whole).ok();
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a part from 0 to 1, such as `0.05`, or a percentage, such as `5%`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        for (text, is) in [("0.05", 0.05), ("5%", 0.05), ("5 %", 0.05), ("0", 0.0), ("1", 1.0), ("100%", 1.0)] {
            assert_eq!(share(text), Ok(is), "{text}");
        }
        for text in ["", "%", "5", "-1", "101%", "NaN", "inf", "a"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
