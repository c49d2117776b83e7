//! The settings, in the order in which they are shown.

use std::time::Duration;

use super::{Default, Kind, Setting};

/// Every setting there is.
pub(in crate::config) static ALL: &[Setting] = &[
    set(
        "name",
        Kind::Text,
        toml("\"outflow\""),
        "The pipeline's id: PostgreSQL's application_name and Kafka's client.id. At most 63 bytes.",
    ),
    // [postgres]
    set(
        "postgres.url",
        Kind::Connection,
        Default::None,
        "The connection: a postgresql:// URL or libpq's key=value text, with several hosts if need be. Without it, the PG* environment counts.",
    ),
    set(
        "postgres.password",
        Kind::Secret,
        Default::None,
        "The password, beside the url, so that the url holds none. A file is read again at every reconnect.",
    ),
    set(
        "postgres.slot",
        Kind::Text,
        Default::Derived("name, characters outside [a-z0-9_] turned into _"),
        "The replication slot.",
    ),
    set(
        "postgres.publication",
        Kind::Text,
        Default::Derived("as postgres.slot"),
        "The publication that the slot is read through.",
    ),
    set(
        "postgres.status_interval",
        Kind::Duration(Duration::from_millis(100), Duration::from_mins(1)),
        toml("\"1s\""),
        "How often the server is told the position. Less than half of wal_sender_timeout.",
    ),
    set(
        "postgres.wal_sender_timeout",
        Kind::Duration(Duration::from_secs(1), Duration::from_hours(1)),
        toml("\"15s\""),
        "After how long without a word from us the server frees the slot. It is sent with the session and bounds the take-over after a node is lost.",
    ),
    set(
        "postgres.receive_buffer",
        Kind::AutoSize(16 << 10, 1 << 30),
        toml("\"auto\""),
        "SO_RCVBUF of the replication connection. auto: 64 KiB on one machine, 1 MiB where the server is less than 1 ms away, else the system's own tuning.",
    ),
    set(
        "postgres.sslmode",
        Kind::Choice(
            &[
                "disable",
                "allow",
                "prefer",
                "require",
                "verify-ca",
                "verify-full",
            ],
            &[],
        ),
        Default::None,
        "TLS, as libpq means it. Without it, the url and the PG* environment count.",
    ),
    set(
        "postgres.sslrootcert",
        Kind::Text,
        Default::None,
        "A file with the certificates to trust, as libpq means it, or \"system\".",
    ),
    set(
        "postgres.sslcert",
        Kind::Text,
        Default::None,
        "A file with the client's certificate, as libpq means it.",
    ),
    set(
        "postgres.sslkey",
        Kind::Text,
        Default::None,
        "A file with the client's key, as libpq means it.",
    ),
    set(
        "postgres.channel_binding",
        Kind::Choice(&["disable", "prefer", "require"], &[]),
        Default::None,
        "Channel binding of the login, as libpq means it.",
    ),
    // [outbox]
    set(
        "outbox.tables",
        Kind::List,
        toml("[]"),
        "The outbox tables. Without any: all tables of the publication.",
    ),
    set(
        "outbox.topic",
        Kind::Topic,
        toml("\"{aggregate_type}.events\""),
        "The topic: text with {column} fields; or { regex, replacement } on the aggregate type, as Kafka's RegexRouter takes them.",
    ),
    set(
        "outbox.key",
        Kind::Text,
        toml("\"{aggregate_id}\""),
        "The record's key: text with {column} fields.",
    ),
    set(
        "outbox.headers",
        Kind::Headers,
        toml("{ id = \"{id}\", eventType = \"{event_type}\" }"),
        "The record's headers: names with text that has {column} fields, or pairs [[\"id\", \"{id}\"], ..], which may repeat a name. Setting any replaces the default ones.",
    ),
    set(
        "outbox.payload",
        Kind::Choice(&["passthrough", "json"], &["expand"]),
        toml("\"passthrough\""),
        "The record's value. passthrough: the bytes as stored; json: checked to be JSON and written anew.",
    ),
    set(
        "outbox.on_null_payload",
        Kind::Choice(&["null", "skip", "error"], &[]),
        toml("\"null\""),
        "What becomes of a row without a payload. null: a record with a null value, a tombstone; skip: no record; error: it can't be delivered.",
    ),
    set(
        "outbox.on_update",
        Kind::Choice(&["warn", "error", "stop"], &[]),
        toml("\"warn\""),
        "What an update of an outbox row does. warn: it is logged and left out; error: the same, logged as an error; stop: the stream stops. Deletes and truncates never make a record.",
    ),
    set(
        "outbox.messages",
        Kind::Text,
        toml("\"\""),
        "A prefix: also takes pg_logical_emit_message(true, prefix, json), in one order with the tables; \"*\": any prefix. Then the publication may be of no table.",
    ),
    set(
        "outbox.key_format",
        Kind::Choice(&["raw"], &["json", "json-schema", "bytes"]),
        toml("\"raw\""),
        "The form of keys.",
    ),
    set(
        "outbox.value_format",
        Kind::Choice(&["raw"], &["json", "json-schema", "bytes"]),
        toml("\"raw\""),
        "The form of values.",
    ),
    set(
        "outbox.text",
        Kind::Choice(&["postgres"], &["connect"]),
        toml("\"postgres\""),
        "How a column becomes text in keys, headers and topics. postgres: as PostgreSQL prints it.",
    ),
    // [outbox.columns]
    set(
        "outbox.columns.id",
        Kind::Text,
        Default::None,
        "The column of the event's id. Without it: id or event_id.",
    ),
    set(
        "outbox.columns.aggregate_type",
        Kind::Text,
        Default::None,
        "The column of what kind of thing the event is about. Without it: aggregate_type or aggregatetype.",
    ),
    set(
        "outbox.columns.aggregate_id",
        Kind::Text,
        Default::None,
        "The column of which thing the event is about. Without it: aggregate_id or aggregateid.",
    ),
    set(
        "outbox.columns.event_type",
        Kind::Text,
        Default::None,
        "The column of what happened. Without it: event_type, eventtype or type.",
    ),
    set(
        "outbox.columns.payload",
        Kind::Text,
        Default::None,
        "The column of the record's value. Without it: payload, event_data or data.",
    ),
    set(
        "outbox.columns.timestamp",
        Kind::Text,
        Default::None,
        "The column of the record's timestamp: timestamp (as UTC), timestamptz, or bigint milliseconds. Without it: the time of sending.",
    ),
    // [kafka]
    set(
        "kafka.brokers",
        Kind::List,
        Default::None,
        "Some brokers, as host:port. Needed only by what talks to Kafka.",
    ),
    set(
        "kafka.delivery",
        Kind::Choice(&["at-least-once"], &["exactly-once"]),
        toml("\"at-least-once\""),
        "What is promised. at-least-once: after a failure a suffix of the stream may be repeated, whole and in order.",
    ),
    set(
        "kafka.properties",
        Kind::Properties,
        toml("{}"),
        "librdkafka's properties, verbatim. Secrets among them are text or a table { file | env | credential = \"..\" }. One that outflow owns is refused.",
    ),
    // [kafka.topics]
    set(
        "kafka.topics.create",
        Kind::Flag,
        toml("true"),
        "Whether a topic that does not exist is created, once, and logged.",
    ),
    set(
        "kafka.topics.partitions",
        Kind::Count(100_000),
        toml("-1"),
        "The number of partitions of a topic that is created. -1: the broker's default.",
    ),
    set(
        "kafka.topics.replication_factor",
        Kind::Count(32_767),
        toml("-1"),
        "The number of replicas of a topic that is created. -1: the broker's default.",
    ),
    set(
        "kafka.topics.config",
        Kind::Map,
        toml("{}"),
        "Settings of a topic that is created, such as \"min.insync.replicas\" = 2.",
    ),
    // [errors]
    set(
        "errors.policy",
        Kind::Choice(&["stop"], &["dead-letter", "skip"]),
        toml("\"stop\""),
        "What happens to an event that can never be delivered. stop: the stream stops before it, with exit code 65.",
    ),
    set(
        "errors.dead_letter_topic",
        Kind::Only("outflow.dead-letter"),
        toml("\"outflow.dead-letter\""),
        "The topic for events that can never be delivered. Not part of this version, which takes the default only.",
    ),
    // [admin]
    set(
        "admin.listen",
        Kind::Only(""),
        toml("\"\""),
        "The address of the admin server. Not part of this version, which takes \"\" only: no server.",
    ),
    // [log]
    set(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"], &[]),
        toml("\"info\""),
        "The least important level that is logged.",
    ),
    set(
        "log.format",
        Kind::Choice(&["auto", "text", "json"], &[]),
        toml("\"auto\""),
        "The form of log lines, on standard error. auto: text on a terminal, json elsewhere.",
    ),
    // [limits]
    set(
        "limits.in_flight",
        Kind::Size(64 << 10, 64 << 30),
        toml("\"24MiB\""),
        "The bytes read and not yet delivered (key, value, headers, and 512 a record) past which reading pauses; answering the server never does.",
    ),
    set(
        "limits.shutdown",
        Kind::Duration(Duration::ZERO, Duration::from_hours(1)),
        toml("\"25s\""),
        "How long a stop waits for what is in flight; what is undelivered then is left to the next start.",
    ),
];

/// Writes one row.
const fn set(key: &'static str, kind: Kind, default: Default, doc: &'static str) -> Setting {
    Setting {
        key,
        kind,
        default,
        doc,
    }
}

/// A default that is a value.
const fn toml(text: &'static str) -> Default {
    Default::Toml(text)
}
