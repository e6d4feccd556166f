use super::breaker::read_breaker;
use super::fields::{At, Fields, Reader};
use super::guard::read_guards;
use super::rule;
use super::tree::{Content, Node};
use crate::document::{ClientKind, Degraded, Flag, FlagKind, OnStale, Prerequisite, Reversibility, Until};
use crate::ids::{FlagKey, VariantKey};
use crate::phase::Phase;
use serde_json::Value;

pub(crate) const FIELDS: &[&str] = &[
    "key",
    "description",
    "owner",
    "kind",
    "created",
    "expires",
    "review",
    "phase",
    "unaffected",
    "critical",
    "clients",
    "variants",
    "degraded",
    "on_stale",
    "requires",
    "rules",
    "default",
    "reversibility",
    "forward_fix",
    "breaker",
    "guards",
];
pub(crate) const DEGRADED_FIELDS: &[&str] = &["variant", "meaning"];
pub(crate) const PREREQUISITE_FIELDS: &[&str] = &["flag", "variants"];

pub(crate) const KINDS: &[(&str, FlagKind)] = &[
    ("release", FlagKind::Release),
    ("experiment", FlagKind::Experiment),
    ("ops", FlagKind::Ops),
    ("permission", FlagKind::Permission),
    ("migration", FlagKind::Migration),
];
pub(crate) const CLIENTS: &[(&str, ClientKind)] =
    &[("browser", ClientKind::Browser), ("edge", ClientKind::Edge), ("server", ClientKind::Server)];
pub(crate) const ON_STALE: &[(&str, OnStale)] = &[("keep", OnStale::Keep), ("degraded", OnStale::Degraded)];
pub(crate) const REVERSIBILITIES: &[(&str, Reversibility)] =
    &[("rollback-safe", Reversibility::RollbackSafe), ("forward-fix-only", Reversibility::ForwardFixOnly)];

pub(crate) const PHASES: &[(&str, Phase)] = &[
    ("expand", Phase::Expand),
    ("dual-write", Phase::DualWrite),
    ("backfill", Phase::Backfill),
    ("read-new", Phase::ReadNew),
    ("stop-old-writes", Phase::StopOldWrites),
    ("contract", Phase::Contract),
];

const WHAT: &str = "a flag";

