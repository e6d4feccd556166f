use downhaul_blast::plan::{Kept, Limit};
use serde::{Deserialize, Serialize};

/// How a change keeps to the budget of the policy that was in force when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetVerdict {
    /// `over` where a limit is exceeded, else `unknown` where that cannot be said of one, else `within`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub verdict: Kept,
    /// Limits that are exceeded first, then those of which it is not known; [`BudgetVerdict::FINDINGS`] at most.
    pub findings: Vec<BudgetFinding>,
    /// Limits that are not listed, all of them kept to where one that is listed is.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub more_findings: u64,
    /// The population that it was judged by; absent where only what is known exactly counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<JudgedBy>,
}

/// How a change keeps to one limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetFinding {
    /// `share`, `tenants`, `critical-tenant` or `region`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub limit: Limit,
    /// The tenant or region, where the limit is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `within`, `over` or `unknown`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub outcome: Kept,
    /// In words, with the figure and what may be.
    pub why: String,
    /// A flag that goes beyond the limit, or may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
}

/// A population, as far as a change names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JudgedBy {
    pub name: String,
    /// When the people were like this: RFC 3339.
    pub taken_at: String,
    /// SHA-256 of its binary form.
    pub digest: String,
}

impl BudgetVerdict {
    /// Findings that are kept with a change.
    pub const FINDINGS: usize = 20;

    /// What is not kept to, or may not be, in words; empty where everything is.
    pub fn exceeded(&self) -> Vec<String> {
        let words = |finding: &BudgetFinding| match &finding.flag {
            Some(flag) if !finding.why.contains(&format!("`{flag}`")) => format!("{} (`{flag}`)", finding.why),
            _ => finding.why.clone(),
        };
        let unkept = self.findings.iter().filter(|finding| finding.outcome != Kept::Within);
        let more = (self.more_findings > 0 && self.findings.iter().all(|finding| finding.outcome != Kept::Within))
            .then(|| format!("and {} more limits", self.more_findings));
        unkept.map(words).chain(more).collect()
    }
}
