//! Tables and their columns, as far as a publication sends them.

use std::fmt;

use outflow_pgoutput::Oid;
use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;
use super::ident::ident;

/// A table of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What kind of table it is.
    pub kind: TableKind,
    /// The columns that are sent, in the order of the table: none that was dropped or is generated,
    /// and only those that the publication lists.
    pub columns: Vec<TableColumn>,
    /// Whether its name alone means it, by the search path of the connection.
    pub visible: bool,
}

/// What kind of table it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// One that holds its rows itself.
    Plain,
    /// One whose rows are in its partitions.
    Partitioned,
    /// A part of another.
    Partition {
        /// The schema of the topmost table above it.
        root_schema: String,
        /// The name of that table.
        root_name: String,
    },
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type; for a domain the type under it.
    pub type_oid: Oid,
}

/// How many rows a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowCount {
    /// Exactly so many.
    Exactly(u64),
    /// More than that: counting stopped there.
    MoreThan(u64),
}

impl Table {
    /// Reads the columns that [`columns_sql`] and the queries below select.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, CatalogError> {
        let names: Vec<String> = fields.read("column_names")?;
        let types: Vec<u32> = fields.read("column_types")?;
        let root: Option<String> = fields.read("root_name")?;
        let partitioned: bool = fields.read("partitioned")?;
        let kind = match root {
            Some(root_name) => TableKind::Partition {
                root_schema: fields.read("root_schema")?,
                root_name,
            },
            None if partitioned => TableKind::Partitioned,
            None => TableKind::Plain,
        };
        let column = |(name, oid)| TableColumn {
            name,
            type_oid: Oid::new(oid),
        };
        Ok(Self {
            schema: fields.read("table_schema")?,
            name: fields.read("table_name")?,
            kind,
            columns: names.into_iter().zip(types).map(column).collect(),
            visible: fields.read("visible")?,
        })
    }
}

impl fmt::Display for Table {
    /// Shows `public.outbox`, quoted where SQL needs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", ident(&self.schema), ident(&self.name))
    }
}

/// Lists the tables of the database that could be published: no partitions, no temporary or
/// unlogged ones, none of the system's.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Safe: it only reads.
pub async fn tables(client: &Client) -> Result<Vec<Table>, CatalogError> {
    let action = "list the tables";
    let query = format!(
        "SELECT {}
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition
            AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND c.oid >= 16384
          ORDER BY n.nspname, c.relname",
        columns_sql("a.attgenerated = ''")
    );
    let rows = client
        .query(&query, &[])
        .await
        .map_err(|error| CatalogError::new(action, error))?;
    rows.iter()
        .map(|row| Table::read(Fields::new(row, action)))
        .collect()
}

/// Counts the rows of a table, up to `limit`.
///
/// # Errors
/// [`CatalogError`]: 42501 without the privilege to read it.
///
/// # Cancel safety
/// Safe: it only reads.
pub async fn count_rows(
    client: &Client,
    table: &Table,
    limit: u64,
) -> Result<RowCount, CatalogError> {
    let action = "count the rows of";
    let most = limit.saturating_add(1);
    let query = format!(
        "SELECT count(*) AS rows FROM (SELECT FROM {} LIMIT {most}) r",
        table
    );
    let row = client
        .query_one(&query, &[])
        .await
        .map_err(|error| CatalogError::of(action, &table.to_string(), error))?;
    let rows = Fields::new(&row, action)
        .unsigned("rows")?
        .unwrap_or_default();
    Ok(if rows > limit {
        RowCount::MoreThan(limit)
    } else {
        RowCount::Exactly(rows)
    })
}

/// Makes the select list of a [`Table`] for `c` of `pg_class` and `n` of `pg_namespace`, with the
/// columns `a` of `pg_attribute` for which the condition holds.
pub(super) fn columns_sql(condition: &str) -> String {
    let columns = format!(
        "FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND {condition}
         ORDER BY a.attnum"
    );
    format!(
        "n.nspname::text AS table_schema, c.relname::text AS table_name,
         c.relkind = 'p' AS partitioned, pg_catalog.pg_table_is_visible(c.oid) AS visible,
         (SELECT rn.nspname::text FROM pg_catalog.pg_class rc
            JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
           WHERE c.relispartition AND rc.oid = pg_catalog.pg_partition_root(c.oid)) AS root_schema,
         (SELECT rc.relname::text FROM pg_catalog.pg_class rc
           WHERE c.relispartition AND rc.oid = pg_catalog.pg_partition_root(c.oid)) AS root_name,
         ARRAY(SELECT a.attname::text {columns}) AS column_names,
         ARRAY(SELECT {BASE_TYPE} {columns}) AS column_types"
    )
}

/// The type of a column, or the type under a domain, however deep.
const BASE_TYPE: &str = "\
COALESCE((WITH RECURSIVE d AS (
              SELECT t.oid, t.typbasetype, t.typtype FROM pg_catalog.pg_type t
               WHERE t.oid = a.atttypid
              UNION ALL
              SELECT b.oid, b.typbasetype, b.typtype
                FROM d JOIN pg_catalog.pg_type b ON b.oid = d.typbasetype)
          SELECT d.oid FROM d WHERE d.typtype <> 'd'), a.atttypid)";
