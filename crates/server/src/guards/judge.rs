use crate::environment::Environment;
use downhaul_control::State;
use downhaul_control::guards::{
    FlagMinute, GuardEvidence, GuardRecord, Slow, SplitStage, Told, Watch, has_counters, look_at_split, rules, seen,
    split_stages,
};
use downhaul_control::time;
use downhaul_guard::{Arms, Evidence, Guard, Level, Record, Seen, Standing};
use downhaul_store::StoreError;
use jiff::Timestamp;

/// Buckets that are read at once.
const PIECE: u64 = 360;
/// Buckets before the first one of which is learnt what is slow.
const BEFORE: u64 = 60;

/// A guard, and all that it was shown.
#[derive(Debug)]
pub(crate) struct Judge {
    watch: Watch,
    test: Test,
    /// The first bucket that it has not seen, in seconds since 1970.
    next: u64,
    /// Whether any bucket had something to compare.
    saw: bool,
    done: bool,
    /// Why nothing more can be read.
    problem: Option<String>,
}

#[derive(Debug)]
enum Test {
    Counts(Box<Counting>),
    /// Whether the arms are as large as they should be, by what the stages of the rollout are to give.
    Arms {
        arms: Arms,
        stages: Vec<SplitStage>,
        instances: Vec<String>,
        buckets: usize,
    },
}

#[derive(Debug)]
pub(crate) struct Counting {
    guard: Guard,
    seen: Vec<Seen>,
    failing: Vec<Told>,
    slow: Slow,
    /// When the first bucket began that was judged: nothing is before it is known what is slow.
    first: u64,
    /// For how many buckets the variant, and the one that it is held against, have told nothing.
    silent: [u32; 2],
}

impl Judge {
    pub(crate) fn new(state: &State, watch: Watch, length: u64) -> Judge {
        let test = if watch.is_of_ratio() {
            let level = Level::new(watch.guard.level()).unwrap_or(Level::DEFAULT);
            let stages = split_stages(state, watch.flag.as_str(), length);
            Test::Arms { arms: Arms::new(level), stages, instances: Vec::new(), buckets: 0 }
        } else {
            Test::Counts(Box::new(Counting {
                guard: Guard::new(rules(&watch.guard)),
                seen: Vec::new(),
                failing: Vec::new(),
                slow: Slow::of(&watch.guard),
                first: watch.from,
                silent: [0, 0],
            }))
        };
        Judge { test, next: watch.from, saw: false, done: false, problem: None, watch }
    }

    /// Goes on with what is watched now, or begins anew where that is another thing.
    pub(crate) fn follow(&mut self, state: &State, watch: Watch, length: u64) {
        let is_same =
            watch.from == self.watch.from && watch.guard == self.watch.guard && watch.against == self.watch.against;
        if is_same {
            if let Test::Arms { stages, .. } = &mut self.test {
                *stages = split_stages(state, watch.flag.as_str(), length);
            }
            self.watch = watch;
        } else {
            *self = Judge::new(state, watch, length);
        }
    }

    /// Reads what is written of buckets that began before `until`. One that said harm has spoken: it sees no more.
    pub(crate) async fn read(&mut self, environment: &Environment, until: u64) -> Result<(), StoreError> {
        let (minutes, length) = (environment.minutes(), environment.minutes().length());
        let flag = self.watch.flag.to_string();
        if let Test::Counts(counting) = &mut self.test
            && self.next == self.watch.from
            && counting.slow.learnt().is_some_and(|(known, _)| known == 0)
        {
            let before = self.next.saturating_sub(BEFORE * length)..self.next;
            let parts = minutes.store().minutes(environment.key(), &flag, before).await?;
            counting.slow.learn(&self.watch, &parts);
        }
        while self.next < until && !self.has_spoken() {
            let (from, end) = (self.next, until.min(self.next + PIECE * length));
            let parts = minutes.store().minutes(environment.key(), &flag, from..end).await?;
            self.take(&parts, end, length);
            if self.next < end {
                // What Prometheus counted of the next one was not read yet.
                return Ok(());
            }
        }
        Ok(())
    }

