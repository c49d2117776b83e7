//! Which tables are outboxes.

use outflow_event_router::{ColumnUse, OutboxConfig, PlanError, Router, TableName};
use outflow_pgoutput::Oid;
use outflow_replication_slot::catalog::{self, Table};
use tokio_postgres::Client;

use super::Trouble;
use crate::exit::Failure;

/// Asks the router whether a table can be an outbox.
///
/// # Errors
/// [`PlanError`] with what it lacks.
pub(crate) fn router_verdict(outbox: &OutboxConfig, table: &Table) -> Result<ColumnUse, PlanError> {
    let columns: Vec<(&str, Oid)> = table
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_oid))
        .collect();
    Router::new(outbox.clone()).check(&table.to_string(), &columns)
}

/// The tables of the database that could be published.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    /// How an outbox is recognised.
    outbox: &'a OutboxConfig,
    /// The database, for messages.
    database: &'a str,
    /// All tables but partitions.
    tables: Vec<Table>,
}

impl<'a> Candidates<'a> {
    /// Reads the tables.
    ///
    /// # Errors
    /// [`Trouble::Catalog`].
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub(crate) async fn read(
        client: &Client,
        outbox: &'a OutboxConfig,
        database: &'a str,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            outbox,
            database,
            tables: catalog::tables(client).await?,
        })
    }

    /// Chooses what is to be published: the tables that were named, or else the one that looks like
    /// an outbox. Where messages are events, it may be that there is none.
    ///
    /// # Errors
    /// [`Failure`] where a name means none or several, a named table is no outbox, or nothing but a
    /// person could choose.
    pub(crate) fn choose(&self, named: &[TableName]) -> Result<Vec<Table>, Failure> {
        if named.is_empty() && self.outbox.messages.is_wanted() && self.outboxes().is_empty() {
            return Ok(Vec::new());
        }
        if named.is_empty() {
            return self.detect().map(|table| vec![table]);
        }
        let mut chosen: Vec<Table> = Vec::new();
        for name in named {
            let table = self.find(name)?;
            router_verdict(self.outbox, table)
                .map_err(|error| Failure::from_error(crate::exit::Exit::Config, &error))?;
            if !chosen.contains(table) {
                chosen.push(table.clone());
            }
        }
        Ok(chosen)
    }

    /// Finds the table that a name means: of several in different schemas the one that the search
    /// path finds, as psql would.
    ///
    /// # Errors
    /// [`Failure`] where it means none, or several.
    pub(super) fn find(&self, name: &TableName) -> Result<&Table, Failure> {
        let matching: Vec<&Table> = self
            .tables
            .iter()
            .filter(|t| name.matches(&t.schema, &t.name))
            .collect();
        let visible = matching.iter().find(|table| table.visible);
        match (matching.as_slice(), visible) {
            ([], _) => Err(Failure::no_table(
                &name.to_string(),
                self.database,
                &names(&self.outboxes()),
            )),
            ([one], _) | (_, Some(one)) => Ok(one),
            (several, None) => Err(Failure::ambiguous_table(&name.to_string(), &names(several))),
        }
    }

    /// Finds the only table that looks like an outbox.
    fn detect(&self) -> Result<Table, Failure> {
        match self.outboxes().as_slice() {
            [] => Err(Failure::no_outbox_found(self.database)),
            [table] => Ok((*table).clone()),
            several => Err(Failure::several_outboxes(&names(several))),
        }
    }

    /// Lists the tables that look like an outbox.
    pub(crate) fn outboxes(&self) -> Vec<&Table> {
        self.tables
            .iter()
            .filter(|table| router_verdict(self.outbox, table).is_ok())
            .collect()
    }
}

/// Gives names for a message.
fn names(tables: &[&Table]) -> Vec<String> {
    tables.iter().map(|table| table.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use outflow_replication_slot::catalog::{TableColumn, TableKind};

    use super::*;

    /// A table with text columns.
    fn table(schema: &str, name: &str, columns: &[&str]) -> Table {
        let column = |name: &&str| TableColumn {
            name: (*name).to_owned(),
            type_oid: Oid::new(25),
        };
        Table {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: TableKind::Plain,
            columns: columns.iter().map(column).collect(),
            visible: schema == "public",
        }
    }

    /// Chooses among tables.
    fn choose(tables: &[Table], named: &[&str]) -> Result<Vec<String>, String> {
        let outbox = OutboxConfig::default();
        let candidates = Candidates {
            outbox: &outbox,
            database: "shop",
            tables: tables.to_vec(),
        };
        let named: Vec<_> = named
            .iter()
            .map(|name| TableName::parse(name).unwrap())
            .collect();
        let chosen = candidates
            .choose(&named)
            .map_err(|failure| failure.to_string())?;
        Ok(chosen.iter().map(Table::to_string).collect())
    }

    const OUTBOX: &[&str] = &["id", "aggregate_type", "aggregate_id", "type", "payload"];

    #[test]
    fn the_only_outbox_is_found_and_several_are_listed() {
        let orders = table("public", "orders", &["id", "total"]);
        let one = [orders.clone(), table("sales", "Outbox", OUTBOX)];
        assert_eq!(choose(&one, &[]), Ok(vec!["sales.\"Outbox\"".to_owned()]));

        let two = [table("a", "outbox", OUTBOX), table("b", "outbox", OUTBOX)];
        insta::assert_snapshot!(choose(&two, &[]).unwrap_err(), @r"
        error: several tables look like an outbox: a.outbox, b.outbox

        hint: `outflow publication create --table a.outbox --table b.outbox`, with those that are; or set outbox.tables
        ");
        insta::assert_snapshot!(choose(&two, &["outbox"]).unwrap_err(), @r"
        error: outbox may be any of a.outbox, b.outbox

        hint: name the schema: `--table a.outbox`, or in outbox.tables
        ");
        insta::assert_snapshot!(choose(&[orders], &[]).unwrap_err(), @r#"
        error: no table of database "shop" looks like an outbox

        hint: `psql -d shop -c "CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_type text NOT NULL, aggregate_id text NOT NULL, event_type text NOT NULL, payload jsonb)"`; or name the table: `--table`, or outbox.tables
        "#);
    }

    #[test]
    fn a_name_without_schema_prefers_the_search_path() {
        let tables = [
            table("a", "outbox", OUTBOX),
            table("public", "outbox", OUTBOX),
        ];
        assert_eq!(
            choose(&tables, &["outbox"]),
            Ok(vec!["public.outbox".to_owned()])
        );
        assert_eq!(
            choose(&tables, &["a.outbox"]),
            Ok(vec!["a.outbox".to_owned()])
        );
    }

    #[test]
    fn a_named_table_must_be_there_and_be_an_outbox() {
        let tables = [
            table("public", "outbox", OUTBOX),
            table("public", "orders", &["id"]),
        ];
        insta::assert_snapshot!(choose(&tables, &["outbix"]).unwrap_err(), @r#"
        error: there is no table outbix in database "shop"

        hint: these tables look like an outbox: public.outbox
        "#);
        let error = choose(&tables, &["orders"]).unwrap_err();
        assert!(error.contains("no column for payload"), "{error}");
    }
}
