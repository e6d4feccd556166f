mod told;

use downhaul_control::api::{IgnoredOutcomes, IgnoredTelemetry};
use downhaul_control::fleet::Counted;
use downhaul_control::outcomes::Total;
use downhaul_core::document::ClientKind;
use downhaul_core::phase::Shape;
use prometheus_client::encoding::text::{encode, encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
pub(crate) use told::Told;

/// What the server counts; listed in docs/reference/metrics.md. No label holds a name of a flag, tenant or person, but of what
/// [`Metrics::encode_with`] adds for those who may see flags.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    pub(crate) streams: Family<KindLabels, Gauge>,
    pub(crate) streams_refused: Family<ReasonLabels, Counter>,
    pub(crate) acknowledgements: Family<OutcomeLabels, Counter>,
    pub(crate) sampled: Family<OutcomeLabels, Counter>,
    changes: Family<CommandLabels, Counter>,
    commit_seconds: Histogram,
    pub(crate) dark_seconds: Histogram,
    pub(crate) heartbeat_seconds: Family<EnvironmentLabels, Histogram>,
    beats: Family<BeatLabels, Counter>,
    beat_missing: Family<EnvironmentLabels, Gauge>,
    pub(crate) sent: Family<EventLabels, Counter>,
    pub(crate) live: Family<EnvironmentLabels, Gauge>,
    pub(crate) kills: Family<EnvironmentLabels, Gauge>,
    pub(crate) revision: Family<EnvironmentLabels, Gauge>,
    pub(crate) writable: Gauge,
    pub(crate) plans: Gauge,
    compared: Family<PhaseLabels, Counter>,
    mismatches: Family<PhaseLabels, Counter>,
    refused: Family<PhaseLabels, Counter>,
    calls: Family<CallLabels, Counter>,
    call_errors: Family<CallLabels, Counter>,
    call_seconds: Family<CallLabels, Counter<f64, AtomicU64>>,
    ignored: Family<IgnoredLabels, Counter>,
    telemetry_ignored: Family<IgnoredLabels, Counter>,
    automatic: Family<AutomaticLabels, Counter>,
    withheld: Family<WithheldLabels, Counter>,
    panic: Family<EnvironmentLabels, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KindLabels {
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "these are the label's values")]
pub(crate) enum Kind {
    browser,
    edge,
    server,
}

