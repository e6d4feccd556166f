use super::obstacles;
use crate::api::{MigrationStepRequest, PhaseCounts};
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::bucket::BUCKETS;
use downhaul_core::document::{Condition, Flag, Outcome, Reversibility, Rule, Slice, Split};
use downhaul_core::ids::{FlagKey, TenantId, VariantKey};
use downhaul_core::phase::Phase;
use serde::{Deserialize, Serialize};

/// One step of a data change, as a change records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationStep {
    pub flag: FlagKey,
    /// Where the flag stands.
    pub from: Phase,
    /// Where it is to stand: the next phase, the one before, or the same one for others than now.
    pub to: Phase,
    /// Only makes a kill take nothing back where the flag stands, on the way to this phase: what comes before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_for: Option<Phase>,
    /// Who goes first; the others stay a phase behind. Everyone without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<Cohort>,
    #[serde(default, skip_serializing_if = "Evidence::is_empty")]
    pub evidence: Evidence,
    /// What clients had counted at `from`, since the server that took the step began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<PhaseCounts>,
}

/// A part of everyone. Both parts hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantId>,
    /// Hundred-thousandths of them; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The attribute that is shared out by: the one that the data is kept by, so that a record has one writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What someone says has been done, in words or by name, for those who look for it later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What was copied into the new shape. The step to `read-new` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfilled: Option<String>,
    /// What was copied back into the old shape. Going back to where it is read takes it, once it has been left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refilled: Option<String>,
    /// Why what clients have counted is no obstacle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The snapshot of the old shape, by name. `contract` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// What is done instead of going back. `contract` takes it, unless the flag has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_fix: Option<String>,
}

impl Evidence {
    fn is_empty(&self) -> bool {
        *self == Evidence::default()
    }

    pub(super) fn texts(&self) -> [(&'static str, Option<&String>); 5] {
        [
            ("backfilled", self.backfilled.as_ref()),
            ("refilled", self.refilled.as_ref()),
            ("accepted", self.accepted.as_ref()),
            ("snapshot", self.snapshot.as_ref()),
            ("forward_fix", self.forward_fix.as_ref()),
        ]
    }
}

impl MigrationStep {
    /// What it does, in words: `move` and `hold`, or what has become of these.
    pub fn words(&self, [moves, holds]: [&str; 2]) -> String {
        let MigrationStep { flag, from, to, .. } = self;
        if let Some(next) = self.hold_for {
            return format!("{holds} `{flag}` at {} on the way to {}", to.name(), next.name());
        }
        let whom = match &self.cohort {
            Some(cohort) => cohort.words(),
            None => "everyone".to_owned(),
        };
        if from == to {
            return format!("{moves} `{flag}` to {} for {whom}", to.name());
        }
        let whom = if self.cohort.is_some() { format!(", for {whom} first") } else { String::new() };
        let back = if to < from { "back " } else { "" };
        format!("{moves} `{flag}` {back}from {} to {}{whom}", from.name(), to.name())
    }

    /// What has to come before it.
    #[must_use]
    pub fn hold(&self) -> MigrationStep {
        MigrationStep {
            flag: self.flag.clone(),
            from: self.from,
            to: self.from,
            hold_for: Some(self.to),
            cohort: None,
            evidence: Evidence::default(),
            counted: Vec::new(),
        }
    }

    /// Puts it into the definition. `contract` makes a flag `forward-fix-only`.
    pub(crate) fn put(&self, flag: &mut Flag) {
        let MigrationStep { from, to, .. } = self;
        if self.hold_for.is_some() {
            return set(&mut flag.degraded.variant, *from);
        }
        flag.phase = Some(*to);
        flag.rules = Vec::new();
        set(&mut flag.default, *to);
        if let (Some(cohort), Some(behind)) = (&self.cohort, to.before()) {
            flag.rules = cohort.rule(&flag.key, *to, behind).into_iter().collect();
            set(&mut flag.default, behind);
        }
        // After a step back some may still be a phase ahead, so nothing leads further down.
        match to.cmp(from) {
            std::cmp::Ordering::Greater => set(&mut flag.degraded.variant, to.a_step_down()),
            std::cmp::Ordering::Less => set(&mut flag.degraded.variant, *to),
            std::cmp::Ordering::Equal => {}
        }
        if *to == Phase::Contract {
            flag.reversibility = Reversibility::ForwardFixOnly;
        }
        if let Some(fix) = &self.evidence.forward_fix {
            flag.forward_fix = Some(fix.clone());
        }
    }
}

impl Cohort {
    /// Such as `10 % of tenant acme or globex`.
    pub fn words(&self) -> String {
        let tenants: Vec<&str> = self.tenants.iter().map(TenantId::as_str).collect();
        let of = if tenants.is_empty() { "everyone".to_owned() } else { format!("tenant {}", tenants.join(" or ")) };
        let by = self.by.as_deref().map(|by| format!(" by `{by}`")).unwrap_or_default();
        match self.width {
            Some(width) => format!("{} % of {of}{by}", f64::from(width) / 1000.0),
            None => of,
        }
    }

