use crate::words::message::sentence;
use crate::words::text::backend as text;
use downhaul_control::api::Problem;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The control plane could not be reached.
    Offline,
    /// 401: there is no session, or it has ended.
    SignedOut,
    /// 403 and every other refusal, in the server's words.
    Refused(Box<Problem>),
    /// The answer makes no sense to this console; why.
    Unreadable(String),
}

impl Failure {
    /// What is wrong.
    pub fn title(&self) -> String {
        match self {
            Failure::Offline => text::THE_CONTROL_PLANE_CANNOT_BE_REACHED.to_owned(),
            Failure::SignedOut => text::YOU_ARE_SIGNED_OUT.to_owned(),
            Failure::Refused(problem) => sentence(&problem.detail),
            Failure::Unreadable(_) => text::THE_ANSWER_OF_THE_CONTROL_PLANE.to_owned(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Failure::Offline => text::CHECK_THAT_DOWNHAUL_SERVE_RUNS_AND.to_owned(),
            Failure::SignedOut => text::SIGN_IN_AGAIN.to_owned(),
            Failure::Refused(problem) if problem.help.is_empty() => String::new(),
            Failure::Refused(problem) => sentence(&problem.help),
            Failure::Unreadable(why) => text::reload_the_page_in_case_the(&why),
        }
    }

    /// The token was refused at signing in.
    pub fn wrong_token() -> Failure {
        let problem = Problem::new(
            401,
            text::UNAUTHORIZED,
            "wrong-token",
            text::THIS_TOKEN_OPENS_NOTHING_HERE,
            text::IT_MAY_BE_REVOKED_PAST_ITS,
        );
        Failure::Refused(Box::new(problem))
    }

    /// The request may have done what it asked for although no answer says so.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Failure::Offline | Failure::Unreadable(_) => true,
            Failure::SignedOut | Failure::Refused(_) => false,
        }
    }

    /// A refusal's two sentences as they are shown.
    pub fn said(detail: &str, help: &str) -> (String, String) {
        (sentence(detail), sentence(help))
    }

    /// The stable name of a refusal, such as `needs-approval`; empty for whatever is no refusal.
    pub fn code(&self) -> &str {
        match self {
            Failure::Refused(problem) => &problem.code,
            Failure::Offline | Failure::SignedOut | Failure::Unreadable(_) => "",
        }
    }

    /// It may pass by itself: nothing that was asked was judged.
    pub fn may_pass(&self) -> bool {
        match self {
            Failure::Offline | Failure::Unreadable(_) => true,
            Failure::SignedOut => false,
            Failure::Refused(problem) => problem.status >= 500 || problem.status == 429,
        }
    }

    /// What was asked for is not this person's to see, or not there: what is known of it is no more.
    pub fn is_final(&self) -> bool {
        self.is_forbidden() || self.is_missing()
    }

    pub fn is_forbidden(&self) -> bool {
        matches!(self, Failure::Refused(problem) if problem.status == 403)
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Failure::Refused(problem) if problem.status == 404)
    }

    /// Reads the body of an answer that is not a success.
    pub fn of_status(status: u16, body: &str) -> Failure {
        if status == 401 {
            return Failure::SignedOut;
        }
        match serde_json::from_str::<Problem>(body) {
            Ok(problem) => Failure::Refused(Box::new(problem)),
            // Not from the control plane: something stands between.
            Err(_) => Failure::Unreadable(text::status_status(&status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_failures() {
        assert_eq!(Failure::of_status(401, "anything"), Failure::SignedOut);
        let problem = Problem::new(403, "Forbidden", "role-too-low", "viewers may not kill `a`", "ask an operator");
        let body = serde_json::to_string(&problem).unwrap();
        let failure = Failure::of_status(403, &body);
        assert!(failure.is_forbidden() && !failure.is_missing());
        assert_eq!(failure.title(), "Viewers may not kill “a”");
        assert_eq!(failure.help(), "Ask an operator");
        assert_eq!(Failure::of_status(502, "<html>"), Failure::Unreadable("status 502".to_owned()));
        let busy = Problem::new(503, "Service Unavailable", "busy", "the disk is full", "make room");
        assert!(Failure::Refused(Box::new(busy)).may_pass() && Failure::Offline.may_pass());
        assert!(!failure.may_pass() && !Failure::SignedOut.may_pass());
    }
}
