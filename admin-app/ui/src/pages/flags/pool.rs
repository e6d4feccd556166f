//! The rows of the list as elements that are made once: a row that leaves the screen is written anew as one that comes, so
//! that scrolling makes nothing and throws nothing away.

use super::row::RowWords;
use super::slot::Slot;
use crate::hooks::clock;
use crate::hooks::stillness::{REST, is_moving};
use crate::state::window::{Heights, Range, WHOLE, missing};
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// As many rows that are not in sight yet are written in one frame; while somebody scrolls, one that has to be made counts
/// for so many.
const A_FRAME: usize = 8;
const MAKING: usize = 4;
/// No frame follows another sooner, in milliseconds: two looks so near each other are of the same one.
const SAME_FRAME: f64 = 5.0;

/// What is listed, and how a row of it looks.
pub struct Listed {
    pub keys: Rc<[String]>,
    pub words: Box<dyn Fn(usize) -> Option<RowWords>>,
    /// Whether the row has the cursor, and whether it is chosen.
    pub marks: Box<dyn Fn(usize) -> (bool, bool)>,
}

pub struct Pool {
    body: HtmlElement,
    listed: Listed,
    heights: Heights,
    /// Those that are in the list, in the order in which they stand in the document.
    slots: Vec<Slot>,
    /// Others, taken out of it.
    spare: Vec<Slot>,
    /// Rows that were written and not measured yet.
    unmeasured: Vec<usize>,
    sight: Range,
    /// Where the list was seen last: see [`Pool::place`].
    seen: Option<(f64, f64)>,
    height: f64,
    moved_at: f64,
    looked_at: f64,
    resting: Option<Timeout>,
    next_frame: Option<Closure<dyn FnMut()>>,
    asked_frame: Option<i32>,
    this: Weak<RefCell<Pool>>,
}

impl Pool {
    pub fn of(body: HtmlElement, listed: Listed) -> Rc<RefCell<Pool>> {
        Rc::new_cyclic(|this: &Weak<RefCell<Pool>>| {
            let again = this.clone();
            let next_frame = Closure::new(move || {
                if let Some(pool) = again.upgrade() {
                    let mut pool = pool.borrow_mut();
                    pool.asked_frame = None;
                    // Somebody scrolls. To look twice would lay rows out twice.
                    if clock::monotonic() - pool.looked_at < SAME_FRAME {
                        pool.ask_for_frame();
                    } else {
                        pool.look();
                    }
                }
            });
            RefCell::new(Pool {
                body,
                listed,
                heights: Heights::default(),
                slots: Vec::new(),
                spare: Vec::new(),
                unmeasured: Vec::new(),
                sight: Range::default(),
                seen: None,
                height: 0.0,
                moved_at: 0.0,
                looked_at: f64::NEG_INFINITY,
                resting: None,
                next_frame: Some(next_frame),
                asked_frame: None,
                this: this.clone(),
            })
        })
    }

    /// Something of what is listed has changed.
    pub fn list(&mut self, listed: Listed) {
        let are_same = Rc::ptr_eq(&self.listed.keys, &listed.keys);
        self.listed = listed;
        if are_same && self.is_long() && is_moving() { self.renew() } else { self.show() }
    }

    /// The same rows say something else while somebody scrolls or writes: the order of their elements waits.
    fn renew(&mut self) {
        self.age();
        self.look();
    }

    /// All rows anew.
    pub fn show(&mut self) {
        self.heights.list(&self.listed.keys);
        if !self.is_long() {
            return self.show_whole();
        }
        // Where it was a moment ago: to ask again would lay out the whole page, before any row is written. The next frame asks.
        let Some((above, screen)) = self.seen.or_else(|| self.place()) else { return };
        self.sight = self.heights.between(above, screen);
        let wanted = self.wanted(above, screen);
        self.assign(wanted);
        self.age();
        // However many are in sight now; the others follow.
        self.bring(wanted, self.sight, 0);
        self.measure();
        self.fit();
        if is_moving() {
            self.settle_later();
        } else {
            self.order();
        }
        if above + screen > self.height {
            // The page has become too short to be where it was.
            self.look();
        } else {
            self.ask_for_frame();
        }
    }

    /// A short list stands as any other table does.
    fn show_whole(&mut self) {
        let count = self.listed.keys.len();
        let whole = Range { from: 0, to: count };
        self.assign(whole);
        self.write_all();
        self.bring(whole, whole, usize::MAX);
        for slot in &mut self.slots {
            slot.stand();
        }
        self.unmeasured.clear();
        let _ = self.body.style().remove_property("height");
        self.height = 0.0;
        self.seen = None;
        self.order();
    }

    pub fn scrolled(&mut self) {
        if !self.is_long() {
            return;
        }
        self.look();
        self.settle_later();
    }

    pub fn resized(&mut self) {
        self.heights.forget();
        self.seen = None;
        self.slots.iter_mut().chain(&mut self.spare).for_each(Slot::doubt);
        self.show();
    }

