//! The elements of one row. On a narrow screen it is a card.

use super::row::{Action, Chips, RowWords};
use crate::words::text::common;
use crate::words::text::flags as text;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement};

/// What is never otherwise; the rest is written into the parts, in their order.
const MODEL: &str = r##"<tr><td class="c-pick"><input type="checkbox" class="check" data-part></td>
<td class="c-flag"><a class="key" data-part></a><span class="crit" role="img" hidden data-part></span><small class="faint" data-part></small></td>
<td class="c-state"><span class="chips" data-test="flag-state" data-part><span class="chip warn" hidden data-part><span data-part></span></span><span class="chip serving" data-part></span></span></td>
<td class="c-who"><div class="share" role="img" data-part></div><small class="muted" data-part></small></td>
<td class="c-kind"><span data-part></span><small class="faint" data-part></small></td>
<td class="c-exp"><span data-part></span><small data-part></small></td>
<td class="c-act" data-part><a data-part></a></td></tr>"##;
const KILLED: &str = r##"<span class="chip killed"><svg class="sig" viewBox="0 0 14 14" aria-hidden="true"><use href="#s-kill"></use></svg><span class="trunc"></span></span>"##;
const OPEN: &str = r##"<span class="chip warn"><svg class="sig" viewBox="0 0 14 14" aria-hidden="true"><use href="#s-degraded"></use></svg><span></span></span>"##;
/// Few rows need them, and each is an image that a browser makes anew for every copy.
const SHIELD: &str = r##"<svg class="i s" aria-hidden="true"><use href="#i-shield"></use></svg>"##;
const ALERT: &str = r##"<svg class="i" aria-hidden="true"><use href="#i-alert"></use></svg>"##;

pub struct Slot {
    pub element: HtmlElement,
    /// The place in the list of the row that it is for, from 0.
    pub row: usize,
    /// It does not say yet what that row says now.
    pub is_stale: bool,
    /// How far below the list's upper edge it is, where it is put.
    y: Option<f64>,
    words: Option<RowWords>,
    /// The place that it says.
    index: Option<usize>,
    class: &'static str,
    parts: Parts,
    /// Which of [`Slot::clippable`] are too long for their place, and of which that is not known.
    clips: [bool; CLIPPABLE],
    unsure: [bool; CLIPPABLE],
}

/// Texts that may be too long for their place.
const CLIPPABLE: usize = 4;

struct Parts {
    pick: HtmlInputElement,
    key: Element,
    critical: Element,
    description: Element,
    chips: Element,
    overdue: Element,
    overdue_words: Element,
    serving: Element,
    strip: HtmlElement,
    who: Element,
    kind: Element,
    owner: Element,
    date: Element,
    distance: Element,
    act: Element,
    link: Element,
}

thread_local! {
    static ROW: Option<Element> = model();
    static CHIP: Option<Element> = made("span", KILLED);
    static BREAKER: Option<Element> = made("span", OPEN);
    static SIGNS: [Option<Element>; 2] = [made("span", SHIELD), made("span", ALERT)];
}

fn model() -> Option<Element> {
    let row = made("tbody", MODEL)?;
    let critical = row.query_selector(".crit").ok()??;
    set(&critical, "aria-label", common::CRITICAL);
    set(&critical, "title", text::LARGE_CHANGES_AND_RESTORES_MATTER_MOST);
    Some(row)
}

fn made(around: &str, text: &str) -> Option<Element> {
    let around = web_sys::window()?.document()?.create_element(around).ok()?;
    around.set_inner_html(text);
    around.first_element_child()
}

fn copy(model: Option<&Element>) -> Option<Element> {
    model?.clone_node_with_deep(true).ok()?.dyn_into().ok()
}

