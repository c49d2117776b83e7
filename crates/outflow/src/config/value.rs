//! A value that is what its setting takes.

use std::time::Duration;

use secrecy::SecretString;

use super::Secret;
use super::tree::Origin;

mod open;
mod read;
mod show;
mod wrong;

pub(super) use read::read;

/// A value with the place where it was set.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    /// The value.
    pub(super) value: T,
    /// Where it was set.
    pub(super) origin: Origin,
}

/// A value of the right kind.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text, a word, or the template of a topic.
    Text(String),
    /// How to reach PostgreSQL.
    Connection(SecretString),
    /// True or false.
    Flag(bool),
    /// -1, or a number of things.
    Count(i64),
    /// A span of time.
    Duration(Duration),
    /// A number of bytes.
    Size(u64),
    /// `auto` in place of a size.
    Auto,
    /// A secret, or where it is.
    Secret(Secret),
    /// A list of text.
    List(Vec<Located<String>>),
    /// A topic by regular expression.
    Regex {
        /// The pattern on the aggregate type.
        regex: Located<String>,
        /// What the topic is then.
        replacement: Located<String>,
    },
    /// Names of the user's choice.
    Open {
        /// Whether they were written as pairs, which stand for the whole.
        pairs: bool,
        /// The names with their values.
        items: Vec<Item>,
    },
}

/// A name of the user's choice, with its value.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The name.
    pub(super) name: String,
    /// The value.
    pub(super) value: Scalar,
    /// Where it was set.
    pub(super) origin: Origin,
}

/// The value of an [`Item`].
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// Text, or what was written instead of it.
    Text(String),
    /// A secret.
    Secret(Secret),
}

/// Joins a value with what a lower layer has set: names are added, anything else gives way.
pub(super) fn join(below: Option<Located<Value>>, above: Located<Value>) -> Located<Value> {
    match (below, above) {
        (
            Some(Located {
                value:
                    Value::Open {
                        pairs,
                        items: mut joined,
                    },
                origin,
            }),
            Located {
                value:
                    Value::Open {
                        pairs: false,
                        items,
                    },
                origin: above,
            },
        ) if origin != Origin::Default => {
            for item in items {
                joined.retain(|other| other.name != item.name);
                joined.push(item);
            }
            Located {
                value: Value::Open {
                    pairs,
                    items: joined,
                },
                origin: above,
            }
        }
        (_, above) => above,
    }
}
