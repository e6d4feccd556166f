use crate::auth::identity::Identity;
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use downhaul_control::api::Role;
use downhaul_control::{Authority, Roles, role};
use jiff::Timestamp;
use std::marker::PhantomData;
use std::ops::Deref;

/// Someone who has any role in the environment of the path. Taking it as an argument is what makes a handler closed to
/// others.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    pub(crate) identity: Identity,
    pub(crate) authority: Authority,
    roles: Roles,
    environment: String,
}

/// An [`Admin`] with this role, or the role admin.
///
/// It refuses before a body is read. That is early, not all: a command is decided by the roles of the very state that it
/// changes, so that nobody who lost a role meanwhile gets one through.
#[derive(Debug)]
pub(crate) struct By<R>(Admin, PhantomData<R>);

/// A role as a type, for the argument of a handler.
pub(crate) trait Needed {
    const ROLE: Role;
}

#[derive(Debug)]
pub(crate) struct Editor;

#[derive(Debug)]
pub(crate) struct Operator;

#[derive(Debug)]
pub(crate) struct Approver;

#[derive(Debug)]
pub(crate) struct Manager;

impl Needed for Editor {
    const ROLE: Role = Role::Editor;
}

impl Needed for Operator {
    const ROLE: Role = Role::Operator;
}

impl Needed for Approver {
    const ROLE: Role = Role::Approver;
}

impl Needed for Manager {
    const ROLE: Role = Role::Admin;
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(AppError::internal)?;
        let named = path.iter().find(|(name, _)| *name == "environment").map(|(_, key)| key.to_owned());
        let key = named.ok_or_else(|| AppError::internal("a route about no environment asks for roles"))?;
        let authority = identity.authority(&key)?;
        // Only the holder of the data folder gets as far as an environment that does not exist.
        let environment = crate::admin::environment(state, &key)?;
        let roles = environment.current().state.roles_of(&authority, &identity.actor, Timestamp::now())?;
        Ok(Admin { identity, authority, roles, environment: key })
    }
}

impl<R: Needed> FromRequestParts<AppState> for By<R> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        let admin = Admin::from_request_parts(parts, state).await?;
        admin.check(R::ROLE, state)?;
        Ok(By(admin, PhantomData))
    }
}

impl<R> Deref for By<R> {
    type Target = Admin;

    fn deref(&self) -> &Admin {
        &self.0
    }
}

impl Admin {
    pub(crate) fn actor(&self) -> &str {
        &self.identity.actor
    }

    fn check(&self, needed: Role, state: &AppState) -> AppResult<()> {
        if self.roles.allow(needed) {
            return Ok(());
        }
        Err(role::not_permitted("this", needed, &self.identity.name(state), &self.roles, &self.environment).into())
    }
}