    /// The first bucket that it has not seen.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    fn take(&mut self, parts: &[FlagMinute], end: u64, length: u64) {
        while self.next < end && !self.has_spoken() {
            let following = self.next + length;
            // Oldest first; begun with another length of buckets they count where they began.
            let from = parts.partition_point(|part| part.began < self.next);
            let to = parts.partition_point(|part| part.began < following);
            let parts = parts.get(from..to).unwrap_or_default();
            if self.watch.guard.prometheus.is_some() && !has_counters(&self.watch, parts) {
                return;
            }
            match &mut self.test {
                Test::Counts(counting) => self.saw |= counting.look(&self.watch, parts, following),
                Test::Arms { arms, stages, instances, buckets } => {
                    look_at_split(arms, stages, (self.next, length), parts, instances);
                    *buckets += 1;
                    // Whoever tells no units is not waited for.
                    self.saw = true;
                }
            }
            self.next = following;
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(crate) fn standing(&self) -> Standing {
        match &self.test {
            Test::Counts(counting) => counting.standing(&self.watch),
            Test::Arms { arms, .. } if arms.is_mismatched() => Standing::Mismatched,
            Test::Arms { .. } => Standing::Watching,
        }
    }

    pub(crate) fn odds(&self) -> Evidence {
        match &self.test {
            Test::Counts(counting) => counting.guard.evidence(),
            Test::Arms { arms, .. } => arms.evidence(),
        }
    }

    /// The guard that judges counts, and of how many instances that failed it knows.
    pub(crate) fn counting(&self) -> Option<(&Guard, usize)> {
        match &self.test {
            Test::Counts(counting) => Some((&counting.guard, counting.failing.len())),
            Test::Arms { .. } => None,
        }
    }

    /// What counts as slow.
    pub(crate) fn slow(&self) -> Option<&Slow> {
        match &self.test {
            Test::Counts(counting) => Some(&counting.slow),
            Test::Arms { .. } => None,
        }
    }

    /// The sizes of the arms, and whether it is known now what they should be.
    pub(crate) fn arms(&self) -> Option<(&Arms, bool)> {
        match &self.test {
            Test::Counts(_) => None,
            Test::Arms { arms, stages, .. } => Some((arms, stages.last().is_some_and(|stage| stage.until.is_none()))),
        }
    }

    /// Whether it has said what it will not take back.
    pub(crate) fn has_spoken(&self) -> bool {
        matches!(self.standing(), Standing::Harmful | Standing::Crashing | Standing::Mismatched)
    }

    pub(crate) fn saw(&self) -> bool {
        self.saw
    }

    pub(crate) fn buckets(&self) -> usize {
        match &self.test {
            Test::Counts(counting) => counting.seen.len(),
            Test::Arms { buckets, .. } => *buckets,
        }
    }

    /// Which variants tell nothing, where it is blind.
    pub(crate) fn missing(&self) -> Vec<&str> {
        match &self.test {
            Test::Counts(counting) if matches!(counting.standing(&self.watch), Standing::Blind { .. }) => {
                let [treatment, control] = counting.silent;
                let variant = (treatment > 0).then_some(self.watch.guard.variant.as_str());
                variant.into_iter().chain(self.watch.against.as_deref().filter(|_| control > 0)).collect()
            }
            Test::Counts(_) | Test::Arms { .. } => Vec::new(),
        }
    }

    /// What keeps it from reading on, or nothing any more.
    pub(crate) fn problem(&mut self, problem: Option<String>) {
        self.problem = problem;
    }

    pub(crate) fn has_problem(&self) -> Option<&str> {
        self.problem.as_deref()
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
        let (first, slow_us) = match &self.test {
            Test::Counts(counting) => {
                let learnt = self.watch.guard.slower_than.is_some();
                (counting.first, counting.slow.microseconds().filter(|_| learnt))
            }
            Test::Arms { .. } => (self.watch.from, None),
        };
        GuardEvidence {
            flag: self.watch.flag.clone(),
            guard: self.watch.guard.name.clone(),
            action: self.watch.guard.action(),
            from: at(first),
            bucket_seconds: u32::try_from(length).unwrap_or(u32::MAX),
            slow_us,
            said: self.standing(),
            odds: self.odds().to_string(),
            record: match &self.test {
                Test::Counts(counting) => {
                    GuardRecord::Counts(Record { rules: rules(&self.watch.guard), seen: counting.seen.clone() })
                }
                Test::Arms { arms, .. } => GuardRecord::Arms(arms.clone()),
            },
        }
    }
}

impl Counting {
    fn standing(&self, watch: &Watch) -> Standing {
        let [_, control] = self.silent;
        if self.slow.is_learning() && control >= rules(&watch.guard).silent_after.get() {
            return Standing::Blind { buckets: control };
        }
        match self.guard.standing() {
            // Of counters, what is in doubt is read as what speaks for the variant: that proves nothing for it.
            Standing::Harmless if watch.guard.prometheus.is_some() => Standing::Watching,
            standing => standing,
        }
    }

    /// Goes on with a bucket that ended at `ended`. Whether there was something to compare.
    fn look(&mut self, watch: &Watch, parts: &[FlagMinute], ended: u64) -> bool {
        if self.slow.is_learning() {
            let [_, control] = &mut self.silent;
            *control = if self.slow.learn(watch, parts) > 0 { 0 } else { control.saturating_add(1) };
            self.first = ended;
            return false;
        }
        let seen = seen(watch, &self.slow, parts, &mut self.failing);
        let told = [seen.bucket.treatment.units() > 0, seen.bucket.control.units() > 0];
        for (silent, told) in self.silent.iter_mut().zip(told) {
            *silent = if told { 0 } else { silent.saturating_add(1) };
        }
        self.guard.look(&seen);
        self.seen.push(seen);
        let [treatment, control] = told;
        treatment && (watch.against.is_none() || control)
    }
}

/// A time as the protocol writes it.
pub(crate) fn at(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time::to_text(time.unwrap_or(Timestamp::UNIX_EPOCH))
}
