use crate::backend::Failure;

/// One thing that is asked for again and again: whether what is shown of it is what the server said last.
#[derive(Debug, Default)]
pub struct Refresh {
    /// When it last arrived, in epoch milliseconds.
    read_at: Option<f64>,
    is_stuck: bool,
    /// Requests so far, and the last of them that was answered well.
    asked: u32,
    answered: u32,
}

/// Data that is shown although asking for it again has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Stuck {
    pub failure: Failure,
    /// When the data arrived, in epoch milliseconds.
    pub read_at: f64,
    /// When asking again failed first, in epoch milliseconds.
    pub since: f64,
}

/// What is to be told of it.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    Stuck(Stuck),
    /// No longer stuck.
    Fresh,
}

impl Refresh {
    /// The number of a request that goes out now.
    pub fn ask(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }

    /// Whether what was asked for later is there already, or nothing of it is shown any more.
    pub fn is_late(&self, request: u32) -> bool {
        request < self.answered
    }

    pub fn answer(&mut self, request: u32, failure: Option<&Failure>, now: f64) -> Option<News> {
        if self.is_late(request) {
            return None;
        }
        match (failure, self.read_at) {
            (None, _) => {
                (self.read_at, self.answered) = (Some(now), request);
                self.end()
            }
            (Some(failure), _) if failure.is_final() => self.forget(),
            // Nothing is shown that could be old; and who is signed out is shown nothing.
            (Some(_), None) | (Some(Failure::SignedOut), _) => None,
            (Some(failure), Some(read_at)) => {
                self.is_stuck = true;
                Some(News::Stuck(Stuck { failure: failure.clone(), read_at, since: now }))
            }
        }
    }

    /// What is known of it is shown no more; answers to what was asked so far say nothing.
    pub fn forget(&mut self) -> Option<News> {
        (self.read_at, self.answered) = (None, self.asked + 1);
        self.end()
    }

    fn end(&mut self) -> Option<News> {
        std::mem::take(&mut self.is_stuck).then_some(News::Fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Problem;

    fn refused(status: u16) -> Failure {
        Failure::Refused(Box::new(Problem::new(status, "", "code", "why", "help")))
    }

    fn stuck(failure: Failure, read_at: f64, since: f64) -> Option<News> {
        Some(News::Stuck(Stuck { failure, read_at, since }))
    }

    #[test]
    fn data_is_stuck_from_a_failure_to_the_next_answer() {
        let mut refresh = Refresh::default();
        let first = refresh.ask();
        assert_eq!(refresh.answer(first, Some(&Failure::Offline), 1.0), None, "the page says that itself");
        let second = refresh.ask();
        assert_eq!(refresh.answer(second, None, 2.0), None);
        let third = refresh.ask();
        assert_eq!(refresh.answer(third, Some(&refused(503)), 9.0), stuck(refused(503), 2.0, 9.0));
        let fourth = refresh.ask();
        assert_eq!(refresh.answer(fourth, None, 12.0), Some(News::Fresh));
        let fifth = refresh.ask();
        assert_eq!(refresh.answer(fifth, None, 13.0), None, "that it is well is no news");
    }

    #[test]
    fn a_late_failure_of_what_was_answered_since_says_nothing() {
        let mut refresh = Refresh::default();
        let (first, second) = (refresh.ask(), refresh.ask());
        assert_eq!(refresh.answer(second, None, 1.0), None);
        assert_eq!(refresh.answer(first, Some(&Failure::Offline), 2.0), None);
    }

    #[test]
    fn what_was_asked_for_before_what_is_shown_is_late() {
        let mut refresh = Refresh::default();
        let (first, second) = (refresh.ask(), refresh.ask());
        assert!(!refresh.is_late(first), "nothing is shown yet");
        refresh.answer(second, None, 1.0);
        assert!(refresh.is_late(first) && !refresh.is_late(second));
        let third = refresh.ask();
        refresh.answer(third, Some(&Failure::Offline), 2.0);
        assert!(!refresh.is_late(second), "a failure shows nothing that is newer");
    }

    #[test]
    fn what_is_shown_no_more_is_not_stuck() {
        for end in [refused(403), refused(404)] {
            let mut refresh = Refresh::default();
            let first = refresh.ask();
            refresh.answer(first, None, 1.0);
            let second = refresh.ask();
            assert!(refresh.answer(second, Some(&Failure::Offline), 2.0).is_some());
            let third = refresh.ask();
            assert_eq!(refresh.answer(third, Some(&end), 3.0), Some(News::Fresh), "the page says it now");
            let fourth = refresh.ask();
            assert_eq!(refresh.answer(fourth, Some(&Failure::Offline), 4.0), None);
        }
        let mut refresh = Refresh::default();
        let first = refresh.ask();
        refresh.answer(first, None, 1.0);
        let second = refresh.ask();
        assert_eq!(refresh.forget(), None);
        assert_eq!(refresh.answer(second, Some(&Failure::Offline), 2.0), None, "of what was looked at before");
    }
}