impl Slot {
    pub fn new() -> Option<Self> {
        let element: HtmlElement = ROW.with(|row| copy(row.as_ref()))?.dyn_into().ok()?;
        let found = element.query_selector_all("[data-part]").ok()?;
        let mut parts = (0..found.length()).filter_map(|at| found.item(at)?.dyn_into::<Element>().ok());
        // In this order.
        let parts = Parts {
            pick: parts.next()?.dyn_into().ok()?,
            key: parts.next()?,
            critical: parts.next()?,
            description: parts.next()?,
            chips: parts.next()?,
            overdue: parts.next()?,
            overdue_words: parts.next()?,
            serving: parts.next()?,
            strip: parts.next()?.dyn_into().ok()?,
            who: parts.next()?,
            kind: parts.next()?,
            owner: parts.next()?,
            date: parts.next()?,
            distance: parts.next()?,
            act: parts.next()?,
            link: parts.next()?,
        };
        let (clips, unsure) = ([false; CLIPPABLE], [true; CLIPPABLE]);
        Some(Slot {
            element,
            row: 0,
            is_stale: false,
            y: None,
            words: None,
            index: None,
            class: "",
            parts,
            clips,
            unsure,
        })
    }

    fn clippable(&self) -> [&Element; CLIPPABLE] {
        let Parts { description, who, owner, distance, .. } = &self.parts;
        [description, who, owner, distance]
    }

    pub fn height(&self) -> f64 {
        self.element.get_bounding_client_rect().height()
    }

    /// Its width is another one.
    pub fn doubt(&mut self) {
        self.unsure = [true; CLIPPABLE];
    }

    /// Which texts are too long for their place, as it is laid out; none where these are the same as before.
    pub fn too_long(&mut self) -> Option<[bool; CLIPPABLE]> {
        let unsure = std::mem::take(&mut self.unsure);
        let mut clips = self.clips;
        for ((clips, element), _) in clips.iter_mut().zip(self.clippable()).zip(unsure).filter(|(_, unsure)| *unsure) {
            *clips =
                element.scroll_width() > element.client_width() || element.scroll_height() > element.client_height();
        }
        (clips != self.clips).then_some(clips)
    }

    /// Clips these alone: a browser paints each element that may clip apart from all else, and four in each row would take
    /// as much of a frame as everything else.
    pub fn clip(&mut self, clips: [bool; CLIPPABLE]) {
        for ((element, was), clips) in self.clippable().into_iter().zip(self.clips).zip(clips) {
            if was != clips {
                let _ = if clips {
                    element.set_attribute("data-clips", "")
                } else {
                    element.remove_attribute("data-clips")
                };
            }
        }
        self.clips = clips;
    }

    /// Says this from now on; only what differs is set.
    pub fn write(&mut self, row: usize, words: RowWords) {
        let (parts, first) = (&self.parts, self.words.is_none());
        let was = self.words.take().unwrap_or_default();
        if self.index != Some(row) {
            self.index = Some(row);
            set(&self.element, "aria-rowindex", &(row + 2).to_string());
        }
        if first || was.key != words.key {
            let key = &words.key;
            set(&self.element, "data-test", &format!("flag-row-{key}"));
            set(&parts.pick, "aria-label", &text::choose_key(&key));
            set(&parts.pick, "data-test", &format!("pick-{key}"));
            set(&parts.pick, "data-pick", key);
            set(&parts.act, "data-test", &format!("kill-open-{key}"));
            parts.key.set_text_content(Some(key));
        }
        if first || was.page != words.page {
            set(&parts.key, "href", &words.page);
        }
        show(&parts.critical, Some(was.is_critical), words.is_critical);
        if words.is_critical {
            sign(&parts.critical, 0);
        }
        text(&parts.description, first, &was.description, &words.description);
        self.write_chips(first, &was.chips, &words.chips);
        if first || was.strip != words.strip {
            show(&parts.strip, None, words.strip.is_some());
            if let Some((background, spoken)) = &words.strip {
                let _ = parts.strip.style().set_property("background", background);
                set(&parts.strip, "aria-label", spoken);
            }
        }
        text(&parts.who, first, &was.who, &words.who);
        if first || was.who_whole != words.who_whole {
            match &words.who_whole {
                Some(whole) => set(&parts.who, "title", whole),
                None => drop(parts.who.remove_attribute("title")),
            }
        }
        text(&parts.kind, first, was.kind, words.kind);
        text(&parts.owner, first, &was.owner, &words.owner);
        text(&parts.date, first, &was.date, &words.date);
        text(&parts.distance, first, &was.distance, &words.distance);
        if first || was.is_overdue != words.is_overdue {
            parts.date.set_class_name(if words.is_overdue { "warn-ink" } else { "" });
            parts.distance.set_class_name(if words.is_overdue { "warn-ink" } else { "faint" });
        }
        self.write_action(first, &was.action, &words.action);
        let differs = [
            was.description != words.description,
            was.who != words.who,
            was.owner != words.owner,
            was.distance != words.distance,
        ];
        for (unsure, differs) in self.unsure.iter_mut().zip(differs) {
            *unsure |= differs;
        }
        self.row = row;
        self.is_stale = false;
        self.words = Some(words);
    }

