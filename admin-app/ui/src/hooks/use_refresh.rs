use super::{Console, clock};
use crate::backend::Failure;
use crate::state::live::Action;
use crate::state::refresh::{News, Refresh};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use yew::prelude::*;

thread_local! {
    static ASKERS: Cell<u32> = const { Cell::new(0) };
}

/// Who asks the server for something again and again, and tells the console when what is shown of it could not be read again.
#[derive(Clone)]
pub struct Asker {
    number: u32,
    refresh: Rc<RefCell<Refresh>>,
    console: Console,
}

impl Asker {
    pub fn new(console: &Console) -> Asker {
        let number = ASKERS.with(|askers| askers.replace(askers.get() + 1));
        Asker { number, refresh: Rc::default(), console: console.clone() }
    }

    /// The number of a request that goes out now.
    pub fn ask(&self) -> u32 {
        self.refresh.borrow_mut().ask()
    }

    /// Whether what was asked for later is there already.
    pub fn is_late(&self, request: u32) -> bool {
        self.refresh.borrow().is_late(request)
    }

    /// What came of a request: nothing where it was answered well.
    pub fn answer(&self, environment: &str, request: u32, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.console.failed(failure);
        }
        let news = self.refresh.borrow_mut().answer(request, failure, clock::now());
        self.tell(environment, news);
    }

    /// What is known of it is shown no more.
    pub fn forget(&self, environment: &str) {
        let news = self.refresh.borrow_mut().forget();
        self.tell(environment, news);
    }

    fn tell(&self, environment: &str, news: Option<News>) {
        if let Some(news) = news {
            self.console.live.dispatch(Action::of(environment, Action::Refreshed { asker: self.number, news }));
        }
    }
}

/// An asker for as long as this part of the page is there.
#[hook]
pub fn use_asker(console: &Console) -> Asker {
    let asker = (*use_memo((), |()| Asker::new(console))).clone();
    {
        let asker = asker.clone();
        use_effect_with(console.live.environment.clone(), move |environment| {
            let environment = environment.clone();
            move || asker.forget(&environment)
        });
    }
    asker
}
