use super::editing::{problems_html, use_editing};
use super::fields::TextField;
use crate::components::{Icon, Placed};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::shares::{self, LARGE_STEP, STEP, Shares, WHOLE};
use crate::words::number::share;
use crate::words::text::common;
use crate::words::text::edit as text;
use serde_json::Value;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SplitProps {
    /// JSON pointer of the split.
    pub at: AttrValue,
    pub split: Value,
    /// The slices that are published for this rule; others keep those who have a variant as well as they can.
    pub published: Option<Value>,
    pub salt: AttrValue,
    pub test: AttrValue,
}

/// Who gets how much: a bar with handles, and the same as numbers.
#[function_component]
pub fn Split(props: &SplitProps) -> Html {
    let editing = use_editing();
    let bar = use_node_ref();
    let slices = props.split.get("slices").cloned().unwrap_or_default();
    // As they stand in what is published, so that no part changes its place while it is moved.
    let first = use_mut_ref(|| slices.clone());
    let order = shares::order(&editing.variants, props.published.as_ref().unwrap_or(&first.borrow()));
    let shares = Shares::of(&order, &slices);
    // Without published ones, what stood there when it was taken hold of.
    let held = use_mut_ref(|| None::<Value>);
    let place = step(&props.at, "slices");
    let put = {
        let (editing, place, published) = (editing.clone(), place.clone(), props.published.clone());
        let (held, now) = (held.clone(), slices.clone());
        Callback::from(move |shares: Shares| {
            let before =
                published.clone().unwrap_or_else(|| held.borrow_mut().get_or_insert_with(|| now.clone()).clone());
            editing.typed(Edit::put(place.clone(), shares.slices(&shares::read(&before))));
        })
    };
    let settle = {
        let (settle, held) = (editing.settle(), held);
        Callback::from(move |()| {
            held.replace(None);
            settle.emit(());
        })
    };
    let before = props.published.as_ref().map(|slices| Shares::of(&order, slices));
    let parts = shares.parts();
    let last = parts.len().saturating_sub(1);
    let name =
        |part: usize| parts.get(part).and_then(|(key, _)| key.clone()).unwrap_or_else(|| text::NEXT_RULE.to_owned());
    let goes_on = parts.last().is_some_and(|(_, width)| *width > 0);
    // The border before those that go on to the next rule only where there are some.
    let handles = if goes_on { last } else { last.saturating_sub(1) };
    let ghost = before.as_ref().filter(|before| **before != shares && handles > 0).map(|before| before.end(0));
    let fragments = slices.as_array().map_or(0, Vec::len);
    let named = parts.iter().filter(|(key, width)| key.is_some() && *width > 0).count();
    html! {
        <div class="split">
            <div class="splitbar" ref={bar.clone()} data-test={format!("{}-bar", props.test)}>
                if let Some(was) = ghost {
                    <Placed class="ghost" left={Some(percent(was))}><span>{ text::was_share(&share(was)) }</span></Placed>
                }
                { for parts.iter().filter(|(_, width)| *width > 0).map(|(key, width)| {
                    let class = key.as_ref().map_or("rest", |key| editing.swatches.class(key));
                    let words = format!("{} {}", key.clone().unwrap_or_else(|| text::NEXT_RULE.to_owned()), share(*width));
                    html! { <Placed class={classes!("sl", class)} width={Some(percent(*width))} title={words.clone()}>if key.is_some() { <i class={classes!("sw", class)}></i> }{ words }</Placed> }
                }) }
                { for (0..handles).map(|part| html! {
                    <Handle key={part} {part} shares={shares.clone()} before={name(part)} after={name(part + 1)} bar={bar.clone()} on_shares={put.clone()} on_settle={settle.clone()} test={format!("{}-handle-{}", props.test, part + 1)} />
                }) }
            </div>
            <div class="scale" aria-hidden="true"><span>{ text::BUCKET_0 }</span><span class="at-25">{ text::TWENTY_FIVE_THOUSAND }</span><span class="at-50">{ common::FIFTY_THOUSAND }</span><span class="at-75">{ text::SEVENTY_FIVE_THOUSAND }</span><span class="at-100">{ common::A_HUNDRED_THOUSAND }</span></div>
            <div class="slices" data-at={place.clone()}>
                { for parts.iter().enumerate().map(|(part, (key, width))| html! {
                    <ShareField key={part} {part} shares={shares.clone()} width={*width} name={key.clone()} class={key.as_ref().map(|key| editing.swatches.class(key))} on_shares={put.clone()} on_settle={settle.clone()}
                        test={format!("{}-share-{}", props.test, key.as_deref().unwrap_or("rest"))} />
                }) }
                if let Some(before) = &before { { keeps(before, &shares) } }
                if fragments > named { <span class="faint">{ text::slices_so_that_as_few_as(&fragments) }</span> }
            </div>
            { problems_html(&editing, &place) }
            <details class="fine"><summary class="small">{ text::BUCKETING_UNIT_AND_SALT }</summary>
                <div class="cols c2">
                    <TextField at={step(&props.at, "by")} label={text::SHARE_OUT_BY} value={super::editing::text_at(&props.split, "by").to_owned()} optional=true mono=true placeholder={text::TARGETINGKEY} list="known-attributes"
                        help={text::WHO_HAS_THE_SAME_VALUE_ALWAYS} />
                    <TextField at={step(&props.at, "salt")} label={text::SALT} value={super::editing::text_at(&props.split, "salt").to_owned()} optional=true mono=true placeholder={props.salt.clone()}
                        help={text::FLAGS_THAT_SHARE_ONE_SHARE_THEIR} />
                </div>
            </details>
        </div>
    }
}

