use crate::api::Role;
use crate::break_glass::BreakGlassKey;
use crate::client_key::ClientKey;
use crate::hash::Hash;
use crate::migration::MigrationStep;
use crate::policy::Policy;
use crate::proposal::Draft;
use crate::release::{Release, ReleaseKey};
use crate::restored::RestoredBackup;
use crate::rollout::{Rollout, RolloutEvent};
use crate::runbook::RunEvent;
use crate::signing_key::SigningKey;
use crate::token::Token;
use downhaul_core::document::{Flag, Kill, RegionTree, Segment};
use downhaul_core::ids::{FlagKey, SegmentKey, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What someone asks for, and what a change records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Command {
    PutFlag {
        flag: Box<Flag>,
    },
    /// Leaves a tombstone.
    RetireFlag {
        key: FlagKey,
    },
    /// Takes a data change a step on, or back.
    Migrate {
        step: Box<MigrationStep>,
    },
    PutSegment {
        key: SegmentKey,
        segment: Segment,
    },
    RemoveSegment {
        key: SegmentKey,
    },
    PutTenant {
        tenant: TenantId,
        attributes: Map<String, Value>,
    },
    RemoveTenant {
        tenant: TenantId,
    },
    PutRegions {
        regions: RegionTree,
    },
    /// Several definitions at once, in order: checked as a whole, one revision. Holds no kill, restore or key.
    Apply {
        commands: Vec<Command>,
    },
    Kill {
        kill: Kill,
    },
    /// Ends the kill of this id.
    Restore {
        id: String,
    },
    CreateKey {
        key: ClientKey,
    },
    RevokeKey {
        id: String,
    },
    /// Makes a key that clients believe.
    AddSigningKey {
        key: SigningKey,
        /// Whether it signs from now on.
        signs: bool,
    },
    /// The key of this id signs from now on.
    UseSigningKey {
        id: String,
    },
    /// Clients believe it no more.
    RevokeSigningKey {
        id: String,
    },
    /// Makes a key that clients believe for kills alone.
    AddBreakGlassKey {
        key: BreakGlassKey,
    },
    /// Clients believe it no more.
    RevokeBreakGlassKey {
        id: String,
    },
    /// The data folder was put back from a backup.
    RestoreBackup {
        backup: RestoredBackup,
    },
    /// Replaces the environment's policy.
    PutPolicy {
        policy: Box<Policy>,
    },
    /// Until [`Command::Unfreeze`] nothing changes that clients are given, but by kills and restores.
    Freeze,
    Unfreeze,
    PutRelease {
        release: Box<Release>,
    },
    RetireRelease {
        key: ReleaseKey,
    },
    /// Begins a proposal.
    Propose {
        /// Counts the proposals of the environment from 1.
        proposal: u64,
        draft: Box<Draft>,
    },
    /// Puts another draft in place of the one that was proposed.
    Amend {
        proposal: u64,
        draft: Box<Draft>,
    },
    /// Someone's word for exactly what has this digest; it says nothing of anything else.
    Approve {
        proposal: u64,
        digest: Hash,
        /// Whether it was given by the holder of the data folder.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        root: bool,
    },
    Reject {
        proposal: u64,
    },
    Withdraw {
        proposal: u64,
    },
    /// Something that happened in a run; the first event begins it.
    Run {
        /// Counts the runs of the environment from 1.
        run: u64,
        event: Box<RunEvent>,
    },
    /// Begins a staged rollout; its number follows from those before it.
    StartRollout {
        rollout: Box<Rollout>,
        /// The flag with the first stage; absent where others have to approve that it is entered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        put: Option<Box<Flag>>,
    },
    /// Something that happened to a rollout.
    Rollout {
        /// Counts the rollouts of the environment from 1.
        rollout: u64,
        /// The stage that it was at, from 1; 0 before the first.
        from: usize,
        event: Box<RolloutEvent>,
    },
    CreateToken {
        token: Box<Token>,
    },
    RevokeToken {
        id: String,
    },
    GrantRole {
        /// An opaque id.
        actor: String,
        role: Role,
    },
    RevokeRole {
        actor: String,
        role: Role,
    },
}

impl Command {
    /// Its name in a record.
    pub fn name(&self) -> &'static str {
        match self {
            Command::PutFlag { .. } => "put-flag",
            Command::RetireFlag { .. } => "retire-flag",
            Command::Migrate { .. } => "migrate",
            Command::PutSegment { .. } => "put-segment",
            Command::RemoveSegment { .. } => "remove-segment",
            Command::PutTenant { .. } => "put-tenant",
            Command::RemoveTenant { .. } => "remove-tenant",
            Command::PutRegions { .. } => "put-regions",
            Command::Apply { .. } => "apply",
            Command::Kill { .. } => "kill",
            Command::Restore { .. } => "restore",
            Command::CreateKey { .. } => "create-key",
            Command::RevokeKey { .. } => "revoke-key",
            Command::AddSigningKey { .. } => "add-signing-key",
            Command::UseSigningKey { .. } => "use-signing-key",
            Command::RevokeSigningKey { .. } => "revoke-signing-key",
            Command::AddBreakGlassKey { .. } => "add-break-glass-key",
            Command::RevokeBreakGlassKey { .. } => "revoke-break-glass-key",
            Command::RestoreBackup { .. } => "restore-backup",
            Command::PutPolicy { .. } => "put-policy",
            Command::Freeze => "freeze",
            Command::Unfreeze => "unfreeze",
            Command::PutRelease { .. } => "put-release",
            Command::RetireRelease { .. } => "retire-release",
            Command::Propose { .. } => "propose",
            Command::Amend { .. } => "amend",
            Command::Approve { .. } => "approve",
            Command::Reject { .. } => "reject",
            Command::Withdraw { .. } => "withdraw",
            Command::Run { .. } => "run",
            Command::StartRollout { .. } => "start-rollout",
            Command::Rollout { .. } => "rollout",
            Command::CreateToken { .. } => "create-token",
            Command::RevokeToken { .. } => "revoke-token",
            Command::GrantRole { .. } => "grant-role",
            Command::RevokeRole { .. } => "revoke-role",
        }
    }

    /// Whether it defines something, and so may stand in an [`Command::Apply`].
    pub fn is_definition(&self) -> bool {
        match self {
            Command::PutFlag { .. }
            | Command::RetireFlag { .. }
            | Command::PutSegment { .. }
            | Command::RemoveSegment { .. }
            | Command::PutTenant { .. }
            | Command::RemoveTenant { .. }
            | Command::PutRegions { .. } => true,
            Command::Apply { .. }
            | Command::Migrate { .. }
            | Command::Kill { .. }
            | Command::Restore { .. }
            | Command::CreateKey { .. }
            | Command::RevokeKey { .. }
            | Command::AddSigningKey { .. }
            | Command::UseSigningKey { .. }
            | Command::RevokeSigningKey { .. }
            | Command::AddBreakGlassKey { .. }
            | Command::RevokeBreakGlassKey { .. }
            | Command::RestoreBackup { .. }
            | Command::PutPolicy { .. }
            | Command::Freeze
            | Command::Unfreeze
            | Command::PutRelease { .. }
            | Command::RetireRelease { .. }
            | Command::Propose { .. }
            | Command::Amend { .. }
            | Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Withdraw { .. }
            | Command::Run { .. }
            | Command::StartRollout { .. }
            | Command::Rollout { .. }
            | Command::CreateToken { .. }
            | Command::RevokeToken { .. }
            | Command::GrantRole { .. }
            | Command::RevokeRole { .. } => false,
        }
    }

    /// Whether it defines anything: a definition, several at once, a step of a data change, or a stage of a rollout.
    pub fn defines(&self) -> bool {
        self.is_definition()
            || matches!(self, Command::Apply { .. } | Command::Migrate { .. })
            || self.staged().is_some()
    }

    /// Whether the policy may ask others about it as a change of definitions. Of a rollout that is its start, which is judged
    /// by the most that it may move; what happens to it later has been judged with it.
    pub fn is_edit(&self) -> bool {
        self.is_definition()
            || matches!(self, Command::Apply { .. } | Command::Migrate { .. } | Command::StartRollout { .. })
    }

    /// The flag as a rollout puts it.
    pub fn staged(&self) -> Option<&Flag> {
        match self {
            Command::StartRollout { put, .. } => put.as_deref(),
            Command::Rollout { event, .. } => event.put(),
            _ => None,
        }
    }

    /// Whether it counts as a kill revision.
    pub fn is_kill_or_restore(&self) -> bool {
        matches!(self, Command::Kill { .. } | Command::Restore { .. })
    }

    /// The proposal that it says something about.
    pub fn proposal(&self) -> Option<u64> {
        match self {
            Command::Propose { proposal, .. }
            | Command::Amend { proposal, .. }
            | Command::Approve { proposal, .. }
            | Command::Reject { proposal }
            | Command::Withdraw { proposal } => Some(*proposal),
            _ => None,
        }
    }

    /// The flags whose definition or kills it changes, and the one that it rolls out.
    pub fn flags<'a>(&'a self, state: &'a crate::State) -> Vec<&'a str> {
        match self {
            Command::PutFlag { flag } => vec![flag.key.as_str()],
            Command::RetireFlag { key } => vec![key.as_str()],
            Command::Migrate { step } => vec![step.flag.as_str()],
            Command::Kill { kill } => vec![kill.flag.as_str()],
            Command::Restore { id } => state.kill(id).map(|kill| kill.kill.flag.as_str()).into_iter().collect(),
            Command::Apply { commands } => commands.iter().flat_map(|command| command.flags(state)).collect(),
            Command::StartRollout { rollout, .. } => vec![rollout.flag.as_str()],
            Command::Rollout { rollout, event, .. } => match event.put() {
                Some(flag) => vec![flag.key.as_str()],
                None => {
                    let known = state.rollouts.by_number.get(rollout);
                    known.map(|known| known.rollout.flag.as_str()).into_iter().collect()
                }
            },
            Command::PutSegment { .. }
            | Command::RemoveSegment { .. }
            | Command::PutTenant { .. }
            | Command::RemoveTenant { .. }
            | Command::PutRegions { .. }
            | Command::CreateKey { .. }
            | Command::RevokeKey { .. }
            | Command::AddSigningKey { .. }
            | Command::UseSigningKey { .. }
            | Command::RevokeSigningKey { .. }
            | Command::AddBreakGlassKey { .. }
            | Command::RevokeBreakGlassKey { .. }
            | Command::RestoreBackup { .. }
            | Command::PutPolicy { .. }
            | Command::Freeze
            | Command::Unfreeze
            | Command::PutRelease { .. }
            | Command::RetireRelease { .. }
            | Command::Propose { .. }
            | Command::Amend { .. }
            | Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Withdraw { .. }
            | Command::Run { .. }
            | Command::CreateToken { .. }
            | Command::RevokeToken { .. }
            | Command::GrantRole { .. }
            | Command::RevokeRole { .. } => Vec::new(),
        }
    }
}