    fn rule(&self, flag: &FlagKey, phase: Phase, behind: Phase) -> Option<Rule> {
        let (phase, behind) = (variant(phase)?, variant(behind)?);
        let when = match self.tenants.as_slice() {
            [] => Vec::new(),
            tenants => vec![Condition::Tenant(tenants.to_vec())],
        };
        let then = match self.width {
            None => Outcome::Serve(phase),
            Some(width) => Outcome::Split(Split {
                by: self.by.clone().unwrap_or_else(|| "targetingKey".to_owned()),
                salt: flag.as_str().parse().ok()?,
                slices: vec![
                    Slice { variant: phase, width },
                    Slice { variant: behind, width: BUCKETS.saturating_sub(width) },
                ],
            }),
        };
        Some(Rule { name: Some("first cohort".to_owned()), when, then })
    }
}

fn set(place: &mut VariantKey, phase: Phase) {
    if let Some(variant) = variant(phase) {
        *place = variant;
    }
}

pub(super) fn variant(phase: Phase) -> Option<VariantKey> {
    phase.name().parse().ok()
}

/// The step that a request asks for, as the state is, or the hold that has to come before it. What is wrong with it
/// [`super::check`] says.
pub fn propose(
    state: &State,
    flag: &str,
    request: &MigrationStepRequest,
    counted: Vec<PhaseCounts>,
) -> Result<MigrationStep, Refusal> {
    let known = state.flag_set.flag(flag).ok_or_else(|| {
        crate::decide::unknown("flag", flag, state.flag_set.flags.iter().map(|flag| flag.key.as_str()))
    })?;
    let invalid = |message: String, help: &str| Refusal::new(RefusalCode::Invalid, message, help);
    let tenant = |name: &String| {
        name.parse().map_err(|why| invalid(format!("`{name}` is not the name of a tenant: {why}"), "see the document"))
    };
    let tenants = request.tenants.iter().map(tenant).collect::<Result<Vec<TenantId>, _>>()?;
    let width = request.percent.map(|percent| {
        let width = (percent * 1000.0).round();
        let fits = (0.0..=f64::from(BUCKETS)).contains(&width);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just looked at")]
        let width = fits.then_some(width as u32);
        width.ok_or_else(|| invalid(format!("{percent} % is not between 0 and 100 %"), "give a share of everyone"))
    });
    let width = width.transpose()?;
    if request.by.is_some() && width.is_none() {
        return Err(invalid("`by` says what a share is taken by, and there is none".to_owned(), "give `percent` too"));
    }
    let cohort = (!tenants.is_empty() || width.is_some()).then(|| Cohort { tenants, width, by: request.by.clone() });
    let step = MigrationStep {
        flag: known.key.clone(),
        from: request.from,
        to: request.to,
        hold_for: None,
        cohort,
        evidence: request.evidence.trimmed(),
        counted,
    };
    let needs_hold = step.to > step.from && !is_held(known) && obstacles(state, &step).is_empty();
    Ok(if needs_hold { step.hold() } else { step })
}

/// Whether a kill takes nothing back, so that killed or not everyone is at one phase.
pub(super) fn is_held(flag: &Flag) -> bool {
    flag.phase.is_some_and(|phase| flag.degraded.variant.as_str() == phase.name())
}

impl Evidence {
    /// What says nothing is not there.
    fn trimmed(&self) -> Evidence {
        let text =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Evidence {
            backfilled: text(&self.backfilled),
            refilled: text(&self.refilled),
            accepted: text(&self.accepted),
            snapshot: text(&self.snapshot),
            forward_fix: text(&self.forward_fix),
        }
    }
}
