use super::clock;
use crate::backend::{Failure, Handle};
use crate::state::live::Live;
use crate::state::session::{self, Session, refusal_to_edit, refusal_to_kill};
use crate::state::toasts::{self, Toasts, Tone, Undo};
use crate::words::may;
use crate::words::number::counted;
use crate::words::proposal::{self, Group};
use crate::words::text::common;
use crate::words::text::hooks as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::{ProposalSummary, Role, Whoami};
use yew::prelude::*;

/// What every page may use: the one context of the app, provided at its root.
#[derive(Clone, PartialEq, Debug)]
pub struct Console {
    pub backend: Handle,
    pub session: UseReducerHandle<Session>,
    pub live: UseReducerHandle<Live>,
    pub toasts: UseReducerHandle<Toasts>,
}

impl Console {
    pub fn who(&self) -> Option<&Whoami> {
        match &*self.session {
            Session::In(who) => Some(who),
            Session::Asking | Session::Out(_) | Session::SigningIn | Session::Away { .. } => None,
        }
    }

    /// Why this person may not kill or restore in the environment that is looked at; `None` if they may.
    pub fn refusal_to_kill(&self) -> Option<&'static str> {
        self.who().and_then(|who| refusal_to_kill(who, &self.live.environment))
    }

    /// Why this person may not acknowledge alarms in the environment that is looked at; `None` if they may.
    pub fn refusal_to_acknowledge(&self) -> Option<&'static str> {
        self.refusal_to_kill().map(|_| text::YOUR_ROLE_MAY_NOT_ACKNOWLEDGE)
    }

    /// Open proposals that whoever is at the console may approve, and has not.
    pub fn waiting_for_me(&self) -> usize {
        let (Some(who), Some(page)) = (self.who(), self.live.proposals.ready()) else { return 0 };
        let is_approver = may::has(who, &self.live.environment, Role::Approver);
        let waits = |proposal: &&ProposalSummary| proposal::group(proposal, &who.actor, is_approver) == Group::Waiting;
        page.proposals.iter().filter(waits).count()
    }

    /// Why this person may not edit in the environment that is looked at; `None` if they may.
    pub fn refusal_to_edit(&self) -> Option<&'static str> {
        self.who().and_then(|who| refusal_to_edit(who, &self.live.environment))
    }

    /// That nothing is published now, by whom and since when; `None` where it is, or that is not known.
    pub fn frozen(&self) -> Option<String> {
        let frozen = self.live.freeze.ready()?.frozen.as_ref()?;
        let when = parse(&frozen.at).map(|at| ago(clock::now() - at)).unwrap_or_default();
        Some(text::frozen_by_when(&frozen.by, &when, &frozen.reason))
    }

    pub fn toast(&self, tone: Tone, title: String, detail: String) {
        self.toasts.dispatch(toasts::Action::Show { tone, title, detail });
    }

    /// Whether a flag of the environment that is looked at is critical; not, until that is known.
    pub fn is_critical(&self, flag: &str) -> bool {
        self.live.flags.ready().is_some_and(|page| page.flags.iter().any(|each| each.key == flag && each.critical))
    }

    /// Reports what others decide about now.
    pub fn toast_proposed(&self, title: String, quorum: u32) {
        let waits = counted(quorum.max(1) as usize, common::APPROVAL, common::APPROVALS);
        self.toast(Tone::Ok, title, common::it_waits_for(&waits));
    }

    /// Reports a publish that can be taken back.
    pub fn toast_undo(&self, title: String, detail: String, undo: Box<Undo>) {
        self.toasts.dispatch(toasts::Action::ShowUndo { title, detail, undo });
    }

    /// Every failed request comes by here, so that an ended session leads to the sign-in page from wherever it shows.
    pub fn failed(&self, failure: &Failure) {
        if *failure == Failure::SignedOut {
            self.session.dispatch(session::Action::Expired);
        }
    }
}

#[hook]
pub fn use_console() -> Console {
    #[expect(clippy::expect_used, reason = "app.rs provides it around every page")]
    use_context::<Console>().expect("the console's context")
}
