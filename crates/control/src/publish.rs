//! What leaves for whom.
//!
//! A flag set is specialised only by what the key pins or a context token carries. A browser of which neither says the
//! tenant gets no rule and no kill that names one: the server decides those for the context that the browser claims.

use crate::api::Attributes;
use crate::envelope::{Audience, EnvelopeType, Header};
use crate::hash::Hash;
use crate::state::State;
use crate::time;
use downhaul_core::compile::{self, Options, compile_residual};
use downhaul_core::document::{ClientKind, Flag, FlagSet, Rule};
use downhaul_core::kills::{KillSet, KillSetError};
use downhaul_core::program::FORMAT;
use downhaul_core::seal::canonical_bytes;
use downhaul_core::specialise::{Residual, decide_for, names_tenant, specialise};
use downhaul_core::validate::Valid;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How long an envelope is valid, unless it is said otherwise.
pub const VALIDITY: SignedDuration = SignedDuration::from_hours(24);

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Asker {
    pub kind: ClientKind,
    /// Pinned by the key, or carried by a context token.
    pub known: Attributes,
    /// What a browser says of itself; chooses no rules that leave.
    pub claimed: Map<String, Value>,
}

/// A flag set for an audience, not yet signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub audience: Audience,
    pub program: Vec<u8>,
    pub program_digest: Hash,
    pub kills: Vec<u8>,
    /// For the header of its envelope.
    pub breakers: BTreeMap<String, Value>,
}

/// Whom it will be for. Askers with the same audience get the same.
pub fn audience(valid: &Valid, asker: &Asker) -> Audience {
    audience_if(rules_decide(valid, asker), valid, asker)
}

/// Whether rules name a tenant for which nobody vouches, so that the server decides them. All rules are looked at; the answer
/// holds for everyone of whom the same is known, until a change of more than kills.
pub fn rules_decide(valid: &Valid, asker: &Asker) -> bool {
    let document = || FlagSet { kills: Vec::new(), ..valid.document().clone() };
    asks_to_decide(asker) && !names_tenant(&known(document(), asker)).is_empty()
}

/// [`audience`], where the answer of [`rules_decide`] is known: looks at the kills only.
pub fn audience_if(rules_decide: bool, valid: &Valid, asker: &Asker) -> Audience {
    let kills_decide = || !names_tenant(&known(killed(valid.document()), asker)).is_empty();
    let decides = rules_decide || (asks_to_decide(asker) && !valid.document().kills.is_empty() && kills_decide());
    Audience {
        kind: asker.kind,
        attributes: asker.known.clone(),
        decided_for: decides.then(|| Hash::of(&canonical_bytes(&asker.claimed).unwrap_or_default())),
    }
}

/// The flag set that an asker gets. `valid` is that of `state`.
///
/// # Errors
/// More kills than fit; `decide` lets no such kill through.
pub fn issue(state: &State, valid: &Valid, asker: &Asker) -> Result<Issue, KillSetError> {
    let residual = residual(valid.document().clone(), asker);
    let kills = encode(state, &residual)?;
    let program = compile_residual(&residual, &Options { audience: compile::Audience::Kind(asker.kind) }).to_bytes();
    let breakers = breakers(&residual.document);
    Ok(Issue { audience: audience(valid, asker), program_digest: Hash::of(&program), program, kills, breakers })
}

/// What clients need of the breakers of a residual flag set: what the document says of each, the variant that it falls back to,
/// and a digest of the flag as this audience may see it: what a client has seen fail says nothing of another definition.
fn breakers(document: &FlagSet) -> BTreeMap<String, Value> {
    let watched = document.flags.iter().filter_map(|flag| Some((flag, flag.breaker.as_ref()?.for_clients())));
    let told = watched.filter_map(|(flag, breaker)| {
        let mut told = serde_json::to_value(&breaker).ok()?;
        let members = told.as_object_mut()?;
        // Names of rules, owners and descriptions are nobody's business, and a change of these is no other flag.
        let decides = (&flag.variants, &flag.degraded.variant, &flag.requires, &flag.default, &breaker);
        let rules: Vec<_> = flag.rules.iter().map(|rule| Rule { name: None, ..rule.clone() }).collect();
        let of = Hash::of(&canonical_bytes(&(decides, rules)).ok()?).short();
        members.insert("fallback".to_owned(), flag.degraded.variant.as_str().into());
        members.insert("of".to_owned(), of.into());
        Some((flag.key.to_string(), told))
    });
    told.collect()
}

