//! An environment to play with, and flags that are valid.
#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use downhaul_control::api::{KillRequest, KillScope};
use downhaul_control::verify::Stored;
use downhaul_control::{Authority, Command, Decision, Record, Refusal, Request, State, decide, fold};
use downhaul_core::document::Flag;
use downhaul_core::validate::{Valid, validate};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) records: Vec<Record>,
}

impl World {
    pub(crate) fn new() -> World {
        let state = State::empty("production".parse().expect("a name"), 1_764_000_000_000);
        World { state, records: Vec::new() }
    }

    /// Whether something changed.
    pub(crate) fn ask(&mut self, command: Command, expected_revision: Option<u64>) -> Result<bool, Refusal> {
        self.ask_for("because", command, expected_revision)
    }

    fn ask_for(&mut self, reason: &str, command: Command, expected_revision: Option<u64>) -> Result<bool, Refusal> {
        self.carry_out(Request { reason: reason.to_owned(), expected_revision, ..self.request(command) })
    }

    /// By someone else than the holder of the data folder.
    pub(crate) fn ask_as(&mut self, authority: &Authority, actor: &str, command: Command) -> Result<bool, Refusal> {
        self.carry_out(Request { actor: actor.to_owned(), authority: authority.clone(), ..self.request(command) })
    }

    /// By the holder of the data folder; each a second after the one before.
    pub(crate) fn request(&self, command: Command) -> Request {
        let later = SignedDuration::from_secs(i64::try_from(self.records.len()).expect("few"));
        Request {
            command,
            actor: "a-1".to_owned(),
            authority: Authority::Root,
            reason: "because".to_owned(),
            at: now().saturating_add(later).expect("near"),
            expected_revision: None,
            landing: None,
            evidence: None,
        }
    }

    pub(crate) fn carry_out(&mut self, request: Request) -> Result<bool, Refusal> {
        match decide(&self.state, &self.valid(), request)? {
            Decision::Unchanged => Ok(false),
            Decision::Change(decided) => {
                self.state = fold(self.state.clone(), &decided.record);
                assert_eq!(*decided.valid.document(), self.state.flag_set, "what was validated is what is served");
                self.records.push(decided.record);
                Ok(true)
            }
        }
    }

    pub(crate) fn put(&mut self, flag: Box<Flag>) -> Result<bool, Refusal> {
        self.ask(Command::PutFlag { flag }, None)
    }

    pub(crate) fn retire(&mut self, key: &str) -> Result<bool, Refusal> {
        self.ask(Command::RetireFlag { key: key.parse().expect("a name") }, None)
    }

    pub(crate) fn kill(&mut self, request: &KillRequest) -> Result<String, Refusal> {
        let id = self.state.next_kill_id();
        let command = decide::kill(&self.state, request, "a-1", now())?;
        self.ask_for(&request.reason, command, None)?;
        Ok(id)
    }

    pub(crate) fn restore(&mut self, id: &str) -> Result<bool, Refusal> {
        self.ask(Command::Restore { id: id.to_owned() }, None)
    }

    pub(crate) fn stored(&self) -> Vec<Stored> {
        let stored = |record: &Record| Stored {
            revision: record.change().revision,
            bytes: record.bytes().to_vec(),
            hash: record.hash().to_string(),
        };
        self.records.iter().map(stored).collect()
    }

    pub(crate) fn valid(&self) -> Valid {
        validate(self.state.flag_set.clone(), None).expect("always valid").0
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-23T20:00:00Z".parse().expect("a time")
}

pub(crate) fn flag(key: &str) -> Box<Flag> {
    flag_with(key, json!({}))
}

/// A flag with these members instead of its own.
pub(crate) fn flag_with(key: &str, members: Value) -> Box<Flag> {
    let mut json = json!({
        "key": key,
        "owner": "payments",
        "kind": "release",
        "expires": "2027-01-31",
        "clients": ["browser", "edge", "server"],
        "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": "Old three-page checkout" },
        "default": "on",
    });
    let (Value::Object(json_members), Value::Object(members)) = (&mut json, members) else { unreachable!() };
    json_members.extend(members);
    Box::new(serde_json::from_value(json).expect("a flag"))
}

/// For everyone.
pub(crate) fn kill_request(flag: &str) -> KillRequest {
    KillRequest {
        flag: flag.to_owned(),
        scope: KillScope::default(),
        reason: "payment errors".to_owned(),
        incident: None,
    }
}
