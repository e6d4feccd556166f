use crate::components::{Icon, SentenceText, Sign, Swatches, Variant};
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::state::xray::{RuleStep, Step, Xray};
use crate::words::number::count;
use crate::words::ray::lines;
use downhaul_core::document::{Flag, FlagSet, Outcome};
use serde_json::{Map, Value};
use yew::prelude::*;
use yew_router::prelude::*;

pub use crate::words::ray::look_up;

#[derive(Debug, Properties, PartialEq)]
pub struct RayProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
    pub xray: Xray,
    pub context: Map<String, Value>,
}

/// Every step that the evaluator took, and what it did not read.
#[function_component]
pub fn Ray(props: &RayProps) -> Html {
    let Some(flag) = props.document.flag(&props.flag) else { return Html::default() };
    let swatches = Swatches::of(flag);
    let xray = &props.xray;
    let kills_read = xray.steps.iter().any(|step| matches!(step, Step::Kill { .. }));
    let read_rules = xray.steps.iter().filter(|step| matches!(step, Step::Rule(_))).count();
    let reached_rules = xray.kill.is_none() || read_rules > 0;
    html! {
        <ol class="ray" data-test="ray">
            if !kills_read {
                <Knot class="pass" icon="check"><b>{ "Kills" }</b>{ " " }<span class="muted">{ "none in effect for this flag" }</span></Knot>
            }
            { for xray.steps.iter().map(|step| match step {
                Step::Kill { number, held } => kill_html(props, *number, *held),
                Step::Prerequisite { flag, variant, held } => prerequisite_html(props, flag, variant, *held),
                Step::Rule(rule) => rule_html(props, flag, rule, &swatches),
            }) }
            { unread_html(props, flag, read_rules, reached_rules, &swatches) }
        </ol>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct KnotProps {
    class: &'static str,
    icon: &'static str,
    children: Html,
}

#[function_component]
fn Knot(props: &KnotProps) -> Html {
    html! {
        <li class={props.class}><span class="mk">
            if props.icon == "s-kill" { <Sign name="kill" /> } else { <Icon name={props.icon} /> }
        </span>{ props.children.clone() }</li>
    }
}

fn kill_html(props: &RayProps, number: usize, held: bool) -> Html {
    let kill = props.document.kills.get(number);
    let reason = kill.map(|kill| kill.reason.clone()).unwrap_or_default();
    let link = kill.map(|kill| {
        let to = Route::LiveKill { environment: props.environment.to_string(), id: kill.id.clone() };
        html! { <Link<Route> to={to}>{ kill.id.clone() }</Link<Route>> }
    });
    if held {
        html! { <Knot class="hit" icon="s-kill"><b>{ "Killed" }</b>{ " by " }{ link.unwrap_or_default() }{ ": " }<span class="muted">{ reason }</span></Knot> }
    } else {
        html! { <Knot class="miss" icon="x"><b>{ "Kill " }</b>{ link.unwrap_or_default() }{ " " }<span class="muted">{ "does not reach this context" }</span></Knot> }
    }
}

fn prerequisite_html(props: &RayProps, key: &str, variant: &str, held: bool) -> Html {
    let swatches = props.document.flag(key).map(Swatches::of).unwrap_or_default();
    let query = XrayQuery { flag: key.to_owned(), context: Value::Object(props.context.clone()).to_string() };
    let (class, icon, words) = if held {
        ("pass", "check", " for this context, as required. ")
    } else {
        ("hit", "x", " for this context, so this flag is degraded. ")
    };
    html! {
        <Knot {class} {icon}><b>{ "Prerequisite" }</b>{ " " }<span class="mono">{ key }</span><span class="muted">{ " is " }<Variant name={variant.to_owned()} {swatches} />{ words }
            <Link<Route, XrayQuery> to={Route::Xray { environment: props.environment.to_string() }} query={query}>{ "Its X-ray" }</Link<Route, XrayQuery>></span></Knot>
    }
}

fn rule_html(props: &RayProps, flag: &Flag, step: &RuleStep, swatches: &Swatches) -> Html {
    let Some(rule) = flag.rules.get(step.index) else { return Html::default() };
    let name = rule.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
    let served = match (&rule.then, &step.split) {
        _ if !step.held => None,
        (Outcome::Serve(variant), _) => Some(variant.to_string()),
        (Outcome::Split(_), split) => split.as_ref().and_then(|split| split.variant.clone()),
    };
    let verdict = match (step.held, &served, &step.split) {
        (false, _, _) => "does not hold".to_owned(),
        (true, Some(_), Some(_)) => "holds, so the split decides: ".to_owned(),
        (true, Some(_), None) => "holds: ".to_owned(),
        (true, None, Some(split)) if split.bucket.is_none() => {
            "holds, but the context has no bucketing unit, so the next rule is tried".to_owned()
        }
        (true, None, _) => "holds, but no slice covers the bucket, so the next rule is tried".to_owned(),
    };
    let tenant =
        props.context.get("tenant").and_then(Value::as_str).and_then(|tenant| props.document.tenants.get(tenant));
    let lines = lines(rule, &step.conditions, &props.context, tenant, &props.document.regions);
    let (class, icon) = if served.is_some() { ("hit", "check") } else { ("miss", "x") };
    html! {
        <Knot {class} {icon}>
            <b>{ format!("Rule {}{name}", step.index + 1) }</b>{ " " }<span class="muted">{ verdict }</span>
            if let Some(variant) = served { <Variant name={variant} swatches={swatches.clone()} /> }
            if !lines.is_empty() || step.split.is_some() {
                <ul class="conds">
                    { for lines.into_iter().map(|line| {
                        let (class, icon, spoken) = match line.held {
                            Some(true) => ("yes", "check", "holds: "),
                            Some(false) => ("no", "x", "does not hold: "),
                            None => ("unread", "ball", "not read: "),
                        };
                        html! {
                            <li class={classes!(class, (line.depth > 0).then(|| format!("in{}", line.depth.min(3))))}><Icon name={icon} />
                                <span><span class="sr">{ spoken }</span><SentenceText sentence={line.words} /></span><em>{ line.found }</em></li>
                        }
                    }) }
                    if let (Some(split), Outcome::Split(rule)) = (&step.split, &rule.then) {
                        <li class={if split.variant.is_some() { "yes" } else { "no" }}><Icon name={if split.variant.is_some() { "check" } else { "x" }} />
                            <span>{ "bucket of " }<span class="val">{ &rule.by }</span>{ match (&split.variant, split.bucket) {
                                (Some(variant), _) => format!(" falls in {variant}"),
                                (None, Some(_)) => " is in no slice".to_owned(),
                                (None, None) => ": there is nothing to share out by".to_owned(),
                            } }</span>
                            <em>{ split.bucket.map_or_else(|| "not given".to_owned(), count) }</em></li>
                    }
                </ul>
            }
        </Knot>
    }
}

/// Rules after the deciding one, and the default.
fn unread_html(props: &RayProps, flag: &Flag, read: usize, reached: bool, swatches: &Swatches) -> Html {
    let default = html! { <Variant name={flag.default.to_string()} swatches={swatches.clone()} /> };
    let decided_before = !reached || props.xray.is_degraded_by_prerequisite;
    let by_rule = props.xray.steps.iter().any(|step| match step {
        Step::Rule(rule) => {
            rule.held && (rule.split.is_none() || rule.split.as_ref().is_some_and(|split| split.variant.is_some()))
        }
        Step::Kill { .. } | Step::Prerequisite { .. } => false,
    });
    if !decided_before && !by_rule {
        return html! { <Knot class="hit" icon="check"><b>{ "Default" }</b>{ " " }{ default }{ if flag.rules.is_empty() { "" } else { " " } }<span class="muted">{ if flag.rules.is_empty() { " the flag has no rules" } else { "no rule decided" } }</span></Knot> };
    }
    let left = flag.rules.len().saturating_sub(read);
    let rules = match left {
        0 => String::new(),
        1 => format!("Rule {} and the default ", read + 1),
        _ => format!("Rules {} to {} and the default ", read + 1, flag.rules.len()),
    };
    html! {
        <Knot class="unread" icon="ball">{ if left == 0 { "The default ".to_owned() } else { rules } }{ default }{ if left == 0 { " was not read" } else { " were not read" } }</Knot>
    }
}
