use super::fields::{At, Reader};
use super::tree::Node;
use crate::document::{Kill, Scope};
use crate::ids::{FlagKey, RegionKey, SegmentKey, TenantId, VariantKey};

pub(crate) const FIELDS: &[&str] = &["id", "flag", "scope", "reason", "by", "at", "incident"];
pub(crate) const SCOPE_FIELDS: &[&str] = &["tenant", "region", "segment", "variant"];

pub(crate) fn read_kill(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Kill {
    let what = "a kill";
    let Some(fields) = reader.fields(node, at, what, FIELDS) else {
        return Kill {
            id: String::new(),
            flag: FlagKey::stand_in(),
            scope: Scope::default(),
            reason: String::new(),
            by: String::new(),
            at: String::new(),
            incident: None,
        };
    };
    let id: Option<FlagKey> = reader
        .required(&fields, at, what, "id", "name it, so that a restore can name it too")
        .and_then(|node| reader.name(node, at.key("id"), what));
    let flag = reader
        .required(&fields, at, what, "flag", "name the flag that it turns off")
        .and_then(|node| reader.name(node, at.key("flag"), "a flag"));
    let scope = reader
        .required(&fields, at, what, "scope", "write `\"scope\": {}` to kill it for everyone")
        .map(|node| read_scope(reader, node, at.key("scope")));
    let mut text = |key, help| {
        let node = reader.required(&fields, at, what, key, help)?;
        reader.filled_text(node, at.key(key))
    };
    let reason = text("reason", "say why, for those who find it later");
    let by = text("by", "name who killed it");
    let time = text("at", "write when, such as `\"at\": \"2026-11-23T20:00:00Z\"`");
    let incident = fields.get("incident").and_then(|node| reader.filled_text(node, at.key("incident")));
    Kill {
        id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        flag: flag.unwrap_or_else(FlagKey::stand_in),
        scope: scope.unwrap_or_default(),
        reason: reason.unwrap_or_default(),
        by: by.unwrap_or_default(),
        at: time.unwrap_or_default(),
        incident,
    }
}

pub(crate) fn read_scope(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Scope {
    let Some(fields) = reader.fields(node, at, "a scope", SCOPE_FIELDS) else { return Scope::default() };
    Scope {
        tenant: fields.get("tenant").map(|node| reader.names(node, at.key("tenant"), "a tenant", TenantId::stand_in)),
        region: fields.get("region").map(|node| reader.names(node, at.key("region"), "a region", RegionKey::stand_in)),
        segment: fields
            .get("segment")
            .map(|node| reader.names(node, at.key("segment"), "a segment", SegmentKey::stand_in)),
        variant: fields
            .get("variant")
            .map(|node| reader.names(node, at.key("variant"), "a variant", VariantKey::stand_in)),
    }
}