pub(crate) fn read_flag(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Flag {
    let Some(fields) = reader.fields(node, at, WHAT, FIELDS) else { return stand_in() };
    let key: FlagKey = reader
        .required(&fields, at, WHAT, "key", "write the key that code asks for, such as `\"key\": \"checkout-v2\"`")
        .and_then(|node| reader.name(node, at.key("key"), WHAT))
        .unwrap_or_else(FlagKey::stand_in);
    let description = fields
        .get("description")
        .and_then(|node| reader.text(node, at.key("description")))
        .unwrap_or_default()
        .to_owned();
    let owner = reader
        .required(&fields, at, WHAT, "owner", "name the team that answers for it")
        .and_then(|node| reader.filled_text(node, at.key("owner")))
        .unwrap_or_default();
    let kind = reader
        .required(&fields, at, WHAT, "kind", "one of `release`, `experiment`, `ops`, `permission`, `migration`")
        .and_then(|node| reader.word(node, at.key("kind"), KINDS));
    let created = fields.get("created").and_then(|node| reader.text(node, at.key("created"))).map(str::to_owned);
    let until = read_until(reader, &fields, at, kind);
    let phase = fields.get("phase").and_then(|node| reader.word(node, at.key("phase"), PHASES));
    let unaffected =
        fields.get("unaffected").map(|node| read_texts(reader, node, at.key("unaffected"))).unwrap_or_default();
    let critical = fields.get("critical").and_then(|node| reader.boolean(node, at.key("critical"))).unwrap_or_default();
    let clients = match fields.get("clients") {
        Some(node) => read_clients(reader, node, at.key("clients")),
        None => vec![ClientKind::Server],
    };
    // Of a data change they are known.
    let variants = match phase {
        Some(_) if !fields.has("variants") => of_phases(),
        _ => reader
            .required(
                &fields,
                at,
                WHAT,
                "variants",
                "write the values it can give, such as `{ \"on\": true, \"off\": false }`",
            )
            .map(|node| read_variants(reader, node, at.key("variants")))
            .unwrap_or_default(),
    };
    let degraded = reader
        .required(
            &fields,
            at,
            WHAT,
            "degraded",
            "say what people get while it is off: `{ \"variant\": \"off\", \"meaning\": \"Old three-page checkout\" }`",
        )
        .map_or_else(degraded_stand_in, |node| read_degraded(reader, node, at.key("degraded"), phase));
    let on_stale = fields
        .get("on_stale")
        .and_then(|node| reader.word(node, at.key("on_stale"), ON_STALE))
        .unwrap_or(OnStale::Keep);
    let requires =
        fields.get("requires").map(|node| read_requires(reader, node, at.key("requires"))).unwrap_or_default();
    let rules =
        fields.get("rules").map(|node| rule::read_rules(reader, node, at.key("rules"), &key)).unwrap_or_default();
    let default = match phase {
        Some(phase) if !fields.has("default") => variant_of(phase),
        _ => reader
            .required(&fields, at, WHAT, "default", "name the variant for everyone whom no rule reaches")
            .and_then(|node| reader.name(node, at.key("default"), "a variant")),
    };
    let default = default.unwrap_or_else(VariantKey::stand_in);
    let reversibility = fields
        .get("reversibility")
        .and_then(|node| reader.word(node, at.key("reversibility"), REVERSIBILITIES))
        .unwrap_or(Reversibility::RollbackSafe);
    let forward_fix = fields.get("forward_fix").and_then(|node| reader.filled_text(node, at.key("forward_fix")));
    let breaker = fields.get("breaker").map(|node| read_breaker(reader, node, at.key("breaker")));
    let guards = fields.get("guards").map(|node| read_guards(reader, node, at.key("guards"))).unwrap_or_default();
    Flag {
        key,
        description,
        owner,
        kind: kind.unwrap_or(FlagKind::Release),
        created,
        until,
        phase,
        unaffected,
        critical,
        clients,
        variants,
        degraded,
        on_stale,
        requires,
        rules,
        default,
        reversibility,
        forward_fix,
        breaker,
        guards,
    }
}

/// Whether flags of this kind are reviewed instead of expiring.
pub(crate) fn is_reviewed(kind: FlagKind) -> bool {
    match kind {
        FlagKind::Ops | FlagKind::Permission => true,
        FlagKind::Release | FlagKind::Experiment | FlagKind::Migration => false,
    }
}

fn read_until(reader: &mut Reader<'_>, fields: &Fields<'_>, at: At<'_>, kind: Option<FlagKind>) -> Until {
    let reviewed = kind.map_or(fields.has("review"), is_reviewed);
    let (right, wrong) = if reviewed { ("review", "expires") } else { ("expires", "review") };
    let has_wrong = kind.is_some() && fields.has(wrong);
    if has_wrong && let Some(node) = fields.get(wrong) {
        let message = if reviewed {
            "`ops` and `permission` flags do not expire, they are reviewed"
        } else {
            "only `ops` and `permission` flags are reviewed, the others expire"
        };
        let help = if fields.has(right) {
            format!("leave `{wrong}` out")
        } else {
            format!("write `{right}` instead of `{wrong}`")
        };
        reader.error("wrong-date-field", node, at.key(wrong), message, Some(help));
    }
    let (key, node) = if fields.has(right) || !(has_wrong || kind.is_none()) {
        let help = if reviewed {
            "write the date (`YYYY-MM-DD`) on which to ask whether it is still needed"
        } else {
            "write the date (`YYYY-MM-DD`) by which it is to be gone; `ops` and `permission` flags give `review` instead"
        };
        (right, reader.required(fields, at, WHAT, right, help))
    } else {
        (wrong, fields.get(wrong))
    };
    let date = node.and_then(|node| reader.text(node, at.key(key))).unwrap_or_default().to_owned();
    if key == "review" { Until::Review(date) } else { Until::Expires(date) }
}

fn read_clients(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<ClientKind> {
    let items = reader.list(node, at);
    let mut clients = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = at.index(index);
        let Some(client) = reader.word(item, at, CLIENTS) else { continue };
        if clients.contains(&client) {
            reader.error("duplicate-value", item, at, "the client is listed twice", Some("keep one".to_owned()));
        } else {
            clients.push(client);
        }
    }
    if items.is_empty() && matches!(node.content, Content::List(_)) {
        let help = "name who receives it: `browser`, `edge`, `server`; without the field it is `server`";
        reader.error("empty-list", node, at, "`clients` is empty", Some(help.to_owned()));
    }
    clients
}

fn read_variants(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<(VariantKey, Value)> {
    let mut variants = Vec::new();
    for member in reader.members(node, at, "variants by name").unwrap_or_default() {
        let at = at.key(&member.key);
        if matches!(member.value.content, Content::Null) {
            let help = "a boolean, number, text, list or object";
            reader.error("wrong-type", &member.value, at, "a variant's value cannot be null", Some(help.to_owned()));
        }
        let value = reader.json(&member.value, at);
        if let Some(key) = reader.name_of(&member.key, "a variant", at, member.key_range) {
            variants.push((key, value));
        }
    }
    variants
}

fn read_degraded(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, phase: Option<Phase>) -> Degraded {
    let what = "`degraded`";
    let Some(fields) = reader.fields(node, at, what, DEGRADED_FIELDS) else { return degraded_stand_in() };
    let variant = match phase {
        Some(phase) if !fields.has("variant") => variant_of(phase.a_step_down()),
        _ => reader
            .required(&fields, at, what, "variant", "name the variant that is given while the flag is off")
            .and_then(|node| reader.name(node, at.key("variant"), "a variant")),
    };
    let meaning = reader
        .required(&fields, at, what, "meaning", "say for people what they get and what they lose while it is off")
        .and_then(|node| reader.filled_text(node, at.key("meaning")))
        .unwrap_or_default();
    Degraded { variant: variant.unwrap_or_else(VariantKey::stand_in), meaning }
}

/// The variants of a data change: each phase by its name.
fn of_phases() -> Vec<(VariantKey, Value)> {
    Phase::ALL.into_iter().filter_map(|phase| Some((variant_of(phase)?, Value::from(phase.name())))).collect()
}

fn variant_of(phase: Phase) -> Option<VariantKey> {
    phase.name().parse().ok()
}

fn read_texts(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<String> {
    let items = reader.list(node, at).iter().enumerate();
    items.filter_map(|(index, item)| reader.filled_text(item, at.index(index))).collect()
}

fn read_requires(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<Prerequisite> {
    let items = reader.list(node, at).iter().enumerate();
    items.map(|(index, item)| read_prerequisite(reader, item, at.index(index))).collect()
}

fn read_prerequisite(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Prerequisite {
    let what = "a prerequisite";
    let Some(fields) = reader.fields(node, at, what, PREREQUISITE_FIELDS) else {
        return Prerequisite { flag: FlagKey::stand_in(), variants: vec![VariantKey::stand_in()] };
    };
    let flag = reader
        .required(&fields, at, what, "flag", "name the flag that must give one of the variants")
        .and_then(|node| reader.name(node, at.key("flag"), "a flag"))
        .unwrap_or_else(FlagKey::stand_in);
    let variants = reader
        .required(&fields, at, what, "variants", "list the variants that let this flag through, such as `[\"on\"]`")
        .map_or_else(
            || vec![VariantKey::stand_in()],
            |node| reader.names(node, at.key("variants"), "a variant", VariantKey::stand_in),
        );
    Prerequisite { flag, variants }
}

fn degraded_stand_in() -> Degraded {
    Degraded { variant: VariantKey::stand_in(), meaning: String::new() }
}

/// Where an item of the list of flags is no object.
fn stand_in() -> Flag {
    Flag {
        key: FlagKey::stand_in(),
        description: String::new(),
        owner: String::new(),
        kind: FlagKind::Release,
        created: None,
        until: Until::Expires(String::new()),
        phase: None,
        unaffected: Vec::new(),
        critical: false,
        clients: vec![ClientKind::Server],
        variants: Vec::new(),
        degraded: degraded_stand_in(),
        on_stale: OnStale::Keep,
        requires: Vec::new(),
        rules: Vec::new(),
        default: VariantKey::stand_in(),
        reversibility: Reversibility::RollbackSafe,
        forward_fix: None,
        breaker: None,
        guards: Vec::new(),
    }
}
