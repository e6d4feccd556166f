/// Work that is handed out one piece at a time, and of which only the newest counts: what waited longer is never begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane<T> {
    is_running: bool,
    waiting: Option<T>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Lane { is_running: false, waiting: None }
    }
}

impl<T> Lane<T> {
    /// Gives the piece back if it can be begun now.
    pub fn offer(&mut self, piece: T) -> Option<T> {
        if self.is_running {
            self.waiting = Some(piece);
            return None;
        }
        self.is_running = true;
        Some(piece)
    }

    /// The running piece is done; gives the next.
    pub fn done(&mut self) -> Option<T> {
        let next = self.waiting.take();
        self.is_running = next.is_some();
        next
    }

    /// What waits is wanted no more.
    pub fn forget(&mut self) {
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_next_and_those_between_are_never_begun() {
        let mut lane = Lane::default();
        assert_eq!(lane.offer(1), Some(1));
        assert_eq!((lane.offer(2), lane.offer(3)), (None, None));
        assert_eq!((lane.done(), lane.done()), (Some(3), None));
        assert_eq!(lane.offer(4), Some(4));
        lane.offer(5);
        lane.forget();
        assert_eq!(lane.done(), None);
    }
}
