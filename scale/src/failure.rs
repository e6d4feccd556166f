//! How a run ends that gives no plan.

use datafusion::error::DataFusionError;
use downhaul_blast::population::PopulationError;
use serde::{Deserialize, Serialize};

/// Why a run ended without its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// 1 could not run, 3 invalid input.
    pub status: u8,
    /// A stable kebab-case name.
    pub code: String,
    pub message: String,
    pub help: Option<String>,
}

/// Errors pass through DataFusion, and between machines, as text: this says where one of ours begins.
const MARK: &str = "downhaul refused: ";

impl Failure {
    pub fn could_not_run(code: &str, message: impl Into<String>) -> Self {
        Failure { status: 1, code: code.to_owned(), message: message.into(), help: None }
    }

    pub fn invalid(code: &str, message: impl Into<String>) -> Self {
        Failure { status: 3, code: code.to_owned(), message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Found again in whatever it is wrapped in.
    fn find(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(MARK)?;
        // Wrapped twice, quotes may be escaped.
        let plain = rest.replace("\\\"", "\"");
        [rest, &plain].into_iter().find_map(|text| serde_json::Deserializer::from_str(text).into_iter().next()?.ok())
    }
}

impl From<PopulationError> for Failure {
    fn from(error: PopulationError) -> Self {
        Failure::invalid(error.code(), error.to_string()).help(error.help())
    }
}

impl From<Failure> for DataFusionError {
    fn from(failure: Failure) -> Self {
        DataFusionError::Execution(format!("{MARK}{}", serde_json::to_string(&failure).unwrap_or_default()))
    }
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        let text = error.to_string();
        if let Some(failure) = Failure::find(&text) {
            return failure;
        }
        let line = text.lines().next().unwrap_or_default().to_owned();
        match error.find_root() {
            DataFusionError::ParquetError(_) | DataFusionError::ArrowError(..) => {
                Failure::invalid("population-not-parquet", format!("the population cannot be read: {line}"))
                    .help("write the file again; it may be cut short or damaged")
            }
            DataFusionError::ResourcesExhausted(_) => Failure::could_not_run("memory-limit", line)
                .help("raise --memory-limit, or group by attributes with fewer values"),
            _ => Failure::could_not_run("replay-ended", line),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_back_from_another_machine() {
        let failure = Failure::invalid("population-malformed", "`\"x\"` is no weight").help("mend \"it\"");
        let error = DataFusionError::from(failure.clone());
        let wrapped = DataFusionError::Execution(format!("Job failed: Execution(\"{}\") in stage 1", error));
        assert_eq!(Failure::from(error), failure);
        assert_eq!(Failure::from(wrapped).code, failure.code);
    }
}
