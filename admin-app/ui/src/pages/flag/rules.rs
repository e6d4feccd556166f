use crate::components::{Icon, SentenceText, ShareBar, Sign, Swatches, Variant};
use crate::route::Route;
use crate::state::Shared;
use crate::words::kill;
use crate::words::number::share;
use crate::words::rule;
use crate::words::text::common;
use crate::words::text::flag as text;
use downhaul_control::api::KillView;
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, Rule, Split};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RulesProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
    pub kills: Vec<KillView>,
}

/// How the flag decides, in the order of the evaluator, on one line from top to bottom.
#[function_component]
pub fn Rules(props: &RulesProps) -> Html {
    let named = use_named();
    let Some(flag) = props.document.flag(&props.flag) else { return Html::default() };
    let swatches = Swatches::of(flag);
    let (of_variant, first): (Vec<&KillView>, Vec<&KillView>) =
        props.kills.iter().partition(|kill| kill.scope.variant.is_some());
    let kill_line = |each: &KillView| {
        html! {
            <li class="knot" key={each.id.clone()}><span class="node"><Sign name="kill" /></span>
                <div class="slim card danger"><span><b>{ text::killed_for_scope(&kill::scope(&each.scope)) }</b>{ text::by_by_reason(&each.by, &each.reason) }</span>
                    <Link<Route> to={Route::LiveKill { environment: props.environment.to_string(), id: each.id.clone() }} classes="end">{ text::WATCH_OR_RESTORE }</Link<Route>></div></li>
        }
    };
    html! {
        <ol class="halyard" aria-label={text::EVALUATION_ORDER} data-test="rules">
            if first.is_empty() {
                <li class="knot"><span class="node"><Icon name="kill" /></span><div class="slim card"><span><b>{ common::KILLS }</b>{ text::FIRST_NONE_IN_EFFECT }</span></div></li>
            }
            { for first.into_iter().map(kill_line) }
            { for flag.requires.iter().map(|each| {
                let of = props.document.flag(each.flag.as_str()).map(Swatches::of).unwrap_or_default();
                html! {
                    <li class="knot"><span class="node"><Icon name="link" /></span><div class="slim card"><span><b>{ text::PREREQUISITE }</b>
                        <Link<Route> to={Route::Flag { environment: props.environment.to_string(), key: each.flag.to_string() }} classes="val">{ each.flag.to_string() }</Link<Route>>
                        { text::MUST_BE }
                        { for each.variants.iter().enumerate().map(|(at, variant)| html! { <>{ if at > 0 { text::OR } else { "" } }<Variant name={variant.to_string()} swatches={of.clone()} /></> }) }
                        { text::ELSE_DEGRADED }</span></div></li>
                }
            }) }
            { for flag.rules.iter().enumerate().map(|(at, rule)| rule_html(&props.document, flag, at, rule, &swatches, &named)) }
            <li class="knot"><span class="node"><Icon name="ball" /></span>
                <div class="slim card"><span><b>{ if flag.rules.is_empty() { common::EVERYONE } else { text::OTHERWISE } }</b>{ text::SERVE }<Variant name={flag.default.to_string()} swatches={swatches.clone()} /></span></div></li>
            { for of_variant.into_iter().map(kill_line) }
        </ol>
    }
}

/// The rule that the address names, such as `#rule-3`: shown once it is there, which is after the page was opened.
#[hook]
fn use_named() -> String {
    let named = use_location().map(|location| location.hash().trim_start_matches('#').to_owned()).unwrap_or_default();
    use_effect_with(named.clone(), |named| {
        let document = web_sys::window().and_then(|window| window.document());
        let rule =
            document.filter(|_| named.starts_with("rule-")).and_then(|document| document.get_element_by_id(named));
        if let Some(rule) = rule {
            rule.scroll_into_view();
        }
    });
    named
}

fn rule_html(document: &FlagSet, flag: &Flag, at: usize, rule: &Rule, swatches: &Swatches, named: &str) -> Html {
    let number = at + 1;
    let id = format!("rule-{number}");
    let is_named = id == named;
    html! {
        <li class="knot" id={id.clone()}><span class="node">{ number }</span>
            <article class={classes!("rule", is_named.then_some("is-named"))} data-test={id.clone()} data-named={is_named.to_string()}>
                <header><h3>{ rule.name.clone().unwrap_or_else(|| text::rule_number(&number)) }</h3>
                    <a class="end iconlink" href={format!("#{id}")} data-test={format!("{id}-link")} title={text::A_LINK_TO_THIS_RULE}><Icon name="link" small=true /><span class="sr">{ text::link_to_rule(&number) }</span></a></header>
                <div class="sentence"><SentenceText sentence={rule::rule(rule)} swatches={swatches.clone()} /></div>
                { segments_html(document, rule) }
                if let Outcome::Split(split) = &rule.then { { split_html(flag, split, swatches) } }
            </article>
        </li>
    }
}

/// What the segments that a rule names mean, so that no one has to go and look.
fn segments_html(document: &FlagSet, rule: &Rule) -> Html {
    let mut named = Vec::new();
    for condition in &rule.when {
        collect_segments(condition, &mut named);
    }
    named.dedup();
    named
        .into_iter()
        .filter_map(|key| document.segments.get(key.as_str()).map(|segment| (key, segment)))
        .map(|(key, segment)| {
            html! {
                <div class="sentence small segment"><b>{ key }</b>
                    { if segment.description.is_empty() { ": ".to_owned() } else { format!(", {}: ", segment.description.trim_end_matches('.')) } }
                    <SentenceText sentence={rule::segment(segment)} /></div>
            }
        })
        .collect()
}

fn collect_segments(condition: &Condition, into: &mut Vec<String>) {
    match condition {
        Condition::Segment(keys) => into.extend(keys.iter().map(ToString::to_string)),
        Condition::All(conditions) | Condition::Any(conditions) => {
            for each in conditions {
                collect_segments(each, into);
            }
        }
        Condition::Not(inner) => collect_segments(inner, into),
        Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {}
    }
}

fn split_html(flag: &Flag, split: &Split, swatches: &Swatches) -> Html {
    let shares: Vec<(String, u32)> =
        split.slices.iter().map(|slice| (slice.variant.to_string(), slice.width)).collect();
    let covered: u32 = split.slices.iter().map(|slice| slice.width).sum();
    html! {
        <div class="split">
            <ShareBar {shares} swatches={swatches.clone()} />
            <div class="scale" aria-hidden="true"><span>{ text::BUCKET_0 }</span><span class="at-25">{ text::TWENTY_FIVE_THOUSAND }</span><span class="at-50">{ common::FIFTY_THOUSAND }</span><span class="at-75">{ text::SEVENTY_FIVE_THOUSAND }</span><span class="at-100">{ common::A_HUNDRED_THOUSAND }</span></div>
            <div class="slices"><span class="faint">{ text::BY }<span class="val">{ &split.by }</span>
                if split.salt.as_str() != flag.key.as_str() { { text::SALT }<span class="val">{ split.salt.to_string() }</span> }
                </span>
                if covered < 100_000 { <span class="faint">{ text::go_on_to_the_next_rule(&share(100_000 - covered.min(100_000))) }</span> }
            </div>
        </div>
    }
}
