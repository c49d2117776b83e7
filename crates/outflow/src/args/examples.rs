//! The `Examples:` of every command's help.

/// Makes an `Examples:` section: pairs of what it is for and the line to type.
macro_rules! examples {
    ($($about:literal: $line:literal),+ $(,)?) => {
        concat!("\x1b[1m\x1b[4mExamples:\x1b[0m", $("\n  # ", $about, "\n  ", $line,)+)
    };
}

/// `outflow`.
pub(super) const TOP: &str = examples! {
    "see the events of a database, without Kafka":
        "outflow run --sink stdout --create -d postgresql://postgres@127.0.0.1:5432/shop",
    "the service": "outflow run -c outflow.toml",
};

/// `outflow run`.
pub(super) const RUN: &str = examples! {
    "the service": "outflow run -c /etc/outflow/outflow.toml",
    "without a file":
        "outflow run -d postgresql://outflow@127.0.0.1:5432/shop -b 127.0.0.1:9092",
    "deliver what is there, then end": "outflow run --until-caught-up",
    "look at the events; the slot stays where it is":
        "outflow run --sink stdout --until-caught-up",
};

/// `outflow slot`.
pub(super) const SLOT: &str = examples! {
    "who uses which slot, and how far behind they are": "outflow slot list",
    "the slot and the publication of a new set-up":
        "outflow slot create --publication --table public.outbox",
};

/// `outflow slot list`.
pub(super) const SLOT_LIST: &str = examples! {
    "all logical slots": "outflow slot list -d postgresql://postgres@127.0.0.1:5432/shop",
    "slots that nobody uses": "outflow slot list -o json | jq '.slots[] | select(.active | not)'",
};

/// `outflow slot show`.
pub(super) const SLOT_SHOW: &str = examples! {
    "the configured slot": "outflow slot show",
    "another one": "outflow slot show old_debezium -o json",
};

/// `outflow slot create`.
pub(super) const SLOT_CREATE: &str = examples! {
    "the configured slot": "outflow slot create",
    "the publication first": "outflow slot create --publication --table public.outbox",
    "only show the SQL": "outflow slot create --publication --table public.outbox --dry-run",
};

/// `outflow slot drop`.
pub(super) const SLOT_DROP: &str = examples! {
    "after asking": "outflow slot drop old_debezium",
    "in a script": "outflow slot drop old_debezium --yes",
};

/// `outflow slot advance`.
pub(super) const SLOT_ADVANCE: &str = examples! {
    "give up on all that waits": "outflow slot advance --to now",
    "only show the SQL": "outflow slot advance --to 16/B374D848 --dry-run",
};

/// `outflow slot peek`.
pub(super) const SLOT_PEEK: &str = examples! {
    "the next ten events": "outflow slot peek",
    "the topics of the next thousand":
        "outflow slot peek --limit 1000 | jq -r .topic | sort | uniq -c",
};

/// `outflow publication`.
pub(super) const PUBLICATION: &str = examples! {
    "what is published": "outflow publication show",
    "publish the inserts of one table": "outflow publication create --table public.outbox",
};

/// `outflow publication show`.
pub(super) const PUBLICATION_SHOW: &str = examples! {
    "the configured publication": "outflow publication show",
    "another one": "outflow publication show dbz_publication -o json",
};

/// `outflow publication create`.
pub(super) const PUBLICATION_CREATE: &str = examples! {
    "publish the inserts of one table": "outflow publication create --table public.outbox",
    "only show the SQL": "outflow publication create --table public.outbox --dry-run",
};

/// `outflow publication drop`.
pub(super) const PUBLICATION_DROP: &str = examples! {
    "after asking": "outflow publication drop",
    "in a script": "outflow publication drop dbz_publication --yes",
};

/// `outflow config`.
pub(super) const CONFIG: &str = examples! {
    "what is in force, and from where": "outflow config show",
    "find every mistake": "outflow config check -c outflow.toml",
};

/// `outflow config show`.
pub(super) const CONFIG_SHOW: &str = examples! {
    "what is in force, and from where": "outflow config show",
    "one value": "outflow config show -o json | jq '.settings[\"postgres.slot\"].value'",
};

/// `outflow config check`.
pub(super) const CONFIG_CHECK: &str = examples! {
    "find every mistake": "outflow config check -c outflow.toml",
    "before a restart": "outflow config check && systemctl restart outflow",
};

/// `outflow config schema`.
pub(super) const CONFIG_SCHEMA: &str = examples! {
    "for an editor; the file then begins with `#:schema ./outflow.schema.json`":
        "outflow config schema > outflow.schema.json",
};

/// `outflow completions`.
pub(super) const COMPLETIONS: &str = examples! {
    "bash, for this session": "source <(outflow completions bash)",
    "bash, from now on":
        "outflow completions bash > /etc/bash_completion.d/outflow",
    "zsh, in a folder of $fpath": "outflow completions zsh > ~/.zfunc/_outflow",
    "fish": "outflow completions fish > ~/.config/fish/completions/outflow.fish",
};

/// `outflow man`.
pub(super) const MAN: &str = examples! {
    "read it now": "outflow man | man -l -",
    "install all pages": "outflow man /usr/local/share/man/man1",
};

/// `outflow version`.
pub(super) const VERSION: &str = examples! {
    "for a bug report": "outflow version",
    "for a program": "outflow version -o json | jq -r .librdkafka.version",
};
