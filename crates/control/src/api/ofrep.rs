//! OpenFeature's remote evaluation protocol, version 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One flag's decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfrepFlag {
    pub key: String,
    pub value: Value,
    pub reason: String,
    pub variant: String,
    pub metadata: OfrepMetadata,
}

/// What is known of a decision besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfrepMetadata {
    /// `kill`, where one decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Which rule decided, counted from 0; not told to pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_index: Option<u32>,
}

/// Every flag's decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfrepFlags {
    pub flags: Vec<OfrepFlag>,
    pub metadata: OfrepSetMetadata,
}

/// Of the flag set that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfrepSetMetadata {
    pub environment: String,
    pub revision: u64,
}

/// Why there is no decision; `key` where one flag was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfrepFailure {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `FLAG_NOT_FOUND`, `PARSE_ERROR`, `INVALID_CONTEXT` or `GENERAL`.
    pub error_code: String,
    pub error_details: String,
}
