//! Who works out blast radii for the page, whatever that is.

use super::Window;
use super::worker::InWorker;
use crate::radius::{Answer, Ask};
use std::rc::Rc;

/// Does one thing after another; ended when dropped.
pub trait Hands {
    fn ask(&self, ask: &Ask);

    /// Replays are over these people from now on; ready once they are there.
    fn take(&self, people: People) -> super::Taking;

    /// Whether they take in a whole population, however large it is.
    fn take_whole(&self) -> bool;
}

/// Over whom drafts are replayed.
#[derive(Debug, Clone, PartialEq)]
pub enum People {
    /// A sample in its binary form.
    Sample(Vec<u8>),
    /// Everyone at a path of the API.
    At(String),
}

/// What they say.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Answer(Box<Answer>),
    /// The part of a replay that is done.
    Progress(f64),
    /// Why they work no more.
    Failed(String),
}

pub type Telling = Rc<dyn Fn(Told)>;

/// Those that there are where the console runs. Not a part of [`Backend`](super::Backend): what they say would then have to be
/// read by what is fetched first.
pub fn hands(tell: Telling) -> Option<Box<dyn Hands>> {
    match Window::here() {
        Some(window) => window.hands(tell),
        None => Some(Box::new(InWorker::start(tell)?)),
    }
}
