use crate::environment::Environment;
use downhaul_control::guards::{FlagMinute, GuardEvidence, Told, Watch, rules, seen};
use downhaul_control::time;
use downhaul_guard::{Guard, Record, Seen, Standing};
use downhaul_store::StoreError;
use jiff::Timestamp;

/// Buckets that are read at once.
const PIECE: u64 = 360;

/// A guard, and all that it was shown.
#[derive(Debug)]
pub(crate) struct Judge {
    watch: Watch,
    guard: Guard,
    seen: Vec<Seen>,
    failing: Vec<Told>,
    /// The first bucket that it has not seen, in seconds since 1970.
    next: u64,
    /// Whether any bucket had something to compare.
    saw: bool,
    done: bool,
}

impl Judge {
    pub(crate) fn new(watch: Watch) -> Judge {
        Judge {
            guard: Guard::new(rules(&watch.guard)),
            seen: Vec::new(),
            failing: Vec::new(),
            next: watch.from,
            saw: false,
            done: false,
            watch,
        }
    }

    /// Goes on with what is watched now, or begins anew where that is another thing.
    pub(crate) fn follow(&mut self, watch: Watch) {
        let is_same =
            watch.from == self.watch.from && watch.guard == self.watch.guard && watch.against == self.watch.against;
        if is_same {
            self.watch = watch;
        } else {
            *self = Judge::new(watch);
        }
    }

    /// Reads what is written of buckets that began before `until`. One that said harm has spoken: it sees no more.
    pub(crate) async fn read(&mut self, environment: &Environment, until: u64) -> Result<(), StoreError> {
        let (minutes, length) = (environment.minutes(), environment.minutes().length());
        while self.next < until && !self.is_harmful() {
            let end = until.min(self.next + PIECE * length);
            let parts = minutes.store().minutes(environment.key(), self.watch.flag.as_str(), self.next..end).await?;
            self.take(&parts, end, length);
        }
        Ok(())
    }

    fn take(&mut self, parts: &[FlagMinute], end: u64, length: u64) {
        while self.next < end && !self.is_harmful() {
            let following = self.next + length;
            // Oldest first; begun with another length of buckets they count where they began.
            let from = parts.partition_point(|part| part.began < self.next);
            let to = parts.partition_point(|part| part.began < following);
            let seen = seen(&self.watch, parts.get(from..to).unwrap_or_default(), &mut self.failing);
            let has_control = self.watch.against.is_none() || seen.bucket.control.units() > 0;
            self.saw |= seen.bucket.treatment.units() > 0 && has_control;
            self.guard.look(&seen);
            self.seen.push(seen);
            self.next = following;
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(crate) fn standing(&self) -> Standing {
        self.guard.standing()
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(crate) fn is_harmful(&self) -> bool {
        matches!(self.standing(), Standing::Harmful | Standing::Crashing)
    }

    pub(crate) fn saw(&self) -> bool {
        self.saw
    }

    pub(crate) fn buckets(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn instances(&self) -> usize {
        self.failing.len()
    }

    /// Whether all was done that could be.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn done(&mut self, done: bool) {
        self.done = done;
    }

    /// When the last bucket that it saw ended, RFC 3339.
    pub(crate) fn ended(&self) -> String {
        at(self.next)
    }

    /// What it was shown, and what it said.
    pub(crate) fn evidence(&self, length: u64) -> GuardEvidence {
        GuardEvidence {
            flag: self.watch.flag.clone(),
            guard: self.watch.guard.name.clone(),
            action: self.watch.guard.action(),
            from: at(self.watch.from),
            bucket_seconds: u32::try_from(length).unwrap_or(u32::MAX),
            said: self.standing(),
            odds: self.guard.evidence().to_string(),
            record: Record { rules: rules(&self.watch.guard), seen: self.seen.clone() },
        }
    }
}

/// A time as the protocol writes it.
pub(crate) fn at(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time::to_text(time.unwrap_or(Timestamp::UNIX_EPOCH))
}
