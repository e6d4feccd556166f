use super::{Drill, milliseconds};
use crate::runbook::{Phase, What};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long each part of a drill took, in milliseconds of the control plane's clock. Absent where it was no part of it, or
/// did not come to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Phases {
    /// From the beginning until somebody let the runbook begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_ms: Option<u64>,
    /// From the first kill of a step to the last acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_ms: Option<u64>,
    /// From sending a redeployment to its call-back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeploy_ms: Option<u64>,
    /// From the first reading of a metric until it has held for its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_ms: Option<u64>,
    /// What is left of the total: other steps, and waiting between steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_ms: Option<u64>,
    /// From the beginning to the end of the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
    /// From there until everything is as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_back_ms: Option<u64>,
}

impl Drill<'_> {
    /// A step that was held and tried again counts from its first attempt.
    pub fn phases(&self) -> Phases {
        let run = self.run;
        let decide_ms = run.decided.map(|decided| milliseconds(run.began, decided));
        let disable_ms = self.of_steps(|what| matches!(what, What::Kill(_)));
        let redeploy_ms = self.of_steps(|what| matches!(what, What::Redeploy { .. }));
        let verify_ms = self.of_steps(|what| matches!(what, What::Verify { .. }));
        // Only once the last step has ended does a total say something.
        let all_ended = !run.steps.is_empty() && run.steps.iter().all(|step| step.ended.is_some());
        let last: Option<Timestamp> = run.steps.iter().filter_map(|step| step.ended).max().filter(|_| all_ended);
        let total_ms = last.map(|last| milliseconds(run.began, last));
        let known = [decide_ms, disable_ms, redeploy_ms, verify_ms].into_iter().flatten().sum();
        let ended = match run.phase {
            Phase::Ended { at, .. } => Some(at),
            _ => None,
        };
        Phases {
            decide_ms,
            disable_ms,
            redeploy_ms,
            verify_ms,
            other_ms: total_ms.map(|total| total.saturating_sub(known)),
            total_ms,
            put_back_ms: last.zip(ended).map(|(last, ended)| milliseconds(last, ended)),
        }
    }

    /// The time that steps of one kind took together; `None` where there are none or one has not ended.
    fn of_steps(&self, is_meant: impl Fn(&What) -> bool) -> Option<u64> {
        let steps = self.run.steps.iter().zip(&self.run.runbook.steps);
        let mut times = steps.filter(|(_, step)| is_meant(&step.what)).map(|(running, _)| {
            let (first, ended) = (running.first?, running.ended?);
            Some(milliseconds(first, ended))
        });
        let first = times.next()??;
        times.try_fold(first, |sum, time| Some(sum + time?))
    }
}
