//! What clients and people send to the control plane.

use downhaul_control::api::{Acknowledgement, PutFlagRequest, RollbackRequest, SampledContext};
use downhaul_control::{outcomes, policy, release};
use downhaul_core::read::Format;
use serde_json::Value;

/// A refusal names its place, and what is taken lies within its limits.
pub(crate) fn any(bytes: &[u8]) {
    if let Ok(told) = serde_json::from_slice::<Acknowledgement>(bytes)
        && let Err(why) = outcomes::check(&told.outcomes)
    {
        assert!(why.to_string().starts_with("`outcomes"), "{why}");
    }
    let _ = serde_json::from_slice::<SampledContext>(bytes);
    let _ = serde_json::from_slice::<PutFlagRequest>(bytes);
    let _ = serde_json::from_slice::<RollbackRequest>(bytes);
    let text = String::from_utf8_lossy(bytes);
    for format in [Format::Json, Format::Yaml] {
        if let Ok((release, _)) = release::read::release(&text, format) {
            let _ = release::validate::alone(&release);
        }
    }
    if let Ok(json) = serde_json::from_slice::<Value>(bytes)
        && let Err(problems) = policy::read(&json)
    {
        assert!(!problems.is_empty());
    }
}
