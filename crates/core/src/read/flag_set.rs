use super::fields::{At, Reader};
use super::tree::{Content, Node};
use super::{Tenants, condition, flag, kill};
use crate::document::{FlagSet, RegionTree, SCHEMA, Segment};
use crate::ids::{EnvironmentKey, FlagKey, SegmentKey};
use std::collections::BTreeMap;

pub(crate) const FIELDS: &[&str] = &[
    "schema",
    "environment",
    "revision",
    "issued_at",
    "valid_until",
    "regions",
    "tenants",
    "segments",
    "flags",
    "kills",
    "retired",
];

/// Whether a flag set must say which environment it is, at what revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    Required,
    /// A folder of parts; where none says it, schema 1, environment `local`, revision 0.
    Optional,
}

/// Largest revision: the largest whole number that every client can hold.
pub(crate) const REVISION_LIMIT: u64 = 9_007_199_254_740_991;

pub(crate) fn read_flag_set(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, header: Header) -> FlagSet {
    let mut set = FlagSet::empty(local());
    let Some(fields) = reader.fields(node, at, "a flag set", FIELDS) else { return set };
    if header == Header::Required {
        for (key, help) in [
            ("schema", "write `\"schema\": 1`"),
            ("environment", "write the name of the environment, such as `\"environment\": \"production\"`"),
            ("revision", "write `\"revision\": 0` for a flag set that was never published"),
            ("flags", "write `\"flags\": []` if there are none"),
        ] {
            reader.required(&fields, at, "a flag set", key, help);
        }
    }
    if let Some(node) = fields.get("schema") {
        read_schema(reader, node, at.key("schema"));
    }
    if let Some(node) = fields.get("environment")
        && let Some(environment) = reader.name(node, at.key("environment"), "an environment")
    {
        set.environment = environment;
    }
    if let Some(node) = fields.get("revision") {
        set.revision = reader.whole(node, at.key("revision"), REVISION_LIMIT).unwrap_or_default();
    }
    let mut time = |key| {
        let node = fields.get(key)?;
        reader.text(node, at.key(key)).map(str::to_owned)
    };
    set.issued_at = time("issued_at");
    set.valid_until = time("valid_until");
    if let Some(node) = fields.get("regions") {
        set.regions = read_regions(reader, node, at.key("regions"));
    }
    if let Some(node) = fields.get("tenants") {
        set.tenants = read_tenants(reader, node, at.key("tenants"));
    }
    if let Some(node) = fields.get("segments") {
        set.segments = read_segments(reader, node, at.key("segments"));
    }
    if let Some(node) = fields.get("flags") {
        let at = at.key("flags");
        let items = reader.list(node, at).iter().enumerate();
        set.flags = items.map(|(index, item)| flag::read_flag(reader, item, at.index(index))).collect();
    }
    if let Some(node) = fields.get("kills") {
        let at = at.key("kills");
        let items = reader.list(node, at).iter().enumerate();
        set.kills = items.map(|(index, item)| kill::read_kill(reader, item, at.index(index))).collect();
    }
    if let Some(node) = fields.get("retired") {
        set.retired = read_retired(reader, node, at.key("retired"));
    }
    set
}

fn local() -> EnvironmentKey {
    "local".parse().unwrap_or_else(|_| EnvironmentKey::stand_in())
}

fn read_schema(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) {
    let is_known = matches!(&node.content, Content::Number(numeral) if numeral.whole() == Some(i64::from(SCHEMA)));
    if !is_known {
        let help = Some(format!("this version reads `\"schema\": {SCHEMA}`; a newer schema needs a newer version"));
        reader.error("unsupported-schema", node, at, "the schema is not one that is known here", help);
    }
}

pub(crate) fn read_regions(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> RegionTree {
    let mut tree = RegionTree::default();
    for member in reader.members(node, at, "regions by name, `{}` for one with none within").unwrap_or_default() {
        let at = at.key(&member.key);
        let name = reader.name_of(&member.key, "a region", at, member.key_range);
        let below = read_regions(reader, &member.value, at);
        if let Some(name) = name {
            tree.0.insert(name, below);
        }
    }
    tree
}

pub(crate) fn read_tenants(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Tenants {
    let mut tenants = BTreeMap::new();
    for member in reader.members(node, at, "tenants by name").unwrap_or_default() {
        let at = at.key(&member.key);
        let name = reader.name_of(&member.key, "a tenant", at, member.key_range);
        let mut attributes = serde_json::Map::new();
        for attribute in reader.members(&member.value, at, "the tenant's attributes").unwrap_or_default() {
            let value = reader.json(&attribute.value, at.key(&attribute.key));
            attributes.insert(attribute.key.clone().into_owned(), value);
        }
        if let Some(name) = name {
            tenants.insert(name, attributes);
        }
    }
    tenants
}

fn read_segments(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> BTreeMap<SegmentKey, Segment> {
    let mut segments = BTreeMap::new();
    for member in reader.members(node, at, "segments by name").unwrap_or_default() {
        let at = at.key(&member.key);
        let name = reader.name_of(&member.key, "a segment", at, member.key_range);
        let segment = read_segment(reader, &member.value, at);
        if let Some(name) = name {
            segments.insert(name, segment);
        }
    }
    segments
}

pub(crate) const SEGMENT_FIELDS: &[&str] = &["description", "include", "exclude", "when"];

pub(crate) fn read_segment(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Segment {
    let mut segment = Segment::default();
    let Some(fields) = reader.fields(node, at, "a segment", SEGMENT_FIELDS) else { return segment };
    if let Some(node) = fields.get("description") {
        segment.description = reader.text(node, at.key("description")).unwrap_or_default().to_owned();
    }
    if let Some(node) = fields.get("include") {
        segment.include = reader.texts(node, at.key("include"));
    }
    if let Some(node) = fields.get("exclude") {
        segment.exclude = reader.texts(node, at.key("exclude"));
    }
    if let Some(node) = fields.get("when") {
        let at = at.key("when");
        segment.when = condition::read_conditions(reader, node, at);
        if matches!(&node.content, Content::List(items) if items.is_empty()) {
            let help = Some("leave `when` out for a segment of `include` alone".to_owned());
            reader.error("empty-list", node, at, "the segment's `when` is empty", help);
        }
    }
    segment
}

fn read_retired(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> BTreeMap<FlagKey, String> {
    let mut retired = BTreeMap::new();
    for member in reader.members(node, at, "retired keys and their dates").unwrap_or_default() {
        let at = at.key(&member.key);
        let name = reader.name_of(&member.key, "a flag", at, member.key_range);
        let date = reader.text(&member.value, at).unwrap_or_default().to_owned();
        if let Some(name) = name {
            retired.insert(name, date);
        }
    }
    retired
}