    /// Brings a row into sight, without moving anything if it is.
    pub fn reveal(&mut self, row: usize) {
        if let Some(slot) = self.slots.iter().find(|slot| slot.row == row) {
            let options = ScrollIntoViewOptions::new();
            options.set_block(ScrollLogicalPosition::Nearest);
            slot.element.scroll_into_view_with_scroll_into_view_options(&options);
            return;
        }
        let (Some((above, screen)), Some(window)) = (self.place(), web_sys::window()) else { return };
        window.scroll_by_with_x_and_y(0.0, self.heights.over(0..row) - above - screen / 2.0);
    }

    fn is_long(&self) -> bool {
        self.listed.keys.len() > WHOLE
    }

    /// How far the upper edge of the screen is below that of the list, and how high the screen is.
    fn place(&mut self) -> Option<(f64, f64)> {
        let screen = web_sys::window()?.inner_height().ok()?.as_f64()?;
        self.seen = Some((-self.body.get_bounding_client_rect().top(), screen));
        self.seen
    }

    /// A screen above what is in sight and one below it. At the beginning two below: whoever scrolls on from there needs no
    /// row that has to be made.
    fn wanted(&self, above: f64, screen: f64) -> Range {
        self.heights.between((above - screen).max(0.0), 3.0 * screen)
    }

    /// Draws what comes into sight.
    fn look(&mut self) {
        // What the last frame wrote is laid out by now, so this waits for nothing.
        self.measure();
        let Some((above, screen)) = self.place() else { return };
        self.sight = self.heights.between(above, screen);
        let wanted = self.wanted(above, screen);
        let (sight, before) = (self.sight, self.unmeasured.len());
        let is_all = self.bring(wanted, sight, A_FRAME);
        if self.unmeasured.iter().skip(before).any(|row| sight.holds(*row)) {
            self.measure();
        }
        self.put(wanted);
        self.looked_at = clock::monotonic();
        if !is_all || !self.unmeasured.is_empty() {
            self.ask_for_frame();
            // However late the last of them comes, it is put in order.
            self.settle_later();
        }
    }

    /// Writes rows that are wanted and not there: those in sight, and so many others; whether these are all.
    fn bring(&mut self, wanted: Range, sight: Range, others: usize) -> bool {
        let shown: Vec<usize> = self.slots.iter().filter(|slot| !slot.is_stale).map(|slot| slot.row).collect();
        let missing = missing(&shown, wanted, sight);
        if missing.is_empty() {
            return true;
        }
        // The row that has the focus stays as it is, wherever it is.
        let focused = self.focused();
        let mut free: Vec<usize> = (0..self.slots.len())
            .filter(|at| Some(*at) != focused && self.slots.get(*at).is_some_and(|slot| !wanted.holds(slot.row)))
            .collect();
        let mut left = others;
        for row in missing {
            let stale = self.slots.iter().position(|slot| slot.row == row);
            if !sight.holds(row) {
                let is_made = stale.is_none() && free.is_empty() && self.spare.is_empty();
                let costs = if is_made && is_moving() { MAKING } else { 1 };
                if left < costs {
                    return false;
                }
                left -= costs;
            }
            let at = match stale.or_else(|| free.pop()) {
                Some(at) => at,
                None => {
                    let Some(slot) = self.spare.pop().or_else(Slot::new) else { return true };
                    let _ = self.body.append_child(&slot.element);
                    self.slots.push(slot);
                    self.slots.len() - 1
                }
            };
            self.write(at, row);
            self.unmeasured.push(row);
        }
        true
    }

    fn write_all(&mut self) {
        for at in 0..self.slots.len() {
            if let Some(row) = self.slots.get(at).map(|slot| slot.row) {
                self.write(at, row);
            }
        }
    }

    /// All have to be written anew: those in sight at once, the others when their turn comes.
    fn age(&mut self) {
        self.unmeasured.clear();
        for slot in &mut self.slots {
            slot.is_stale = true;
        }
    }

