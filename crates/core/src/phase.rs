//! The phases of a data change, and what each of them reads and writes.
//!
//! Two clients a phase apart may run side by side: whatever one of them has written, the other finds. Two phases apart
//! they may not, which is why a migration takes one step at a time.

/// One of the two shapes that the data has while it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "document", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "document", serde(rename_all = "kebab-case"))]
pub enum Shape {
    Old,
    New,
}

impl Shape {
    /// As in the document.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Old => "old",
            Shape::New => "new",
        }
    }
}

/// Where a data change stands, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "document", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "document", serde(rename_all = "kebab-case"))]
pub enum Phase {
    /// The new shape is made, and nothing uses it.
    Expand,
    /// Both shapes are written.
    DualWrite,
    /// What was there before is copied into the new shape, and reads compare the two.
    Backfill,
    /// The new shape is read, and the old one still written.
    ReadNew,
    /// The old shape is left alone.
    StopOldWrites,
    /// The old shape is gone: the point of no return.
    Contract,
}

impl Phase {
    /// First to last.
    pub const ALL: [Phase; 6] =
        [Phase::Expand, Phase::DualWrite, Phase::Backfill, Phase::ReadNew, Phase::StopOldWrites, Phase::Contract];

    /// As in the document: also the key and the value of its variant.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Expand => "expand",
            Phase::DualWrite => "dual-write",
            Phase::Backfill => "backfill",
            Phase::ReadNew => "read-new",
            Phase::StopOldWrites => "stop-old-writes",
            Phase::Contract => "contract",
        }
    }

    /// In words, such as `reads old, writes old and new`.
    pub fn words(self) -> &'static str {
        match self {
            Phase::Expand => "reads old, writes old",
            Phase::DualWrite => "reads old, writes old then new",
            Phase::Backfill => "reads old and compares with new, writes old then new",
            Phase::ReadNew => "reads new and compares with old, writes new then old",
            Phase::StopOldWrites => "reads new, writes new",
            Phase::Contract => "reads new, writes new; old is gone",
        }
    }

    /// The phase of this name.
    pub fn named(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// The shape that a reader is answered from.
    pub fn reads(self) -> Shape {
        match self {
            Phase::Expand | Phase::DualWrite | Phase::Backfill => Shape::Old,
            Phase::ReadNew | Phase::StopOldWrites | Phase::Contract => Shape::New,
        }
    }

    /// The shape whose answer is compared with that of [`Phase::reads`]; only where both have everything.
    pub fn compares(self) -> Option<Shape> {
        match self {
            Phase::Backfill => Some(Shape::New),
            Phase::ReadNew => Some(Shape::Old),
            Phase::Expand | Phase::DualWrite | Phase::StopOldWrites | Phase::Contract => None,
        }
    }

    /// The shapes that a writer writes, in order. The first is the one that counts: it is also the one that is read.
    pub fn writes(self) -> &'static [Shape] {
        match self {
            Phase::Expand => &[Shape::Old],
            Phase::DualWrite | Phase::Backfill => &[Shape::Old, Shape::New],
            Phase::ReadNew => &[Shape::New, Shape::Old],
            Phase::StopOldWrites | Phase::Contract => &[Shape::New],
        }
    }

    /// Whether anything of the old shape is read or written.
    pub fn needs_old(self) -> bool {
        self < Phase::StopOldWrites
    }

    /// The next one.
    pub fn next(self) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| *phase > self)
    }

    /// The one before.
    pub fn before(self) -> Option<Phase> {
        Phase::ALL.into_iter().rev().find(|phase| *phase < self)
    }

    /// The phase that is a step down from this one; itself where there is no way down.
    pub fn a_step_down(self) -> Phase {
        match self {
            Phase::Contract => Phase::Contract,
            other => other.before().unwrap_or(other),
        }
    }

    /// Whether clients of both phases may run side by side.
    pub fn goes_with(self, other: Phase) -> bool {
        self == other || self.next() == Some(other) || self.before() == Some(other)
    }

    /// Whether a client that has no answer yet, and goes by this phase meanwhile, does no harm while others are at `at`.
    pub fn stands_in_for(self, at: Phase) -> bool {
        let finds = |reader: Phase, writer: Phase| writer.writes().contains(&reader.reads());
        let is_copied = self != Phase::Expand || at <= Phase::DualWrite;
        let has_everything = self.reads() == Shape::Old || at >= Phase::ReadNew;
        let is_there = at < Phase::Contract || !self.needs_old();
        finds(self, at) && finds(at, self) && is_copied && has_everything && is_there
    }
}