/// The kills that an asker gets: the same as in [`issue`], without the work for any rule.
///
/// # Errors
/// As for [`issue`].
pub fn kills(state: &State, valid: &Valid, asker: &Asker) -> Result<Vec<u8>, KillSetError> {
    encode(state, &residual(killed(valid.document()), asker))
}

/// The flag set with nothing but the killed flags, and of these nothing but what a kill needs.
fn killed(document: &FlagSet) -> FlagSet {
    let killed = document.flags.iter().filter(|flag| document.kills.iter().any(|kill| kill.flag == flag.key));
    let without_rules = |flag: &Flag| Flag { rules: Vec::new(), requires: Vec::new(), ..flag.clone() };
    FlagSet { flags: killed.map(without_rules).collect(), ..document.clone() }
}

/// The header of an envelope; lengths and digests are filled in when it is sealed, breakers by whoever has its [`Issue`].
pub fn header(
    state: &State,
    audience: Audience,
    kind: EnvelopeType,
    issued: Timestamp,
    validity: SignedDuration,
    document_digest: Option<String>,
) -> Header {
    let position = state.position();
    Header {
        kind,
        epoch: position.epoch,
        environment: state.environment().to_string(),
        audience,
        revision: position.revision,
        kill_revision: position.kill_revision,
        issued_at: time::to_text(issued),
        valid_until: time::to_text(issued.saturating_add(validity).unwrap_or(issued)),
        program_format: FORMAT,
        program_length: 0,
        program_sha256: Hash::ZERO,
        kills_length: 0,
        kills_sha256: Hash::ZERO,
        document_digest: document_digest.filter(|_| kind == EnvelopeType::FlagSet),
        keys: state.signing.named(),
        break_glass: state.break_glass.named(issued),
        breakers: BTreeMap::new(),
    }
}

/// When a revision that was published at `published` counts as issued: then, or at the last renewal, of which there is
/// one at every half of the validity.
pub fn issued(published: Timestamp, now: Timestamp, validity: SignedDuration) -> Timestamp {
    let half = (validity.as_millis() / 2).max(1);
    let age = now.duration_since(published).as_millis().max(0);
    let renewals = i64::try_from(age / half * half).unwrap_or(0);
    published.saturating_add(SignedDuration::from_millis(renewals)).unwrap_or(published)
}

/// The entity tag of a flag set, in quotes.
pub fn entity_tag(state: &State, audience: &Audience, program: &Hash) -> String {
    format!("\"{}.{}.{}\"", state.position(), audience.digest().short(), program.short())
}

/// What is left of the flag set for an asker, kills included.
fn residual(document: FlagSet, asker: &Asker) -> Residual {
    let mut residual = known(document, asker);
    if asks_to_decide(asker) {
        residual = decide_for(residual, &asker.claimed);
    }
    if asker.kind == ClientKind::Browser { residual.minimal() } else { residual }
}

/// What is left once that is known for which someone vouches.
fn known(mut document: FlagSet, asker: &Asker) -> Residual {
    // Names of flags that it does not receive are nobody's business. A flag reaches no fewer kinds of client than those
    // that require it, so nothing is missed.
    document.flags.retain(|flag| flag.clients.contains(&asker.kind));
    let keys: BTreeSet<&str> = document.flags.iter().map(|flag| flag.key.as_str()).collect();
    document.kills.retain(|kill| keys.contains(kill.flag.as_str()));
    if asker.known.is_empty() {
        return Residual { document, marks: BTreeMap::new() };
    }
    specialise(&document, &asker.known)
}

/// Whether rules that name a tenant are decided here, because nobody vouches for the tenant.
fn asks_to_decide(asker: &Asker) -> bool {
    asker.kind == ClientKind::Browser && !asker.known.contains_key("tenant")
}

fn encode(state: &State, residual: &Residual) -> Result<Vec<u8>, KillSetError> {
    let document = &residual.document;
    let revision = |id: &str| state.kill(id).map(|kill| kill.kill_revision);
    // The tree is the whole one: a kill names every region that lies within its own.
    KillSet::encode(&document.kills, &state.flag_set.regions, state.kill_revision, revision).to_bytes()
}
