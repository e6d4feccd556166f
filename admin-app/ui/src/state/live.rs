use super::Shared;
use super::refresh::{News, Stuck};
use crate::backend::Failure;
use downhaul_control::api::{
    ChangeView, ConsoleEvent, FlagPage, FleetView, FreezeView, KillPage, KillView, Position, ProposalPage, SeatView,
};
use downhaul_core::document::FlagSet;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::Reducible;

/// What is known of one environment, kept fresh from its stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// Empty until one is chosen.
    pub environment: String,
    pub flags: Slot<FlagPage>,
    pub document: Slot<FlagSet>,
    pub kills: Slot<KillPage>,
    pub fleet: Slot<FleetView>,
    pub proposals: Slot<ProposalPage>,
    pub freeze: Slot<FreezeView>,
    pub alarms: Alarms,
    /// The flag of each flag and variant that some client has turned off for itself; `None` while that is not known.
    pub open_breakers: Option<Rc<[String]>>,
    /// The latest of each kill that was looked at or heard of, restored ones included, by id.
    pub watched: BTreeMap<String, Watched>,
    /// Who has which flag open, this page among them.
    pub seats: Vec<SeatView>,
    /// The last change of each flag that the stream has told of.
    pub news: BTreeMap<String, Shared<ChangeView>>,
    pub connection: Connection,
    /// Counts what makes the data above out of date; whoever shows some of it asks again when this changes.
    pub generation: u32,
    /// Counts how often a person had asked again for what failed.
    pub again: u32,
    /// What is shown although asking for it again has failed, by the numbers of those who ask.
    pub stuck: Vec<(u32, Stuck)>,
    /// When the server last confirmed what is shown, in epoch milliseconds.
    pub confirmed_at: Option<f64>,
}

/// What the stream told of alarms; what they are, is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alarms {
    /// Those that nobody has.
    pub unattended: usize,
    /// Counts how often something of them has changed.
    pub told: u32,
}

/// Something asked of the server. What has arrived stays while it is asked for again, even if that fails; but not where the
/// answer is that it may not be seen, or is not there, any more.
#[derive(Debug, PartialEq, Default)]
pub enum Slot<T> {
    #[default]
    Loading,
    Ready(Shared<T>),
    Failed(Failure),
}

