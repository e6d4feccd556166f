//! A control plane in small: it decides, folds and keeps.
#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use downhaul_control::{Authority, Command, Decision, Record, Request, State, decide, fold};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::validate::validate;
use downhaul_store::{ChangeLog, Effects, StoreError, replay};
use serde_json::json;
use std::sync::Arc;

pub(crate) const NOW: u64 = 1_764_000_000_000;

pub(crate) fn environment() -> EnvironmentKey {
    "production".parse().expect("a name")
}

#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) log: Arc<dyn ChangeLog>,
    pub(crate) state: State,
}

impl Plane {
    /// Loads what the log holds, and checks it by doing so.
    pub(crate) async fn load(log: Arc<dyn ChangeLog>) -> Plane {
        let state = replay(&*log, &environment(), None).await.expect("the chain holds");
        Plane { log, state }
    }

    pub(crate) async fn put(&mut self, key: &str, on: bool) -> Result<Record, StoreError> {
        self.put_described(key, on, "").await
    }

    pub(crate) async fn put_described(&mut self, key: &str, on: bool, description: &str) -> Result<Record, StoreError> {
        let flag = json!({
            "key": key, "description": description, "owner": "payments", "kind": "release", "expires": "2027-01-31",
            "variants": { "on": true, "off": false }, "default": if on { "on" } else { "off" },
            "degraded": { "variant": "off", "meaning": "Old three-page checkout" },
        });
        self.ask(Command::PutFlag { flag: serde_json::from_value(flag).expect("a flag") }).await
    }

    pub(crate) async fn kill(&mut self, flag: &str) -> Result<Record, StoreError> {
        let request = json!({ "flag": flag, "scope": {}, "reason": "payment errors" });
        let request = serde_json::from_value(request).expect("a request");
        let command = decide::kill(&self.state, &request, "a-1", at()).expect("may be killed");
        self.ask(command).await
    }

    pub(crate) async fn restore(&mut self, id: &str) -> Result<Record, StoreError> {
        self.ask(Command::Restore { id: id.to_owned() }).await
    }

    /// What is not kept has not happened: the state moves only with the log.
    pub(crate) async fn ask(&mut self, command: Command) -> Result<Record, StoreError> {
        let record = self.record(command);
        let after = fold(self.state.clone(), &record);
        self.log.append(&record, &Effects::of(&after, &record)).await?;
        self.state = after;
        Ok(record)
    }

    /// The change that a command would be.
    pub(crate) fn record(&self, command: Command) -> Record {
        let request = Request {
            command,
            actor: "a-1".to_owned(),
            authority: Authority::Root,
            reason: "because".to_owned(),
            at: at(),
            expected_revision: None,
            landing: None,
            evidence: None,
        };
        let (valid, _) = validate(self.state.flag_set.clone(), None).expect("always valid");
        match decide(&self.state, &valid, request) {
            Ok(Decision::Change(decided)) => decided.record,
            other => panic!("no change: {other:?}"),
        }
    }
}

fn at() -> jiff::Timestamp {
    "2026-11-23T20:00:00Z".parse().expect("a time")
}
