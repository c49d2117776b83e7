//! Values as `config show` prints them: TOML or JSON, secrets as `[redacted]`.

use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};

use super::{Item, Scalar, Value};
use crate::config::Secret;
use crate::config::redact::{REDACTED, connection};
use crate::config::setting::{duration, size};

impl Value {
    /// Writes it as JSON.
    pub(in crate::config) fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Connection(text) => json!(connection(text.expose_secret())),
            Self::Flag(flag) => json!(flag),
            Self::Count(number) => json!(number),
            Self::Duration(span) => json!(duration(*span)),
            Self::Size(bytes) => json!(size(*bytes)),
            Self::Auto => json!("auto"),
            Self::Secret(secret) => secret.to_json(),
            Self::List(list) => list.iter().map(|item| json!(item.value)).collect(),
            Self::Regex { regex, replacement } => {
                json!({ "regex": regex.value, "replacement": replacement.value })
            }
            Self::Open { pairs: true, items } => items
                .iter()
                .map(|item| json!([item.name, item.value.to_json()]))
                .collect(),
            Self::Open {
                pairs: false,
                items,
            } => Json::Object(
                items
                    .iter()
                    .map(|Item { name, value, .. }| (name.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// Writes it as TOML.
    pub(in crate::config) fn to_toml(&self) -> String {
        toml(&self.to_json())
    }
}

impl Item {
    /// Writes it as a line of TOML.
    pub(in crate::config) fn to_toml(&self) -> String {
        format!("{} = {}", key(&self.name), toml(&self.value.to_json()))
    }
}

impl Scalar {
    /// Writes it as JSON.
    fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Secret(secret) => secret.to_json(),
        }
    }
}

impl Secret {
    /// Writes where it is as JSON, and itself as `[redacted]`.
    fn to_json(&self) -> Json {
        match self {
            Self::Text(_) => json!(REDACTED),
            Self::File(path) => json!({ "file": path.display().to_string() }),
            Self::Env(name) => json!({ "env": name }),
            Self::Credential(name) => json!({ "credential": name }),
        }
    }
}

/// Writes JSON as inline TOML.
fn toml(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => toml::Value::from(text.as_str()).to_string(),
        Json::Array(list) => format!("[{}]", list.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(table) if table.is_empty() => "{}".to_owned(),
        Json::Object(table) => {
            let pair = |(name, value): (&String, &Json)| format!("{} = {}", key(name), toml(value));
            format!(
                "{{ {} }}",
                table.iter().map(pair).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// Writes a TOML key.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => toml::Value::from(name).to_string(),
    }
}
