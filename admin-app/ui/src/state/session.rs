use crate::backend::Failure;
use crate::words::text::state as text;
use downhaul_control::api::{Role, Whoami};
use std::rc::Rc;
use yew::Reducible;

/// Who is at the console.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Session {
    /// Not asked yet, or the answer is on its way.
    #[default]
    Asking,
    /// The sign-in page; with what went wrong, if anything did.
    Out(Option<Failure>),
    /// The token is being checked.
    SigningIn,
    /// Nobody could say who this is: asked again all the time, `tries` times so far.
    Away {
        failure: Failure,
        tries: u32,
    },
    In(Whoami),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Found(Whoami),
    /// The same person, asked again.
    Again(Whoami),
    /// The server knows no session of this browser.
    NotFound,
    Submit,
    Refused(Failure),
    /// There was no answer that says anything of the session.
    Away(Failure),
    /// Some request was answered with 401.
    Expired,
    SignedOut,
}

impl Reducible for Session {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        match (action, &*self) {
            (Action::Found(who), _) => Session::In(who).into(),
            (Action::Again(who), Session::In(_)) => Session::In(who).into(),
            // Who is away is asked about behind the page that says so.
            (Action::Submit, Session::Away { .. }) | (Action::Away(_), Session::In(_)) => self,
            (Action::Submit, _) => Session::SigningIn.into(),
            (Action::Away(failure), Session::Away { tries, .. }) => {
                Session::Away { failure, tries: tries.saturating_add(1) }.into()
            }
            (Action::Away(failure), _) => Session::Away { failure, tries: 1 }.into(),
            (Action::Refused(why), _) => Session::Out(Some(why)).into(),
            (Action::NotFound | Action::SignedOut, _) => Session::Out(None).into(),
            (Action::Expired, Session::In(_)) => Session::Out(Some(Failure::SignedOut)).into(),
            // While signing in or signed out, a late answer to an older request says nothing new.
            (
                Action::Expired | Action::Again(_),
                Session::Asking | Session::Out(_) | Session::SigningIn | Session::Away { .. },
            ) => self,
        }
    }
}

/// The wait before one who got no answer asks again: doubled with every try, up to the longest; milliseconds.
pub fn wait(tries: u32) -> u32 {
    (FIRST_WAIT << tries.saturating_sub(1).min(8)).min(LONGEST_WAIT)
}

const FIRST_WAIT: u32 = 1_000;
const LONGEST_WAIT: u32 = 30_000;

/// Why this person may not kill or restore there; `None` if they may.
pub fn refusal_to_kill(who: &Whoami, environment: &str) -> Option<&'static str> {
    let roles = who.roles.get(environment).map(Vec::as_slice).unwrap_or_default();
    let may = roles.iter().any(|role| match role {
        Role::Operator | Role::Admin => true,
        Role::Viewer | Role::Editor | Role::Approver => false,
    });
    (!may).then_some(text::ONLY_AN_OPERATOR_OR_ADMIN_MAY_DO_THIS)
}

/// Why this person may not edit there; `None` if they may.
pub fn refusal_to_edit(who: &Whoami, environment: &str) -> Option<&'static str> {
    let roles = who.roles.get(environment).map(Vec::as_slice).unwrap_or_default();
    let may = roles.iter().any(|role| match role {
        Role::Editor | Role::Admin => true,
        Role::Viewer | Role::Operator | Role::Approver => false,
    });
    (!may).then_some(text::ONLY_AN_EDITOR_OR_ADMIN_MAY_DO_THIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(session: Session, action: Action) -> Session {
        (*Rc::new(session).reduce(action)).clone()
    }

    fn maya() -> Whoami {
        Whoami {
            actor: "a-1".into(),
            name: "Maya".into(),
            environments: vec!["production".into()],
            roles: [("production".into(), vec![Role::Operator])].into(),
            version: "0.1.0".into(),
            flags: serde_json::Map::new(),
        }
    }

    #[test]
    fn signing_in_and_out() {
        let session = after(Session::Asking, Action::NotFound);
        assert_eq!(session, Session::Out(None));
        let session = after(session, Action::Submit);
        assert_eq!(session, Session::SigningIn);
        let session = after(session, Action::Found(maya()));
        assert_eq!(session, Session::In(maya()));
        assert_eq!(after(session, Action::SignedOut), Session::Out(None));
    }

    #[test]
    fn who_gets_no_answer_is_asked_for_no_token() {
        let away = after(Session::Asking, Action::Away(Failure::Offline));
        assert_eq!(away, Session::Away { failure: Failure::Offline, tries: 1 });
        let unreadable = Failure::Unreadable("status 502".into());
        let again = after(away.clone(), Action::Away(unreadable.clone()));
        assert_eq!(again, Session::Away { failure: unreadable, tries: 2 }, "counted, so that it is asked again");
        assert_eq!(after(away.clone(), Action::Submit), away, "the token of a link goes on being tried");
        assert_eq!(after(away.clone(), Action::Expired), away);
        assert_eq!(after(away.clone(), Action::NotFound), Session::Out(None), "it answers: nobody is signed in");
        assert_eq!(after(away, Action::Found(maya())), Session::In(maya()));
        assert_eq!(after(Session::In(maya()), Action::Away(Failure::Offline)), Session::In(maya()));
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!([1, 2, 3, 5, 6, 1_000_000].map(wait), [1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn who_has_left_meanwhile_stays_out() {
        let renamed = Whoami { name: "Maya B".into(), ..maya() };
        assert_eq!(after(Session::In(maya()), Action::Again(renamed.clone())), Session::In(renamed));
        assert_eq!(after(Session::Out(None), Action::Again(maya())), Session::Out(None));
        assert_eq!(after(Session::SigningIn, Action::Again(maya())), Session::SigningIn);
    }

    #[test]
    fn an_expired_session_says_so_once() {
        assert_eq!(after(Session::In(maya()), Action::Expired), Session::Out(Some(Failure::SignedOut)));
        assert_eq!(after(Session::SigningIn, Action::Expired), Session::SigningIn);
        let refused = Session::Out(Some(Failure::Offline));
        assert_eq!(after(refused.clone(), Action::Expired), refused);
    }

    #[test]
    fn only_operators_and_admins_kill() {
        let may = |roles: &[Role], environment: &str| {
            let who = Whoami { roles: [("production".into(), roles.to_vec())].into(), ..maya() };
            refusal_to_kill(&who, environment).is_none()
        };
        let all = [Role::Viewer, Role::Editor, Role::Operator, Role::Approver, Role::Admin];
        assert_eq!(all.map(|role| may(&[role], "production")), [false, false, true, false, true]);
        assert!(may(&[Role::Editor, Role::Operator], "production"));
        assert!(!may(&all, "staging"), "roles are of one environment");
    }

    #[test]
    fn only_editors_and_admins_edit() {
        let may = |role: Role| {
            let who = Whoami { roles: [("production".into(), vec![role])].into(), ..maya() };
            refusal_to_edit(&who, "production").is_none()
        };
        let all = [Role::Viewer, Role::Editor, Role::Operator, Role::Approver, Role::Admin];
        assert_eq!(all.map(may), [false, true, false, false, true]);
    }
}