/// A kill, and when (in milliseconds of the monotonic clock) this state of it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub kill: Shared<KillView>,
    pub received: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Connection {
    #[default]
    Connecting,
    Open,
    /// Lost since, in epoch milliseconds; it is tried again all the time.
    Lost {
        since: f64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Look at this environment; forgets all others.
    Choose(String),
    Flags(Result<Shared<FlagPage>, Failure>, f64),
    Document(Result<Shared<FlagSet>, Failure>),
    Kills(Result<Shared<KillPage>, Failure>),
    Fleet(Result<Shared<FleetView>, Failure>),
    Proposals(Result<Shared<ProposalPage>, Failure>),
    Freeze(Result<Shared<FreezeView>, Failure>),
    OpenBreakers(Rc<[String]>),
    Kill {
        kill: Box<KillView>,
        received: f64,
    },
    /// Something that the stream does not tell of has changed.
    Stale,
    /// A person wants what failed asked for again.
    Again,
    /// What is to be told of data that this asker shows.
    Refreshed {
        asker: u32,
        news: News,
    },
    /// Who was there when this page said where it is.
    Present(Vec<SeatView>),
    /// An answer of this environment: nothing where another is looked at by now, whose flags and kills may have the same
    /// names.
    Of {
        environment: String,
        answer: Box<Action>,
    },
    Opened {
        now: f64,
    },
    Lost {
        now: f64,
    },
    Heard {
        event: Box<ConsoleEvent>,
        now: f64,
        received: f64,
    },
}

impl Action {
    pub fn of(environment: &str, answer: Action) -> Action {
        Action::Of { environment: environment.to_owned(), answer: Box::new(answer) }
    }
}

impl Live {
    pub fn position(&self) -> Option<Position> {
        self.flags.ready().map(|page| page.position)
    }

    /// What of all that is shown and cannot be read again is oldest, once that has lasted so long; `None` while the stream is
    /// lost, which says it of everything.
    pub fn oldest_stuck(&self, now: f64, patience: f64) -> Option<&Stuck> {
        if let Connection::Lost { .. } = self.connection {
            return None;
        }
        let lasting = self.stuck.iter().map(|(_, stuck)| stuck).filter(|stuck| now - stuck.since >= patience);
        lasting.min_by(|one, other| one.read_at.total_cmp(&other.read_at))
    }

    /// Kills in force, once that is known: that there is none is not said before.
    pub fn kill_count(&self) -> Option<usize> {
        self.kills.ready().map(|page| page.kills.len())
    }
}

impl<T> Slot<T> {
    pub fn ready(&self) -> Option<&Shared<T>> {
        match self {
            Slot::Ready(data) => Some(data),
            Slot::Loading | Slot::Failed(_) => None,
        }
    }

    pub fn fill(&mut self, answer: Result<Shared<T>, Failure>) {
        match (answer, &self) {
            (Ok(data), _) => *self = Slot::Ready(data),
            (Err(failure), Slot::Ready(_)) if !failure.is_final() => {}
            (Err(failure), _) => *self = Slot::Failed(failure),
        }
    }

    /// It is on its way again, if it had failed.
    pub fn again(&mut self) {
        if let Slot::Failed(_) = self {
            *self = Slot::Loading;
        }
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        match self {
            Slot::Loading => Slot::Loading,
            Slot::Ready(data) => Slot::Ready(data.clone()),
            Slot::Failed(failure) => Slot::Failed(failure.clone()),
        }
    }
}

impl Reducible for Live {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut live = (*self).clone();
        match action {
            Action::Of { environment, .. } if environment != live.environment => return self,
            Action::Of { answer, .. } => return self.reduce(*answer),
            Action::Choose(environment) if environment == live.environment => return self,
            Action::Choose(environment) => live = Live { environment, ..Live::default() },
            Action::Flags(answer, now) => {
                if answer.is_ok() {
                    live.confirmed_at = Some(now);
                }
                live.flags.fill(answer);
            }
            Action::Document(answer) => live.document.fill(answer),
            Action::Kills(answer) => live.kills.fill(answer),
            Action::Fleet(answer) => live.fleet.fill(answer),
            Action::Proposals(answer) => live.proposals.fill(answer),
            Action::Freeze(answer) => live.freeze.fill(answer),
            // It is asked for by time: mostly nothing is new.
            Action::OpenBreakers(open) if live.open_breakers.as_ref() == Some(&open) => return self,
            Action::OpenBreakers(open) => live.open_breakers = Some(open),
            Action::Kill { kill, received } => live.watch(*kill, received),
            Action::Stale => live.generation += 1,
            Action::Again => {
                (live.generation, live.again) = (live.generation + 1, live.again + 1);
                live.flags.again();
                live.document.again();
                live.kills.again();
                live.fleet.again();
                live.proposals.again();
                live.freeze.again();
            }
            Action::Refreshed { asker, news } => {
                let before = live.stuck.iter().position(|(each, _)| *each == asker);
                match (news, before.and_then(|at| live.stuck.get_mut(at))) {
                    (News::Fresh, None) => return self,
                    (News::Fresh, Some(_)) => live.stuck.retain(|(each, _)| *each != asker),
                    (News::Stuck(stuck), None) => live.stuck.push((asker, stuck)),
                    (News::Stuck(stuck), Some((_, before))) => *before = Stuck { since: before.since, ..stuck },
                }
            }
            Action::Present(seats) => live.seats = seats,
            Action::Opened { now } => {
                // What happened while the stream was closed was missed.
                live.connection = Connection::Open;
                live.confirmed_at = Some(now);
                live.stuck.clear();
                live.generation += 1;
            }
            Action::Lost { now } => {
                live.connection = match live.connection {
                    Connection::Lost { since } => Connection::Lost { since },
                    Connection::Connecting | Connection::Open => Connection::Lost { since: now },
                }
            }
            Action::Heard { event, now, received } => {
                live.confirmed_at = Some(now);
                match *event {
                    ConsoleEvent::Change { change, .. } => {
                        live.generation += 1;
                        if let Some(flag) = &change.flag {
                            live.news.insert(flag.clone(), Shared::new(*change));
                        }
                    }
                    ConsoleEvent::Presence(present) => live.seats = present.seats,
                    ConsoleEvent::KillProgress { kill } => live.watch(*kill, received),
                    ConsoleEvent::Fleet { fleet } => live.fleet = Slot::Ready(Shared::new(*fleet)),
                    ConsoleEvent::Alarms { unattended, .. } => {
                        live.alarms = Alarms { unattended, told: live.alarms.told + 1 };
                    }
                    ConsoleEvent::Ping { .. } => {}
                }
            }
        }
        live.into()
    }
}

