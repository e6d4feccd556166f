//! Tokens of every kind in a data folder, some of which cannot be made any more by asking: what they were made for is over.

use downhaul_control::api::{Role, TokenRequest};
use downhaul_control::{Authority, Command, Decision, Request, Secret, SecretKind, State, decide, fold};
use downhaul_core::validate::validate;
use downhaul_store::{ChangeLog, Effects, Options, SqliteLog};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

pub const ROLES: [Role; 5] = [Role::Viewer, Role::Editor, Role::Operator, Role::Approver, Role::Admin];
/// The other environment.
pub const STAGING: &str = "staging";
/// A person who is editor in production.
pub const EDITOR: &str = "a-00000000ed17";

/// One of each role, `person` (of [`EDITOR`]), `expired` and `revoked` in production, and `staging`, admin of that one.
#[derive(Debug)]
pub struct Tokens(BTreeMap<String, String>);

impl Tokens {
    pub async fn plant(folder: &Path) -> Tokens {
        let log = SqliteLog::open(folder, 1, &Options::default()).await.unwrap();
        let mut tokens = Tokens(BTreeMap::new());
        let mut seed = 0;
        let mut token = |name: &str, actor: &str, members: serde_json::Value| {
            seed += 1;
            let secret = Secret::new(SecretKind::Admin, &[seed; 40]);
            let mut request = json!({ "name": name });
            request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            let request: TokenRequest = serde_json::from_value(request).unwrap();
            tokens.0.insert(name.to_owned(), secret.reveal());
            (decide::create_token(&request, actor, &secret).unwrap(), secret.id().to_owned())
        };
        let mut production = vec![Command::GrantRole { actor: EDITOR.to_owned(), role: Role::Editor }];
        for role in ROLES {
            let name = role.as_str();
            production.push(token(name, &format!("m-{name}"), json!({ "roles": [role] })).0);
        }
        production.push(token("person", EDITOR, json!({ "person": EDITOR })).0);
        let in_2020 = json!({ "roles": ["admin"], "expires_at": "2020-02-01T00:00:00Z" });
        production.push(token("expired", "m-expired", in_2020).0);
        let (made, id) = token("revoked", "m-revoked", json!({ "roles": ["admin"] }));
        production.extend([made, Command::RevokeToken { id }]);
        let staging = vec![token(STAGING, "m-staging", json!({ "roles": ["admin"] })).0];
        put(&log, super::ENVIRONMENT, production).await;
        put(&log, STAGING, staging).await;
        log.close().await;
        tokens
    }

    pub fn of(&self, name: &str) -> &str {
        &self.0[name]
    }
}

/// As if asked for in January 2020.
async fn put(log: &SqliteLog, environment: &str, commands: Vec<Command>) {
    let mut state = State::empty(environment.parse().unwrap(), log.epoch());
    for command in commands {
        let (valid, _) = validate(state.flag_set.clone(), None).unwrap();
        let request = Request {
            command,
            actor: "a-1".to_owned(),
            authority: Authority::Root,
            reason: "a test".to_owned(),
            at: "2020-01-01T00:00:00Z".parse().unwrap(),
            expected_revision: None,
            landing: None,
            evidence: None,
        };
        let Decision::Change(decided) = decide(&state, &valid, request).unwrap() else { panic!("no change") };
        state = fold(state, &decided.record);
        log.append(&decided.record, &Effects::of(&state, &decided.record)).await.unwrap();
    }
}
