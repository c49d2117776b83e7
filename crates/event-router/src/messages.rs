//! Which messages of the WAL are events.

/// Which messages written by `pg_logical_emit_message` are events, by their prefix.
///
/// ```
/// use outflow_event_router::Messages;
///
/// assert!(Messages::of("outbox").takes(b"outbox") && !Messages::of("outbox").takes(b"other"));
/// assert!(Messages::of("*").takes(b"other"));
/// assert!(!Messages::of("").is_wanted());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Messages {
    /// None: events are rows of tables.
    #[default]
    None,
    /// Those with exactly this prefix.
    Prefix(String),
    /// Those with any prefix.
    Any,
}

impl Messages {
    /// Takes the setting `outbox.messages`: nothing, a prefix, or `*` for any.
    pub fn of(setting: &str) -> Self {
        match setting {
            "" => Self::None,
            "*" => Self::Any,
            prefix => Self::Prefix(prefix.to_owned()),
        }
    }

    /// Says whether any message is an event, so that the server has to be asked for them.
    pub fn is_wanted(&self) -> bool {
        match self {
            Self::None => false,
            Self::Prefix(_) | Self::Any => true,
        }
    }

    /// Says whether a message with this prefix is an event.
    pub fn takes(&self, prefix: &[u8]) -> bool {
        match self {
            Self::None => false,
            Self::Prefix(wanted) => wanted.as_bytes() == prefix,
            Self::Any => true,
        }
    }

    /// Names them where a row's table is named: `messages "outbox"`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::None => "messages".to_owned(),
            Self::Prefix(prefix) => format!("messages {prefix:?}"),
            Self::Any => "messages \"*\"".to_owned(),
        }
    }
}
