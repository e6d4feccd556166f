/// The row that `J`, `K` and Enter mean; none until a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor(pub Option<usize>);

impl Cursor {
    /// `J`: one down, from nowhere to the first.
    pub fn down(self, rows: usize) -> Self {
        Cursor(match (self.0, rows) {
            (_, 0) => None,
            (None, _) => Some(0),
            (Some(at), rows) => Some((at + 1).min(rows - 1)),
        })
    }

    /// `K`: one up, from nowhere to the last.
    pub fn up(self, rows: usize) -> Self {
        Cursor(match (self.0, rows) {
            (_, 0) => None,
            (None, rows) => Some(rows - 1),
            (Some(at), rows) => Some(at.min(rows - 1).saturating_sub(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_within_the_rows() {
        assert_eq!(Cursor(None).down(0), Cursor(None));
        assert_eq!(Cursor(None).down(3), Cursor(Some(0)));
        assert_eq!(Cursor(Some(2)).down(3), Cursor(Some(2)));
        assert_eq!(Cursor(Some(9)).down(3), Cursor(Some(2)), "the list became shorter");
        assert_eq!(Cursor(None).up(3), Cursor(Some(2)));
        assert_eq!(Cursor(Some(0)).up(3), Cursor(Some(0)));
        assert_eq!(Cursor(Some(9)).up(3), Cursor(Some(1)));
    }
}
