use crate::api::Position;
use crate::break_glass::BreakGlassKeys;
use crate::client_key::ClientKey;
use crate::guards::Acted;
use crate::hash::Hash;
use crate::history::History;
use crate::migration::MigrationState;
use crate::policy::Policy;
use crate::proposal::{Named, Proposals};
use crate::release::Releases;
use crate::role::Roles;
use crate::rollout::Rollouts;
use crate::signing_key::SigningKeys;
use crate::token::Token;
use downhaul_core::document::{FlagSet, Kill};
use downhaul_core::ids::{EnvironmentKey, FlagKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the changes of an environment add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Creation time of the log, in epoch milliseconds.
    pub epoch: u64,
    /// Kills and restores so far.
    pub kill_revision: u64,
    /// Hash of the last change.
    pub head: Hash,
    /// RFC 3339; when the last change was made. Empty before the first.
    pub changed_at: String,
    /// Its `revision` is that of the last change; its `kills` are those in force, oldest first.
    pub flag_set: FlagSet,
    /// Every kill ever made, by id, in force or not.
    pub kills: BTreeMap<String, KillState>,
    pub keys: BTreeMap<String, KeyState>,
    pub signing: SigningKeys,
    pub break_glass: BreakGlassKeys,
    pub policy: Policy,
    /// The last change of the policy; absent while it is the one that every environment begins with.
    pub policy_touch: Option<Touch>,
    /// The change that froze the environment, until it is lifted.
    pub frozen: Option<Touch>,
    /// The last change of each flag's definition or kills, retired ones included.
    pub touched: BTreeMap<FlagKey, Touch>,
    /// The last change of each definition, removed ones included; kills of a flag are no part of it.
    pub defined: Arc<BTreeMap<Named, Touch>>,
    /// What each definition was before; absent where the past was forgotten.
    pub history: Option<History>,
    /// Who last changed each flag's definition: an opaque id.
    pub authors: BTreeMap<FlagKey, String>,
    /// What is remembered of data changes beside their definitions.
    pub migrations: BTreeMap<FlagKey, MigrationState>,
    pub releases: Releases,
    pub proposals: Proposals,
    pub rollouts: Rollouts,
    /// What each guard last did, by flag and name.
    pub guards: BTreeMap<(FlagKey, String), Acted>,
    /// What was granted to whom, by the opaque id of the actor.
    pub people: BTreeMap<String, Roles>,
    /// By id, revoked and expired ones included.
    pub tokens: BTreeMap<String, TokenState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillState {
    pub kill: Kill,
    /// What the flag degraded to, in words, when it was killed.
    pub effect: String,
    pub revision: u64,
    /// The kill revision at which it was made.
    pub kill_revision: u64,
    pub restored: Option<Touch>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct KeyState {
    pub key: ClientKey,
    pub created: Touch,
    pub revoked: Option<Touch>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenState {
    pub token: Token,
    pub created: Touch,
    pub revoked: Option<Touch>,
}

/// A change, as far as others want to name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    pub revision: u64,
    pub at: String,
    pub actor: String,
    pub reason: String,
}

impl State {
    /// Before the first change.
    pub fn empty(environment: EnvironmentKey, epoch: u64) -> State {
        State {
            epoch,
            kill_revision: 0,
            head: Hash::ZERO,
            changed_at: String::new(),
            flag_set: FlagSet::empty(environment),
            kills: BTreeMap::new(),
            keys: BTreeMap::new(),
            signing: SigningKeys::default(),
            break_glass: BreakGlassKeys::default(),
            policy: Policy::default(),
            policy_touch: None,
            frozen: None,
            touched: BTreeMap::new(),
            defined: Arc::default(),
            history: Some(History::default()),
            authors: BTreeMap::new(),
            migrations: BTreeMap::new(),
            releases: Releases::default(),
            proposals: Proposals::default(),
            rollouts: Rollouts::default(),
            guards: BTreeMap::new(),
            people: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// Forgets what only people ask for: kills that are over, who last changed what, what was before, what was proposed, and rollouts. Changes fold into it as before.
    pub fn forget_past(&mut self) {
        let State { flag_set, kills, touched, authors, defined, history, proposals, rollouts, guards, .. } = self;
        kills.retain(|id, _| flag_set.kills.iter().any(|kill| kill.id == *id));
        touched.clear();
        authors.clear();
        *defined = Arc::default();
        *history = None;
        *proposals = Proposals::default();
        *rollouts = Rollouts::default();
        guards.clear();
    }

    pub fn environment(&self) -> &EnvironmentKey {
        &self.flag_set.environment
    }

    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.flag_set.revision, kill_revision: self.kill_revision }
    }

    /// The position that a kill made.
    pub fn position_of(&self, kill: &KillState) -> Position {
        Position { epoch: self.epoch, revision: kill.revision, kill_revision: kill.kill_revision }
    }

    pub fn kill(&self, id: &str) -> Option<&KillState> {
        self.kills.get(id)
    }

    /// Kills of a flag that are in force, oldest first.
    pub fn kills_of<'a>(&'a self, flag: &'a str) -> impl Iterator<Item = &'a KillState> {
        self.flag_set
            .kills
            .iter()
            .filter(move |kill| kill.flag.as_str() == flag)
            .filter_map(|kill| self.kills.get(&kill.id))
    }

    /// An id for the next kill: short enough to be said on the telephone.
    pub fn next_kill_id(&self) -> String {
        let number = self.kill_revision + 1;
        let id = format!("k-{number}");
        // Only where someone chose ids of this form by hand.
        if self.kills.contains_key(&id) { format!("k-{number}.{}", self.flag_set.revision + 1) } else { id }
    }

    /// Flags that require this one, directly, in the order of the flag set.
    pub fn dependents(&self, flag: &str) -> Vec<&FlagKey> {
        let requires = |other: &&downhaul_core::document::Flag| {
            other.requires.iter().any(|prerequisite| prerequisite.flag.as_str() == flag)
        };
        self.flag_set.flags.iter().filter(requires).map(|other| &other.key).collect()
    }

    /// Flags that require this one, or that require those that do, in the order of the flag set.
    pub fn degrades_with(&self, flag: &str) -> Vec<&FlagKey> {
        let mut found: Vec<&str> = vec![flag];
        let mut next = 0;
        while let Some(flag) = found.get(next).copied() {
            next += 1;
            for dependent in self.dependents(flag) {
                if !found.contains(&dependent.as_str()) {
                    found.push(dependent.as_str());
                }
            }
        }
        let is_found = |key: &&FlagKey| key.as_str() != flag && found.contains(&key.as_str());
        self.flag_set.flags.iter().map(|other| &other.key).filter(is_found).collect()
    }
}
