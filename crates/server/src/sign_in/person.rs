use super::provider::Claims;
use crate::auth::identity::Identity;
use crate::environment::{Urgency, log_failed};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::targets::SignIn;
use downhaul_control::api::Role;
use downhaul_control::{Command, Hash, Request};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Whom the claims are about: someone known, or someone new. The roles that the targets file gives by group are given and
/// taken now, through the chart.
///
/// # Errors
/// Nobody with a role in any environment.
pub(super) async fn of(state: &AppState, config: &SignIn, claims: &Claims) -> AppResult<String> {
    let actor = actor(state, config, claims).await?;
    give_and_take(state, config, claims, &actor).await?;
    let identity = Identity::person(actor.clone());
    if state.environments().any(|environment| identity.roles(environment).is_ok()) {
        return Ok(actor);
    }
    Err(AppError::forbidden(
        "not-permitted",
        format!("{} ({actor}) has no role in any environment", claims.name),
        format!("an admin grants one with `downhaul people grant {actor}`"),
    ))
}

/// By the hash of issuer and subject, so that the data folder holds no name of an account.
async fn actor(state: &AppState, config: &SignIn, claims: &Claims) -> AppResult<String> {
    let account = Hash::of(format!("{}\n{}", config.issuer, claims.subject).as_bytes());
    let setting = format!("sign-in/{account}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(AppError::internal);
    if let Some(known) = state.log().setting(&setting).await.map_err(log_failed)? {
        let actor = text(known)?;
        state.name_actor(&actor, &claims.name).await?;
        return Ok(actor);
    }
    let new = state.new_actor(&claims.name).await?;
    let kept = state.log().setting_or_insert(&setting, new.as_bytes()).await.map_err(log_failed)?;
    let actor = text(kept)?;
    if actor != new {
        // The same person came in twice at once.
        state.erase_actor(&new).await?;
    }
    Ok(actor)
}

async fn give_and_take(state: &AppState, config: &SignIn, claims: &Claims, actor: &str) -> AppResult<()> {
    for environment in state.environments() {
        let here = config.roles.iter().filter(|rule| rule.environment == environment.key().as_str());
        let ruled: BTreeSet<Role> = here.clone().map(|rule| rule.role).collect();
        let wanted: BTreeSet<Role> =
            here.filter(|rule| claims.groups.contains(&rule.group)).map(|rule| rule.role).collect();
        for role in ruled {
            let has = environment.current().state.people.get(actor).is_some_and(|roles| roles.has(role));
            let actor = actor.to_owned();
            let (command, reason) = match (wanted.contains(&role), has) {
                (true, false) => (Command::GrantRole { actor, role }, "a group of the sign-in gives it"),
                (false, true) => (Command::RevokeRole { actor, role }, "no group of the sign-in gives it any more"),
                _ => continue,
            };
            let request = Request::by_server(command, "system", reason, Timestamp::now());
            environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
        }
    }
    Ok(())
}
