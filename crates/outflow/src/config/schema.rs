//! The JSON Schema of the configuration file, from the table of settings.

use serde_json::{Map, Value as Json, json};

use super::setting::{ALL, Default, Kind, Setting, duration, size};

/// Makes the schema, by draft 2020-12.
pub(crate) fn schema() -> Json {
    let mut root = section("The configuration of outflow. Every setting may be left out.");
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert("title".to_owned(), json!("outflow.toml"));
    for setting in ALL {
        let path: Vec<_> = setting.key.split('.').collect();
        insert(&mut root, &path, &[], property(setting));
    }
    root.insert("$defs".to_owned(), json!({ "secret": secret() }));
    Json::Object(root)
}

/// Puts a setting into its section.
fn insert(into: &mut Map<String, Json>, path: &[&str], above: &[&str], property: Json) {
    let (Some(Json::Object(properties)), Some((name, rest))) =
        (into.get_mut("properties"), path.split_first())
    else {
        return;
    };
    if rest.is_empty() {
        properties.insert((*name).to_owned(), property);
        return;
    }
    let above = [above, &[name]].concat();
    let about = about(&above.join("."));
    let below = properties
        .entry(*name)
        .or_insert_with(|| Json::Object(section(about)));
    if let Json::Object(below) = below {
        insert(below, rest, &above, property);
    }
}

/// Makes an empty section.
fn section(about: &str) -> Map<String, Json> {
    [
        ("description", json!(about)),
        ("type", json!("object")),
        ("additionalProperties", json!(false)),
        ("properties", json!({})),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .collect()
}

/// Describes a setting.
fn property(setting: &Setting) -> Json {
    let mut schema = Map::new();
    let text = match setting.default {
        Default::Derived(how) => format!("{} Default: {how}.", setting.doc),
        Default::Toml(_) | Default::None => setting.doc.to_owned(),
    };
    let range = range(setting.kind)
        .map(|range| format!(" {range}"))
        .unwrap_or_default();
    schema.insert("description".to_owned(), json!(format!("{text}{range}")));
    if let Json::Object(kind) = kind(setting.kind) {
        schema.extend(kind);
    }
    if let Default::Toml(text) = setting.default {
        let value = format!("x = {text}").parse::<toml::Table>().ok();
        let value = value.and_then(|mut table| serde_json::to_value(table.remove("x")?).ok());
        schema.extend(value.map(|value| ("default".to_owned(), value)));
    }
    Json::Object(schema)
}

/// Says what range a value with a unit has.
fn range(kind: Kind) -> Option<String> {
    if let Kind::Duration(min, max) = kind {
        return Some(format!(
            "A duration from {} to {}.",
            duration(min),
            duration(max)
        ));
    }
    let (Kind::Size(min, max) | Kind::AutoSize(min, max)) = kind else {
        return None;
    };
    Some(format!("A size from {} to {}.", size(min), size(max)))
}

/// Describes what a setting takes.
fn kind(kind: Kind) -> Json {
    // A dot in a name need not be quoted: it makes a table then.
    let scalar = json!(["string", "integer", "number", "boolean", "object"]);
    let open = |value: Json| json!({ "type": "object", "additionalProperties": value });
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Connection => json!({
            "type": "string",
            "examples": ["postgresql://outflow@127.0.0.1:5432/shop", "host=127.0.0.1 dbname=shop"],
        }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Count(max) => json!({
            "type": "integer",
            "anyOf": [{ "const": -1 }, { "minimum": 1, "maximum": max }],
        }),
        Kind::Duration(..) => json!({ "type": "string", "examples": ["250ms", "30s", "5m"] }),
        Kind::Size(..) => json!({ "type": "string", "examples": ["64KiB", "24MiB"] }),
        Kind::AutoSize(..) => json!({ "type": "string", "examples": ["auto", "1MiB"] }),
        Kind::Choice(now, _) => json!({ "enum": now }),
        Kind::Only(only) => json!({ "const": only }),
        Kind::Secret => json!({ "$ref": "#/$defs/secret" }),
        Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Topic => json!({ "anyOf": [{ "type": "string" }, regex()] }),
        Kind::Headers => json!({ "anyOf": [open(json!({ "type": "string" })), pairs()] }),
        Kind::Map => open(json!({ "type": scalar })),
        Kind::Properties => {
            open(json!({ "anyOf": [{ "type": scalar }, { "$ref": "#/$defs/secret" }] }))
        }
    }
}

/// Describes a topic by regular expression.
fn regex() -> Json {
    json!({
        "type": "object",
        "properties": { "regex": { "type": "string" }, "replacement": { "type": "string" } },
        "required": ["regex", "replacement"],
        "additionalProperties": false,
    })
}

/// Describes headers whose names may repeat.
fn pairs() -> Json {
    let pair = json!({
        "type": "array",
        "items": { "type": "string" },
        "minItems": 2,
        "maxItems": 2,
    });
    json!({ "type": "array", "items": pair })
}

/// Describes a secret.
fn secret() -> Json {
    let place = |name: &str, about: &str| {
        json!({
            "type": "object",
            "properties": { name: { "description": about, "type": "string", "minLength": 1 } },
            "required": [name],
            "additionalProperties": false,
        })
    };
    json!({
        "description": "A secret, or where it is.",
        "anyOf": [
            { "type": "string" },
            place("file", "A file that holds it; a line end at its end does not count."),
            place("env", "An environment variable that holds it."),
            place("credential", "The name of a systemd credential."),
        ],
    })
}

/// Describes a section.
fn about(path: &str) -> &'static str {
    match path {
        "postgres" => "Where the events come from.",
        "outbox" => "How a row becomes a record.",
        "outbox.columns" => "Which column plays which role; those left out are detected.",
        "kafka" => "Where the events go.",
        "kafka.topics" => "What is done about a topic that does not exist.",
        "errors" => "What happens to an event that can never be delivered.",
        "admin" => "The admin server.",
        "log" => "The log, on standard error.",
        "limits" => "What bounds memory and time.",
        _ => "",
    }
}
