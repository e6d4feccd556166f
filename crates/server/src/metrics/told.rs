//! What clients told of the use of flags, for who may see flags: made anew for each answer.

use super::Kind;
use downhaul_control::api::BreakerPage;
use downhaul_control::telemetry::{Latency, Total, What};
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What clients of one environment told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) environment: String,
    pub(crate) totals: Vec<Total>,
    pub(crate) breakers: BreakerPage,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ExposureLabels {
    environment: String,
    flag: String,
    variant: String,
    reason: &'static str,
    /// Empty where the flag is not degraded.
    cause: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NamedLabels {
    environment: String,
    name: String,
    /// Empty, as the variant is, where it happened under no flag.
    flag: String,
    variant: String,
    kind: Kind,
    /// `ok failed`
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TimedLabels {
    environment: String,
    name: String,
    flag: String,
    variant: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GuardLabels {
    environment: String,
    flag: String,
    variant: String,
    kind: Kind,
    /// `ok failed degraded`
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerLabels {
    environment: String,
    flag: String,
    variant: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MoveLabels {
    environment: String,
    flag: String,
    variant: String,
    kind: Kind,
    from: &'static str,
    to: &'static str,
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    environment: String,
    flag: String,
    variant: String,
    kind: Kind,
    state: &'static str,
}

/// A histogram of which the counts are there already.
#[derive(Debug, Default)]
struct Counted(Mutex<Latency>);

impl TypedMetric for Counted {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Counted {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let latency = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets: Vec<(f64, u64)> = (0..OCTAVES).map(|octave| (upper(octave), 0)).collect();
        buckets.push((f64::INFINITY, 0));
        let mut count = 0;
        for (index, more) in &latency.counts {
            count += more;
            let octave = usize::try_from(index / 8).unwrap_or(OCTAVES).min(OCTAVES);
            if let Some((_, sum)) = buckets.get_mut(octave) {
                *sum += more;
            }
        }
        encoder.encode_histogram::<NoLabelSet>(latency.sum_ms / 1000.0, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// Doublings from 8 microseconds to 67 seconds.
const OCTAVES: usize = 24;

/// Where an octave of indexes ends, in seconds: index 8 begins at 8 microseconds, and each 8 further ones are a doubling.
fn upper(octave: usize) -> f64 {
    let doublings = i32::try_from(octave).unwrap_or(i32::MAX);
    8e-6 * 2_f64.powi(doublings)
}

/// Registers what clients told.
pub(super) fn register(registry: &mut Registry, told: &[Told]) {
    let exposures: Family<ExposureLabels, Counter> = Family::default();
    let named: Family<NamedLabels, Counter> = Family::default();
    let timed: Family<TimedLabels, Counted> = Family::default();
    let guarded: Family<GuardLabels, Counter> = Family::default();
    let opened: Family<BreakerLabels, Counter> = Family::default();
    let standing: Family<StateLabels, Gauge> = Family::default();
    let moved: Family<MoveLabels, Counter> = Family::default();
    let probes: Family<GuardLabels, Counter> = Family::default();
    let open: Family<BreakerLabels, Counter<f64, AtomicU64>> = Family::default();
    let to_open: Family<BreakerLabels, Counter<f64, AtomicU64>> = Family::default();
    for Told { environment, totals, breakers } in told {
        for Total { of, sums } in totals {
            let (environment, kind) = (environment.clone(), Kind::from(of.kind));
            match &of.what {
                What::Exposure { flag, variant, reason, cause } => {
                    let (flag, variant, cause) = (flag.clone(), variant.clone(), cause.unwrap_or_default());
                    let labels = ExposureLabels { environment, flag, variant, reason, cause, kind };
                    exposures.get_or_create(&labels).inc_by(sums.ok);
                }
                What::Outcome { name, under } => {
                    let (flag, variant) = under.clone().unwrap_or_default();
                    for (outcome, count) in [("ok", sums.ok), ("failed", sums.failed)] {
                        let (environment, name) = (environment.clone(), name.clone());
                        let (flag, variant) = (flag.clone(), variant.clone());
                        let labels = NamedLabels { environment, name, flag, variant, kind, outcome };
                        named.get_or_create(&labels).inc_by(count);
                    }
                    if !sums.latency.counts.is_empty() {
                        let labels = TimedLabels { environment, name: name.clone(), flag, variant, kind };
                        let counted = timed.get_or_create(&labels);
                        *counted.0.lock().unwrap_or_else(PoisonError::into_inner) = sums.latency.clone();
                    }
                }
                What::Guard { flag, variant } => {
                    let calls = [("ok", sums.ok), ("failed", sums.failed), ("degraded", sums.degraded)];
                    for (outcome, count) in calls {
                        let (environment, flag, variant) = (environment.clone(), flag.clone(), variant.clone());
                        guarded.get_or_create(&GuardLabels { environment, flag, variant, kind, outcome }).inc_by(count);
                    }
                    for (outcome, count) in [("ok", sums.probes_ok), ("failed", sums.probes_failed)] {
                        let (environment, flag, variant) = (environment.clone(), flag.clone(), variant.clone());
                        probes.get_or_create(&GuardLabels { environment, flag, variant, kind, outcome }).inc_by(count);
                    }
                    for ((from, to, cause), count) in &sums.moves {
                        let (environment, flag, variant) = (environment.clone(), flag.clone(), variant.clone());
                        let labels = MoveLabels { environment, flag, variant, kind, from, to, cause };
                        moved.get_or_create(&labels).inc_by(*count);
                    }
                    let labels = BreakerLabels { environment, flag: flag.clone(), variant: variant.clone(), kind };
                    opened.get_or_create(&labels).inc_by(sums.opened);
                    open.get_or_create(&labels).inc_by(Duration::from_millis(sums.open_ms).as_secs_f64());
                    to_open.get_or_create(&labels).inc_by(Duration::from_millis(sums.to_open_ms).as_secs_f64());
                }
            }
        }
        for view in &breakers.breakers {
            for (state, count) in [
                ("closed", view.closed),
                ("open", view.open),
                ("half-open", view.half_open),
                ("forced-open", view.forced_open),
                ("disabled", view.disabled),
                ("observing", view.observing),
            ] {
                let labels = StateLabels {
                    environment: environment.clone(),
                    flag: view.flag.clone(),
                    variant: view.variant.clone(),
                    kind: view.kind.into(),
                    state,
                };
                standing.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }
    registry.register("exposures", "How often clients were given a variant, and why", exposures);
    registry.register("named_outcomes", "What happened, by the applications' own names", named);
    registry.register_with_unit("named_outcome_duration", "How long timed work took", Unit::Seconds, timed);
    registry.register("guarded_calls", "Guarded calls, by how they ended", guarded);
    registry.register("breaker_openings", "How often a circuit breaker opened", opened);
    registry.register("breaker_moves", "How often a circuit breaker went from one state to another, and why", moved);
    registry.register("breaker_probes", "Guarded calls of half-open breakers", probes);
    registry.register_with_unit("breaker_open", "How long breakers were open or half-open", Unit::Seconds, open);
    let help = "Time from the first failure of a row to the opening, summed";
    registry.register_with_unit("breaker_time_to_open", help, Unit::Seconds, to_open);
    registry.register("breaker_instances", "Instances by the state of their breaker", standing);
}