fn percent(width: u32) -> f64 {
    f64::from(width) / 1000.0
}

/// Whether anyone loses what they have.
fn keeps(before: &Shares, now: &Shares) -> Html {
    let losers: Vec<String> = before
        .parts()
        .iter()
        .filter_map(|(key, width)| {
            let key = key.as_ref()?;
            let own = now.parts().iter().find(|(each, _)| each.as_ref() == Some(key)).map_or(0, |(_, width)| *width);
            (own < *width).then(|| text::share_lose_key(&share(width - own), &key))
        })
        .collect();
    if before == now {
        return Html::default();
    }
    let gained: Vec<&str> = before
        .parts()
        .iter()
        .zip(now.parts())
        .filter_map(|((key, was), (_, is))| (is > was).then_some(key.as_deref()?))
        .collect();
    let kept = (!gained.is_empty()).then(|| {
        html! { <span class="row ok-ink small"><Icon name="check" small=true />{ text::no_one_loses(&gained.join(text::AMID_OR)) }</span> }
    });
    match losers.as_slice() {
        [] => {
            html! { <span class="row ok-ink small"><Icon name="check" small=true />{ text::NO_ONE_LOSES_A_VARIANT }</span> }
        }
        losers => html! { <>{ kept }<span class="small muted">{ losers.join(", ") }</span></> },
    }
}

#[derive(Debug, Properties, PartialEq)]
struct HandleProps {
    part: usize,
    shares: Shares,
    before: String,
    after: String,
    bar: NodeRef,
    on_shares: Callback<Shares>,
    on_settle: Callback<()>,
    test: String,
}