impl From<ClientKind> for Kind {
    fn from(kind: ClientKind) -> Self {
        match kind {
            ClientKind::Browser => Kind::browser,
            ClientKind::Edge => Kind::edge,
            ClientKind::Server => Kind::server,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabels {
    /// `key address`
    pub(crate) limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    /// `counted refused`, and of samples `taken refused`, `not asked` and `too often`
    pub(crate) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    command: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EventLabels {
    pub(crate) event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EnvironmentLabels {
    pub(crate) environment: String,
}

/// Data changes at one phase, as clients of one trust tell it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    environment: String,
    phase: &'static str,
    /// `trusted claimed`
    trust: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    environment: String,
    phase: &'static str,
    trust: &'static str,
    /// `read write`
    call: &'static str,
    /// `old new`
    shape: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IgnoredLabels {
    environment: String,
    kind: Kind,
    /// `unknown repeated late limited`
    why: &'static str,
}

/// Outcomes of a flag under one of its variants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FlagOutcomeLabels {
    environment: String,
    flag: String,
    variant: String,
    kind: Kind,
    /// `ok failed`
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BeatLabels {
    environment: String,
    /// `complete incomplete`
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AutomaticLabels {
    environment: String,
    /// `guard`, `fleet-breaker`
    by: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithheldLabels {
    environment: String,
    /// `panic`, `degraded-fails`, `budget`, `notice`
    why: &'static str,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// From a tenth of a millisecond to 26 seconds.
fn seconds() -> Histogram {
    Histogram::new((0..19).map(|power| 0.0001 * f64::from(1_u32 << power)))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("downhaul");
        let metrics = Metrics {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            streams: Family::default(),
            streams_refused: Family::default(),
            acknowledgements: Family::default(),
            sampled: Family::default(),
            changes: Family::default(),
            commit_seconds: seconds(),
            dark_seconds: seconds(),
            heartbeat_seconds: Family::new_with_constructor(seconds),
            beats: Family::default(),
            beat_missing: Family::default(),
            sent: Family::default(),
            live: Family::default(),
            kills: Family::default(),
            revision: Family::default(),
            writable: Gauge::default(),
            plans: Gauge::default(),
            compared: Family::default(),
            mismatches: Family::default(),
            refused: Family::default(),
            calls: Family::default(),
            call_errors: Family::default(),
            call_seconds: Family::default(),
            ignored: Family::default(),
            telemetry_ignored: Family::default(),
            automatic: Family::default(),
            withheld: Family::default(),
            panic: Family::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        let help = "Time to the head of the answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, metrics.request_seconds.clone());
        registry.register("streams", "Open client streams", metrics.streams.clone());
        registry.register("streams_refused", "Streams over a limit", metrics.streams_refused.clone());
        registry.register("acknowledgements", "Acknowledgements received", metrics.acknowledgements.clone());
        registry.register("sampled_contexts", "Contexts told for the live sample", metrics.sampled.clone());
        registry.register("changes", "Changes committed", metrics.changes.clone());
        let help = "Time to commit a change to the log";
        registry.register_with_unit("commit_duration", help, Unit::Seconds, metrics.commit_seconds.clone());
        let help = "Time from the commit of a kill to the acknowledgement of each instance";
        registry.register_with_unit("time_to_disable", help, Unit::Seconds, metrics.dark_seconds.clone());
        let help = "Time from the commit of a heartbeat's kill to the acknowledgement of each instance";
        registry.register_with_unit("heartbeat", help, Unit::Seconds, metrics.heartbeat_seconds.clone());
        registry.register("heartbeats", "Beats of the heartbeat flag", metrics.beats.clone());
        let help = "Instances that had not acknowledged the last beat when it ended";
        registry.register("heartbeat_missing", help, metrics.beat_missing.clone());
        registry.register("events_sent", "Events given to client streams", metrics.sent.clone());
        registry.register("live_instances", "Instances heard of within the lease", metrics.live.clone());
        registry.register("kills_in_force", "Kills in force", metrics.kills.clone());
        registry.register("revision", "Newest revision", metrics.revision.clone());
        registry.register("log_writable", "Whether the last write to the log worked", metrics.writable.clone());
        registry.register("plans_running", "Plans being made", metrics.plans.clone());
        metrics.register_migrations(&mut registry);
        let help = "Entries of reports of outcomes that were passed over";
        registry.register("outcomes_ignored", help, metrics.ignored.clone());
        let help = "Entries, buckets and batches of telemetry that were passed over";
        registry.register("telemetry_ignored", help, metrics.telemetry_ignored.clone());
        registry.register("automatic_kills", "Kills that nobody asked for", metrics.automatic.clone());
        let help = "Kills that guards and the fleet's breakers wanted and did not make";
        registry.register("automatic_kills_withheld", help, metrics.withheld.clone());
        let help = "1 while so many flags fail that what they share must be at fault";
        registry.register("breaker_panic", help, metrics.panic.clone());
        Metrics { registry, ..metrics }
    }

    fn register_migrations(&self, registry: &mut Registry) {
        let help = "Reads of a data change whose two answers clients compared";
        registry.register("migration_compared", help, self.compared.clone());
        let help = "Of these, those that differed twice in a row";
        registry.register("migration_mismatches", help, self.mismatches.clone());
        let help = "Calls that a client refused, as no code of theirs fits the phase";
        registry.register("migration_refused", help, self.refused.clone());
        let help = "Reads and writes of a data change, by shape";
        registry.register("migration_calls", help, self.calls.clone());
        registry.register("migration_call_errors", "Of these, those that failed", self.call_errors.clone());
        let help = "How long they took together";
        registry.register_with_unit("migration_calls", help, Unit::Seconds, self.call_seconds.clone());
    }

    /// What one acknowledgement has added to the counts of a data change.
    pub(crate) fn counted(&self, environment: &str, Counted { added, .. }: &Counted) {
        let (environment, phase) = (environment.to_owned(), added.phase.name());
        let trust = if added.is_trusted() { "trusted" } else { "claimed" };
        let labels = PhaseLabels { environment: environment.clone(), phase, trust };
        self.compared.get_or_create(&labels).inc_by(added.compared);
        self.mismatches.get_or_create(&labels).inc_by(added.mismatches);
        self.refused.get_or_create(&labels).inc_by(added.refused);
        for (call, shape, calls) in [
            ("read", Shape::Old, added.read_old),
            ("read", Shape::New, added.read_new),
            ("write", Shape::Old, added.write_old),
            ("write", Shape::New, added.write_new),
        ] {
            let (environment, shape) = (environment.clone(), shape.name());
            let labels = CallLabels { environment, phase, trust, call, shape };
            self.calls.get_or_create(&labels).inc_by(calls.calls);
            self.call_errors.get_or_create(&labels).inc_by(calls.errors);
            self.call_seconds.get_or_create(&labels).inc_by(Duration::from_millis(calls.ms).as_secs_f64());
        }
    }

    pub(crate) fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), method: method.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    pub(crate) fn change(&self, command: &'static str, took: Duration) {
        self.changes.get_or_create(&CommandLabels { command }).inc();
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// A kill that nobody asked for was made.
    pub(crate) fn automatic(&self, environment: &str, by: &'static str) {
        self.automatic.get_or_create(&AutomaticLabels { environment: environment.to_owned(), by }).inc();
    }

    /// One was not, and it is news.
    pub(crate) fn withheld(&self, environment: &str, why: &'static str) {
        self.withheld.get_or_create(&WithheldLabels { environment: environment.to_owned(), why }).inc();
    }

    pub(crate) fn panic(&self, environment: &str, is_panic: bool) {
        self.panic.get_or_create(&EnvironmentLabels { environment: environment.to_owned() }).set(i64::from(is_panic));
    }

    /// A beat is over.
    pub(crate) fn beat(&self, environment: &str, missing: usize) {
        let environment = environment.to_owned();
        let outcome = if missing == 0 { "complete" } else { "incomplete" };
        self.beats.get_or_create(&BeatLabels { environment: environment.clone(), outcome }).inc();
        let missing = i64::try_from(missing).unwrap_or(i64::MAX);
        self.beat_missing.get_or_create(&EnvironmentLabels { environment }).set(missing);
    }

    pub(crate) fn event(&self, event: &'static str) {
        self.sent.get_or_create(&EventLabels { event }).inc();
    }

    /// What was passed over of the outcomes that a client told.
    pub(crate) fn outcomes(&self, environment: &str, kind: ClientKind, ignored: &IgnoredOutcomes) {
        let IgnoredOutcomes { unknown, repeated, late, limited } = *ignored;
        let passed_over = [("unknown", unknown), ("repeated", repeated), ("late", late), ("limited", limited)];
        count_ignored(&self.ignored, environment, kind, passed_over);
    }

    /// What was passed over of the telemetry that a client told.
    pub(crate) fn telemetry(&self, environment: &str, kind: ClientKind, ignored: &IgnoredTelemetry) {
        let IgnoredTelemetry { unknown, repeated, late, limited } = *ignored;
        let passed_over = [("unknown", unknown), ("repeated", repeated), ("late", late), ("limited", limited)];
        count_ignored(&self.telemetry_ignored, environment, kind, passed_over);
    }

    /// In the text format of Prometheus, with what clients told of each environment, which names flags.
    pub(crate) fn encode_with(&self, outcomes: &[(String, Vec<Total>)], told: &[Told]) -> Result<String, fmt::Error> {
        let counted: Family<FlagOutcomeLabels, Counter> = Family::default();
        for (environment, totals) in outcomes {
            for Total { flag, variant, kind, ok, failed } in totals {
                for (outcome, count) in [("ok", *ok), ("failed", *failed)] {
                    let labels = FlagOutcomeLabels {
                        environment: environment.clone(),
                        flag: flag.to_string(),
                        variant: variant.to_string(),
                        kind: (*kind).into(),
                        outcome,
                    };
                    counted.get_or_create(&labels).inc_by(count);
                }
            }
        }
        let mut registry = Registry::with_prefix("downhaul");
        registry.register("flag_outcomes", "Outcomes that clients told, by flag and variant", counted);
        told::register(&mut registry, told);
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &registry)?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    /// In the text format of Prometheus.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn count_ignored(
    counters: &Family<IgnoredLabels, Counter>,
    environment: &str,
    kind: ClientKind,
    passed_over: [(&'static str, u64); 4],
) {
    for (why, count) in passed_over.into_iter().filter(|(_, count)| *count > 0) {
        let labels = IgnoredLabels { environment: environment.to_owned(), kind: kind.into(), why };
        counters.get_or_create(&labels).inc_by(count);
    }
}