    fn write(&mut self, at: usize, row: usize) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        let Some(words) = (self.listed.words)(row) else { return };
        let (has_cursor, is_chosen) = (self.listed.marks)(row);
        slot.write(row, words);
        slot.mark(has_cursor, is_chosen, row + 1 == self.listed.keys.len());
    }

    /// Takes in how high rows are that were written. What is in sight stays where it is.
    fn measure(&mut self) {
        if self.unmeasured.is_empty() {
            return;
        }
        let before = self.heights.over(0..self.sight.from);
        let mut others = Vec::new();
        for row in std::mem::take(&mut self.unmeasured) {
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.row == row) {
                self.heights.measured(row, slot.height());
                others.extend(slot.too_long().map(|clips| (row, clips)));
            }
        }
        // Once all is read: the next that is read would be laid out anew.
        for (row, clips) in &others {
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.row == *row) {
                slot.clip(*clips);
            }
        }
        for (row, _) in others {
            if let Some(slot) = self.slots.iter().find(|slot| slot.row == row) {
                self.heights.measured(row, slot.height());
            }
        }
        self.keep(before);
    }

    /// Rows above what is in sight are higher or lower than it was taken for.
    fn keep(&self, before: f64) {
        let moved = self.heights.over(0..self.sight.from) - before;
        if moved.abs() >= 0.5
            && let Some(window) = web_sys::window()
        {
            window.scroll_by_with_x_and_y(0.0, moved);
        }
    }

    /// Every row at its place, also those that nobody wants any more: heights may have changed since.
    fn put(&mut self, wanted: Range) {
        let mut places = Vec::with_capacity(wanted.to - wanted.from);
        let mut y = self.heights.over(0..wanted.from);
        for row in wanted.from..wanted.to {
            places.push(y);
            y += self.heights.of(row);
        }
        for slot in &mut self.slots {
            let y = slot.row.checked_sub(wanted.from).and_then(|at| places.get(at)).copied();
            slot.put(y.unwrap_or_else(|| self.heights.over(0..slot.row)));
        }
        // Elsewhere it waits until nobody scrolls: the whole page is laid out with it.
        if wanted.to == self.heights.count() {
            self.stretch();
        }
    }

    fn stretch(&mut self) {
        let height = self.heights.over(0..self.heights.count());
        if (height - self.height).abs() >= 0.5 {
            self.height = height;
            let _ = self.body.style().set_property("height", &format!("{height}px"));
        }
    }

    fn ask_for_frame(&mut self) {
        if let (None, Some(window), Some(next)) = (self.asked_frame, web_sys::window(), &self.next_frame) {
            self.asked_frame = window.request_animation_frame(next.as_ref().unchecked_ref()).ok();
        }
    }

    fn settle_later(&mut self) {
        self.moved_at = clock::monotonic();
        if self.resting.is_none() {
            self.rest_after(REST);
        }
    }

    fn rest_after(&mut self, wait: f64) {
        let this = self.this.clone();
        self.resting = Some(Timeout::new(wait.ceil() as u32, move || {
            let Some(pool) = this.upgrade() else { return };
            let mut pool = pool.borrow_mut();
            pool.resting = None;
            let left = pool.moved_at + REST - clock::monotonic();
            if left > 1.0 {
                pool.rest_after(left);
            } else if is_moving() {
                pool.rest_after(REST);
            } else {
                pool.settle();
            }
        }));
    }

    /// Nobody scrolls or writes: what makes the page be laid out anew, and the order in which keys and screen readers go through it.
    fn settle(&mut self) {
        if self.is_long() {
            self.fit();
            self.order();
        }
    }

    /// The list as high as its rows are.
    fn fit(&mut self) {
        let before = self.heights.over(0..self.sight.from);
        self.heights.settle();
        self.stretch();
        self.keep(before);
        if let Some((above, screen)) = self.seen {
            self.put(self.wanted(above, screen));
        }
    }

    /// Rows one after another in the document. The one that has the focus is not moved, since it would lose it.
    fn order(&mut self) {
        let focused = self.focused().and_then(|at| self.slots.get(at)).map(|slot| slot.row);
        self.slots.sort_by_key(|slot| slot.row);
        let mut next: Option<&Element> = None;
        for slot in self.slots.iter().rev() {
            let element: &Element = &slot.element;
            if Some(slot.row) != focused && element.next_element_sibling().as_ref() != next {
                let _ = self.body.insert_before(element, next.map(AsRef::as_ref));
            }
            next = Some(element);
        }
    }

    fn focused(&self) -> Option<usize> {
        let focus = web_sys::window()?.document()?.active_element()?;
        let row = focus.closest("tr").ok().flatten()?;
        self.slots.iter().position(|slot| *slot.element == row)
    }

    /// Says which rows elements are for, in the order in which they stand in the document: to move them would have each laid out
    /// anew. Where that is the order of their rows already, or one has the focus, all that can stay for their row do.
    fn assign(&mut self, wanted: Range) {
        let held: Vec<usize> = self.slots.iter().map(|slot| slot.row).filter(|row| wanted.holds(*row)).collect();
        let is_whole = held.len() == wanted.to - wanted.from && held.is_sorted();
        let stays = is_whole || self.focused().is_some();
        let rows = (wanted.from..wanted.to).map(Some).chain(std::iter::repeat(None));
        let (mut stay, mut go) = (Vec::new(), Vec::new());
        for (mut slot, row) in std::mem::take(&mut self.slots).into_iter().zip(rows) {
            let kept = if stays { Some(slot.row).filter(|row| wanted.holds(*row)) } else { row };
            match kept {
                Some(row) => {
                    slot.row = row;
                    stay.push(slot);
                }
                None => go.push(slot),
            }
        }
        self.slots = stay;
        self.put_aside(go);
    }

    fn put_aside(&mut self, slots: Vec<Slot>) {
        for slot in slots {
            slot.element.remove();
            self.spare.push(slot);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let (Some(asked), Some(window)) = (self.asked_frame, web_sys::window()) {
            let _ = window.cancel_animation_frame(asked);
        }
    }
}