impl Live {
    /// An answer to an older request must not put out lamps that the stream has lit since, nor undo a restore.
    fn watch(&mut self, kill: KillView, received: f64) {
        let elapsed = |kill: &KillView| kill.progress.as_ref().map_or(-1.0, |progress| progress.elapsed_ms);
        let is_older = self.watched.get(&kill.id).is_some_and(|known| {
            elapsed(&known.kill) > elapsed(&kill) || (known.kill.restored.is_some() && kill.restored.is_none())
        });
        if !is_older {
            self.watched.insert(kill.id.clone(), Watched { kill: Shared::new(kill), received });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::{KillScope, Progress};

    fn kill(elapsed_ms: f64, dark: usize) -> KillView {
        KillView {
            id: "k-1".into(),
            flag: "checkout-v2".into(),
            scope: KillScope::default(),
            scope_text: "everyone".into(),
            reason: "errors".into(),
            by: "Maya".into(),
            at: "2026-11-23T20:14:07.000Z".into(),
            incident: None,
            effect: "Old checkout".into(),
            degraded_variant: "off".into(),
            forward_fix: None,
            position: Position::default(),
            restored: None,
            progress: Some(Progress { live: 10, dark, elapsed_ms, ..Progress::default() }),
        }
    }

    fn dark(live: &Live) -> Option<usize> {
        live.watched.get("k-1").and_then(|watched| watched.kill.progress.as_ref().map(|progress| progress.dark))
    }

    fn run(actions: Vec<Action>) -> Rc<Live> {
        actions.into_iter().fold(Rc::new(Live::default()), |live, action| live.reduce(action))
    }

    #[test]
    fn late_answers_do_not_turn_a_kill_back() {
        let heard = |view| Action::Heard {
            event: Box::new(ConsoleEvent::KillProgress { kill: Box::new(view) }),
            now: 1.0,
            received: 1.0,
        };
        let asked = |view| Action::Kill { kill: Box::new(view), received: 2.0 };
        assert_eq!(dark(&run(vec![heard(kill(5.0, 9)), asked(kill(1.0, 0))])), Some(9));
        assert_eq!(dark(&run(vec![asked(kill(1.0, 0)), heard(kill(5.0, 9))])), Some(9));
    }

    #[test]
    fn data_stays_when_asking_again_fails() {
        let page = Shared::new(KillPage { position: Position::default(), kills: vec![kill(1.0, 0)] });
        let live = run(vec![Action::Kills(Ok(page)), Action::Kills(Err(Failure::Offline))]);
        assert_eq!(live.kill_count(), Some(1));
        let live = run(vec![Action::Kills(Err(Failure::Offline))]);
        assert_eq!(live.kills, Slot::Failed(Failure::Offline));
    }

    #[test]
    fn what_may_not_be_seen_any_more_is_not_shown() {
        let page = Shared::new(KillPage { position: Position::default(), kills: vec![kill(1.0, 0)] });
        for status in [403, 404] {
            let problem = downhaul_control::api::Problem::new(status, "", "code", "why", "help");
            let refused = Failure::Refused(Box::new(problem));
            let live = run(vec![Action::Kills(Ok(page.clone())), Action::Kills(Err(refused.clone()))]);
            assert_eq!(live.kills, Slot::Failed(refused));
        }
    }

    #[test]
    fn what_failed_is_on_its_way_once_a_person_asks_again() {
        let page = Shared::new(KillPage { position: Position::default(), kills: vec![] });
        let failed = vec![Action::Kills(Ok(page.clone())), Action::Document(Err(Failure::Offline))];
        let live = run(failed);
        let again = live.clone().reduce(Action::Again);
        assert_eq!((&again.document, &again.kills), (&Slot::Loading, &Slot::Ready(page)));
        assert_eq!((again.generation, again.again), (live.generation + 1, 1));
        assert_eq!(live.reduce(Action::Stale).document, Slot::Failed(Failure::Offline), "by itself it flickers not");
    }

    #[test]
    fn what_is_stuck_is_told_while_the_stream_says_nothing_of_it() {
        let stuck = |asker, read_at, since| Action::Refreshed {
            asker,
            news: News::Stuck(Stuck { failure: Failure::Offline, read_at, since }),
        };
        let read_at = |live: &Live, now| live.oldest_stuck(now, 2.0).map(|stuck| stuck.read_at);
        let live =
            run(vec![Action::Opened { now: 1.0 }, stuck(1, 1.0, 10.0), stuck(2, 0.5, 11.0), stuck(1, 1.0, 99.0)]);
        assert_eq!([11.0, 12.0, 13.0].map(|now| read_at(&live, now)), [None, Some(1.0), Some(0.5)]);
        let lost = live.clone().reduce(Action::Lost { now: 12.0 });
        assert_eq!(read_at(&lost, 20.0), None, "the banner says how old everything is");
        assert_eq!(read_at(&lost.reduce(Action::Opened { now: 21.0 }), 30.0), None, "it is asked for again");
        let fresh = |asker| Action::Refreshed { asker, news: News::Fresh };
        let live = live.reduce(fresh(2));
        assert_eq!(read_at(&live, 20.0), Some(1.0));
        assert!(Rc::ptr_eq(&live, &live.clone().reduce(fresh(2))), "no news");
        assert_eq!(read_at(&live.reduce(Action::Choose("staging".into())), 20.0), None);
    }

    #[test]
    fn an_answer_of_the_environment_before_is_not_shown_as_of_this_one() {
        let page = || Shared::new(KillPage { position: Position::default(), kills: vec![kill(1.0, 0)] });
        let late = |environment: &str| {
            vec![
                Action::of(environment, Action::Kills(Ok(page()))),
                Action::of(environment, Action::Kill { kill: Box::new(kill(1.0, 9)), received: 2.0 }),
            ]
        };
        let production = Rc::new(Live { environment: "production".into(), ..Live::default() });
        let after = |actions: Vec<Action>| actions.into_iter().fold(production.clone(), |live, each| live.reduce(each));
        let live = after(late("staging"));
        assert_eq!((live.kill_count(), dark(&live)), (None, None));
        let live = after(late("production"));
        assert_eq!((live.kill_count(), dark(&live)), (Some(1), Some(9)));
    }

    #[test]
    fn the_first_loss_counts_and_coming_back_asks_again() {
        let live = run(vec![Action::Opened { now: 1.0 }, Action::Lost { now: 5.0 }, Action::Lost { now: 9.0 }]);
        assert_eq!(live.connection, Connection::Lost { since: 5.0 });
        let again = live.clone().reduce(Action::Opened { now: 12.0 });
        assert_eq!((again.connection, again.generation), (Connection::Open, live.generation + 1));
    }

    #[test]
    fn who_is_there_is_of_the_environment_that_is_looked_at() {
        let seat = |actor: &str| SeatView {
            actor: actor.into(),
            name: None,
            tab: "t".into(),
            flag: "f".into(),
            edits: false,
            since: "2026-11-23T20:14:07.000Z".into(),
        };
        let present = |environment: &str, actor| Action::of(environment, Action::Present(vec![seat(actor)]));
        let live = run(vec![Action::Choose("production".into()), present("production", "a"), present("staging", "b")]);
        assert_eq!(live.seats, [seat("a")]);
        let view = downhaul_control::api::PresenceView { seats: vec![] };
        let gone = Action::Heard { event: Box::new(ConsoleEvent::Presence(view)), now: 1.0, received: 1.0 };
        assert_eq!(live.reduce(gone).seats, []);
    }

    #[test]
    fn breakers_that_say_nothing_new_draw_nothing_anew() {
        let told = |environment: &str, open: &[&str]| {
            Action::of(environment, Action::OpenBreakers(open.iter().map(|key| (*key).to_owned()).collect()))
        };
        let live = run(vec![Action::Choose("production".into()), told("staging", &["a"])]);
        assert_eq!(live.open_breakers, None, "of another environment");
        let live = live.reduce(told("production", &["a", "b"]));
        assert!(live.open_breakers.as_deref().is_some_and(|open| open == ["a", "b"]));
        assert!(Rc::ptr_eq(&live, &live.clone().reduce(told("production", &["a", "b"]))));
    }

    #[test]
    fn alarms_are_asked_for_whenever_something_of_them_is_told() {
        let told = |unattended| Action::Heard {
            event: Box::new(ConsoleEvent::Alarms { open: 3, unattended }),
            now: 1.0,
            received: 1.0,
        };
        let live = run(vec![told(2), told(1)]);
        assert_eq!(live.alarms, Alarms { unattended: 1, told: 2 });
        assert_eq!(live.reduce(told(1)).alarms, Alarms { unattended: 1, told: 3 });
    }

    #[test]
    fn another_environment_starts_from_nothing() {
        let live = run(vec![Action::Choose("production".into()), Action::Opened { now: 1.0 }]);
        let same = live.clone().reduce(Action::Choose("production".into()));
        assert!(Rc::ptr_eq(&live, &same));
        let other = live.reduce(Action::Choose("staging".into()));
        assert_eq!(*other, Live { environment: "staging".into(), ..Live::default() });
    }
}
