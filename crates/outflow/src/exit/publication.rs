//! What to do about a publication that is missing, or sends something other than an outbox.

use outflow_event_router::PlanError;
use outflow_replication_slot::PublicationName;
use outflow_replication_slot::catalog::{Table, add_table_sql, publish_inserts_sql, via_root_sql};

use super::postgres::{psql, shell};
use super::{Exit, Failure, Hint};

impl Failure {
    /// There is no such publication; `tables` are those that it would be made of, if that is clear.
    pub(crate) fn no_publication(
        name: &PublicationName,
        database: &str,
        tables: &[String],
    ) -> Self {
        let message = format!("publication \"{name}\" does not exist in database \"{database}\"");
        let how = format!("outflow publication create{}", table_flags(tables));
        Self::new(Exit::SlotLost, message).hint(Hint::Made(format!(
            "`{how}`; create it before the slot, which cannot read what was written earlier"
        )))
    }

    /// A slot is to be made without its publication, which would be a trap: it could not read what
    /// was written before the publication.
    #[must_use]
    pub(crate) fn slot_needs_publication(mut self) -> Self {
        self.0.message = format!("no slot without its publication: {}", self.0.message);
        if let Some(Hint::Made(hint)) = &mut self.0.hint {
            let create = "outflow publication create";
            *hint = hint.replacen(create, "outflow slot create --publication", 1);
        }
        self
    }

    /// The publication is of no table.
    pub(crate) fn publication_empty(name: &PublicationName, database: &str) -> Self {
        let add = format!("{} ADD TABLE outbox", alter(name));
        Self::new(
            Exit::Config,
            format!("publication \"{name}\" publishes no table"),
        )
        .hint(Hint::Made(format!(
            "`{}`, with the outbox table's name",
            psql(database, &add)
        )))
    }

    /// The publication leaves out what outflow lives on.
    pub(crate) fn publishes_no_inserts(name: &PublicationName, database: &str) -> Self {
        Self::new(
            Exit::Config,
            format!("publication \"{name}\" does not publish inserts"),
        )
        .hint(Hint::Made(format!(
            "`{}`",
            psql(database, &publish_inserts_sql(name))
        )))
    }

    /// A configured table is not part of the publication.
    pub(crate) fn table_not_published(
        name: &PublicationName,
        database: &str,
        table: &Table,
    ) -> Self {
        let message = format!("publication \"{name}\" does not publish the table {table}");
        let how = psql(database, &add_table_sql(name, table));
        Self::new(Exit::Config, message).hint(Hint::Made(format!(
            "`{how}`; rows of transactions that began before that are not sent"
        )))
    }

    /// A configured table comes as its partitions, whose names nobody configured.
    pub(crate) fn needs_via_root(
        name: &PublicationName,
        database: &str,
        root: &str,
        partitions: &[String],
    ) -> Self {
        let message = format!(
            "publication \"{name}\" publishes the partitions of {root} under their own names ({})",
            listed(partitions)
        );
        Self::new(Exit::Config, message).hint(Hint::Made(format!(
            "`{}`",
            psql(database, &via_root_sql(name))
        )))
    }

    /// A table has a name that is not in the database.
    pub(crate) fn no_table(asked: &str, database: &str, candidates: &[String]) -> Self {
        let message = format!("there is no table {asked} in database \"{database}\"");
        let failure = Self::new(Exit::Config, message);
        match candidates {
            [] => failure.hint(Hint::Made(no_outbox_hint(database))),
            found => failure.hint(Hint::Made(format!(
                "these tables look like an outbox: {}",
                listed(found)
            ))),
        }
    }

    /// A name without a schema means several tables.
    pub(crate) fn ambiguous_table(asked: &str, tables: &[String]) -> Self {
        let message = format!("{asked} may be any of {}", listed(tables));
        let example = tables.first().map(String::as_str).unwrap_or_default();
        Self::new(Exit::Config, message).hint(Hint::Made(format!(
            "name the schema: `--table {}`, or in outbox.tables",
            shell(example)
        )))
    }