    fn write_chips(&self, first: bool, was: &Chips, chips: &Chips) {
        let parts = &self.parts;
        if first || was.state != chips.state {
            set(&parts.chips, "data-state", chips.state);
        }
        if first || (&was.killed, was.is_open) != (&chips.killed, chips.is_open) {
            for _ in 0..was.killed.len() + usize::from(was.is_open) {
                if let Some(old) = parts.chips.first_element_child() {
                    old.remove();
                }
            }
            let killed = chips.killed.iter().map(|killed| (&CHIP, killed.as_str()));
            for (model, said) in killed.chain(chips.is_open.then_some((&BREAKER, text::BREAKER_OPEN))) {
                let Some(chip) = model.with(|chip| copy(chip.as_ref())) else { continue };
                if let Some(words) = chip.last_element_child() {
                    words.set_text_content(Some(said));
                }
                let _ = parts.chips.insert_before(&chip, Some(&parts.overdue));
            }
        }
        if chips.overdue.is_some() {
            sign(&parts.overdue, 1);
        }
        for (chip, words, was, is) in [
            (&parts.overdue, &parts.overdue_words, &was.overdue, &chips.overdue),
            (&parts.serving, &parts.serving, &was.serving, &chips.serving),
        ] {
            show(chip, (!first).then_some(was.is_some()), is.is_some());
            if let Some(is) = is {
                text(words, first, was.as_deref().unwrap_or_default(), is);
            }
        }
    }

    fn write_action(&self, first: bool, was: &Action, action: &Action) {
        let parts = &self.parts;
        if first || was.to != action.to {
            set(&parts.link, "href", &action.to);
        }
        if first || was.is_restore != action.is_restore {
            parts.link.set_class_name(if action.is_restore { "btn s" } else { "btn s kill calm" });
        }
        text(&parts.link, first, was.word, action.word);
        if first || was.spoken != action.spoken {
            set(&parts.link, "aria-label", &action.spoken);
        }
    }

    pub fn mark(&mut self, has_cursor: bool, is_chosen: bool, is_last: bool) {
        let class = match (has_cursor, is_chosen, is_last) {
            (false, false, false) => "",
            (false, false, true) => "is-last",
            (false, true, false) => "is-chosen",
            (false, true, true) => "is-chosen is-last",
            (true, false, false) => "is-focus",
            (true, false, true) => "is-focus is-last",
            (true, true, false) => "is-focus is-chosen",
            (true, true, true) => "is-focus is-chosen is-last",
        };
        if class != self.class {
            self.class = class;
            self.element.set_class_name(class);
        }
        // A click has set it by itself.
        if self.parts.pick.checked() != is_chosen {
            self.parts.pick.set_checked(is_chosen);
        }
    }

    pub fn put(&mut self, y: f64) {
        if self.y != Some(y) {
            self.y = Some(y);
            let _ = self.element.style().set_property("transform", &format!("translateY({y}px)"));
        }
    }

    /// Where the document puts it.
    pub fn stand(&mut self) {
        if self.y.take().is_some() {
            let _ = self.element.style().remove_property("transform");
        }
        self.doubt();
    }
}

fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Puts the sign before what is in there, once.
fn sign(within: &Element, which: usize) {
    if within.first_element_child().is_none_or(|first| first.tag_name() != "svg")
        && let Some(sign) = SIGNS.with(|signs| copy(signs.get(which)?.as_ref()))
    {
        let _ = within.insert_before(&sign, within.first_child().as_ref());
    }
}

fn text(element: &Element, first: bool, was: &str, is: &str) {
    if first || was != is {
        element.set_text_content(Some(is));
    }
}

/// `was` is none where that is not known.
fn show(element: &Element, was: Option<bool>, is: bool) {
    if was != Some(is) {
        let _ = if is { element.remove_attribute("hidden") } else { element.set_attribute("hidden", "") };
    }
}
