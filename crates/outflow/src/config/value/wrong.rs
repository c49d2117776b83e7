//! What is said of a value that its setting does not take.

use crate::config::nearest::nearest;
use crate::config::problem::Problem;
use crate::config::redact::connection;
use crate::config::setting::{Kind, Setting};
use crate::config::tree::{Data, Node};

/// Says that a value is of another type than the setting takes.
pub(super) fn wrong_type(setting: &Setting, node: &Node) -> Problem {
    let problem = wrong_part(setting.key, node, &setting.kind.takes());
    match (setting.kind, &node.data) {
        (Kind::List, Data::Text(text)) => problem.help(format!("write [\"{}\"]", connection(text))),
        (Kind::Duration(..), Data::Integer(n)) => {
            problem.help(format!("write \"{n}s\" or \"{n}ms\""))
        }
        (Kind::Size(..) | Kind::AutoSize(..), Data::Integer(n)) => {
            let unit = if *n < 1024 { "MiB" } else { "B" };
            problem.help(format!("write \"{n}{unit}\""))
        }
        (Kind::Flag, Data::Text(word)) if matches!(word.as_str(), "true" | "false") => {
            problem.help(format!("write {word}, without quotes"))
        }
        _ => problem,
    }
}

/// Says that a value, or a part of it, is of another type than it should be.
pub(super) fn wrong_part(key: &str, node: &Node, takes: &str) -> Problem {
    let is = node.is();
    Problem::new(
        key,
        format!("`{key}` takes {takes}, not {is}"),
        &node.origin,
    )
    .label(format!("this is {is}"))
}

/// Says that a text can't be read.
pub(super) fn malformed(setting: &Setting, node: &Node, what: &str, help: &str) -> Problem {
    let message = format!("`{}` takes {}", setting.key, setting.kind.takes());
    Problem::new(setting.key, message, &node.origin)
        .label(format!("this is not {what}"))
        .help(help)
}

/// Says that a value is too small or too large.
pub(super) fn out_of_range(setting: &Setting, node: &Node, found: &str) -> Problem {
    let message = format!(
        "`{}` takes {}, not {found}",
        setting.key,
        setting.kind.takes()
    );
    Problem::new(setting.key, message, &node.origin).label("out of range")
}

/// Says that a value comes with a later version.
pub(super) fn not_yet(setting: &Setting, node: &Node, word: &str) -> Problem {
    let key = setting.key;
    let takes = if let Kind::Only(only) = setting.kind {
        format!("\"{only}\"")
    } else {
        setting.kind.takes()
    };
    Problem::new(
        key,
        format!("`{key} = \"{word}\"` is not part of this version"),
        &node.origin,
    )
    .label("not part of this version")
    .help(format!("this version takes {takes}"))
}

/// Says that a word is none of those that the setting takes.
pub(super) fn not_one_of(setting: &Setting, node: &Node, word: &str, now: &[&str]) -> Problem {
    let message = format!("`{}` takes {}", setting.key, setting.kind.takes());
    let problem = Problem::new(setting.key, message, &node.origin).label("this is none of them");
    match nearest(word, now.iter().copied()) {
        Some(near) => problem.help(format!("did you mean \"{near}\"?")),
        None => problem,
    }
}

/// Says what a secret looks like.
pub(super) fn no_secret(key: &str, node: &Node) -> Problem {
    Problem::new(
        key,
        format!("`{key}` takes {}", Kind::Secret.takes()),
        &node.origin,
    )
    .label("this is neither")
    .help("write exactly one of the three, such as { file = \"/run/secrets/password\" }")
}