/// The border between two variants: dragged, or moved by arrow keys.
#[function_component]
fn Handle(props: &HandleProps) -> Html {
    let end = props.shares.end(props.part);
    let to = {
        let (shares, part, on_shares) = (props.shares.clone(), props.part, props.on_shares.clone());
        move |end: u32| on_shares.emit(shares.with_border(part, end))
    };
    let on_key = {
        let (to, settle) = (to.clone(), props.on_settle.clone());
        Callback::from(move |event: KeyboardEvent| {
            let step = if event.shift_key() { LARGE_STEP } else { STEP };
            let wanted = match event.key().as_str() {
                // To the next whole step, as far as one is between.
                "ArrowRight" | "ArrowUp" => end.saturating_add(step - end % STEP),
                "ArrowLeft" | "ArrowDown" => {
                    end.saturating_sub(if end.is_multiple_of(STEP) { step } else { step - STEP + end % STEP })
                }
                "PageUp" => end.saturating_add(2 * LARGE_STEP),
                "PageDown" => end.saturating_sub(2 * LARGE_STEP),
                "Home" => 0,
                "End" => WHOLE,
                "Enter" => return settle.emit(()),
                _ => return,
            };
            event.prevent_default();
            to(wanted);
        })
    };
    // Not the event's current target: what listens is the root of the page, and a pointer that it captured never comes here.
    let handle = use_node_ref();
    let on_down = {
        let handle = handle.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(handle) = handle.cast::<Element>() {
                // A pointer that is gone already cannot be captured.
                let _ = handle.set_pointer_capture(event.pointer_id());
            }
        })
    };
    let on_move = {
        let (bar, handle) = (props.bar.clone(), handle.clone());
        Callback::from(move |event: PointerEvent| {
            let is_held = handle.cast::<Element>().is_some_and(|handle| handle.has_pointer_capture(event.pointer_id()));
            let Some(bar) = bar.cast::<Element>().filter(|_| is_held) else { return };
            let area = bar.get_bounding_client_rect();
            if area.width() > 0.0 {
                let part = ((f64::from(event.client_x()) - area.left()) / area.width()).clamp(0.0, 1.0);
                // In whole per cent: finer shares are typed.
                to((part * 100.0).round() as u32 * STEP);
            }
        })
    };
    let on_up = props.on_settle.reform(|_: PointerEvent| ());
    let on_blur = props.on_settle.reform(|_: FocusEvent| ());
    let own = props.shares.parts().get(props.part).map_or(0, |(_, width)| *width);
    let next = props.shares.parts().get(props.part + 1).map_or(0, |(_, width)| *width);
    let spoken = format!("{} {}, {} {}", share(own), props.before, share(next), props.after);
    html! {
        <Placed class="at" left={Some(percent(end))}>
            <button type="button" class="handle" role="slider" ref={handle} aria-label={text::border_between_and(&props.before, &props.after)} aria-valuemin="0" aria-valuemax="100"
                aria-valuenow={(f64::from(end) / 1000.0).to_string()} aria-valuetext={spoken} data-test={props.test.clone()}
                onkeydown={on_key} onpointerdown={on_down} onpointermove={on_move} onpointerup={on_up} onblur={on_blur}></button>
        </Placed>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct ShareFieldProps {
    part: usize,
    shares: Shares,
    width: u32,
    /// `None` for those that go on.
    name: Option<String>,
    class: Option<&'static str>,
    on_shares: Callback<Shares>,
    on_settle: Callback<()>,
    test: String,
}

fn figure(width: u32) -> String {
    share(width).replace("\u{202F}%", "")
}

#[function_component]
fn ShareField(props: &ShareFieldProps) -> Html {
    let typed = use_state(|| None::<String>);
    // What has come of it otherwise, such as by a handle, takes the place of what was typed.
    let is_own = typed.as_ref().is_some_and(|text| shares::typed(text).is_none_or(|width| width == props.width));
    let shown = if is_own { (*typed).clone().unwrap_or_default() } else { figure(props.width) };
    let is_wrong = is_own && typed.as_ref().is_some_and(|text| shares::typed(text).is_none());
    let on_input = {
        let (typed, shares, part, on_shares) =
            (typed.clone(), props.shares.clone(), props.part, props.on_shares.clone());
        Callback::from(move |event: InputEvent| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            if let Some(width) = shares::typed(&text) {
                on_shares.emit(shares.with(part, width));
            }
            typed.set(Some(text));
        })
    };
    let on_blur = {
        let (typed, settle) = (typed.clone(), props.on_settle.clone());
        Callback::from(move |_: FocusEvent| {
            typed.set(None);
            settle.emit(());
        })
    };
    let name = props.name.clone().unwrap_or_else(|| text::NEXT_RULE.to_owned());
    html! {
        <label>
            if let Some(class) = props.class { <i class={classes!("sw", class)}></i><span class="mono">{ &name }</span> } else { <span class="faint">{ text::GO_ON_TO_THE_NEXT_RULE }</span> }
            <input class="input" value={shown} inputmode="decimal" aria-label={text::name_per_cent(&name)} aria-invalid={is_wrong.to_string()} data-test={props.test.clone()} oninput={on_input} onblur={on_blur} />{ text::U }
        </label>
    }
}