    /// No table of the database looks like an outbox.
    pub(crate) fn no_outbox_found(database: &str) -> Self {
        Self::new(
            Exit::Config,
            format!("no table of database \"{database}\" looks like an outbox"),
        )
        .hint(Hint::Made(no_outbox_hint(database)))
    }

    /// More than one table looks like an outbox, and none was named.
    pub(crate) fn several_outboxes(tables: &[String]) -> Self {
        let message = format!("several tables look like an outbox: {}", listed(tables));
        Self::new(Exit::Config, message).hint(Hint::Made(format!(
            "`outflow publication create{}`, with those that are; or set outbox.tables",
            table_flags(tables)
        )))
    }

    /// Some of the tables are no outbox.
    pub(crate) fn not_outboxes(
        publication: &PublicationName,
        errors: &[PlanError],
        outboxes: &[String],
    ) -> Self {
        let (message, hint) = match (errors, outboxes) {
            ([error], []) => (error.to_string(), COLUMNS.to_owned()),
            (_, []) => (
                format!("none of the tables of publication \"{publication}\" is an outbox"),
                COLUMNS.to_owned(),
            ),
            _ => (
                format!("not every table of publication \"{publication}\" is an outbox"),
                format!(
                    "`--set 'outbox.tables={outboxes:?}'` takes those that are, also in the \
                     configuration file; for the others: {COLUMNS}"
                ),
            ),
        };
        let failure = Self::new(Exit::Config, message).hint(Hint::Made(hint));
        match errors {
            [_] if outboxes.is_empty() => failure,
            errors => failure.report(report(errors)),
        }
    }

    /// There is a publication of this name already, and it is another one.
    pub(crate) fn publication_differs(name: &PublicationName, database: &str, what: &str) -> Self {
        let message = format!(
            "publication \"{name}\" exists in database \"{database}\", and differs: {what}"
        );
        Self::new(Exit::Config, message).hint(Hint::Made(
            "`outflow publication show` shows it; `outflow publication drop` drops it, or set \
             postgres.publication to another name"
                .to_owned(),
        ))
    }
}

/// Says how to make an outbox where there is none.
fn no_outbox_hint(database: &str) -> String {
    format!(
        "`{}`; or name the table: `--table`, or outbox.tables",
        psql(database, TABLE)
    )
}

/// Writes the flags that name tables.
fn table_flags(tables: &[String]) -> String {
    match tables {
        [] => " --table outbox".to_owned(),
        tables => tables
            .iter()
            .map(|table| format!(" --table {}", shell(table)))
            .collect(),
    }
}

/// Writes one line for each table that is none; not more than fit on a screen.
fn report(errors: &[PlanError]) -> String {
    let mut report: String = errors
        .iter()
        .take(REPORTED)
        .map(|error| format!("{error}\n"))
        .collect();
    match errors.len().saturating_sub(REPORTED) {
        0 => {}
        more => report.push_str(&format!("and {more} more tables\n")),
    }
    report
}

/// Writes a list for a sentence, not too long.
fn listed(names: &[String]) -> String {
    match names {
        [first, second, third, fourth, _, rest @ ..] if !rest.is_empty() => {
            format!(
                "{first}, {second}, {third}, {fourth} and {} more",
                rest.len() + 1
            )
        }
        names => names.join(", "),
    }
}

/// The beginning of a statement that changes a publication.
fn alter(name: &PublicationName) -> String {
    format!(
        "ALTER PUBLICATION {}",
        outflow_replication_slot::catalog::ident(name.as_str())
    )
}

/// How many tables are told of.
const REPORTED: usize = 20;
/// What names the columns of an outbox.
const COLUMNS: &str = "the settings under outbox.columns say which column is what";
/// An outbox table that needs no settings.
const TABLE: &str = "CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), \
                     aggregate_type text NOT NULL, aggregate_id text NOT NULL, \
                     event_type text NOT NULL, payload jsonb)";
