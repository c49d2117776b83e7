//! Publications, what they send, and the commands that make and drop them.

use tokio_postgres::Client;

use super::CatalogError;
use super::fields::Fields;
use super::ident::ident;
use super::table::{Table, columns_sql};
use crate::name::PublicationName;

/// A publication of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its name.
    pub name: PublicationName,
    /// Whether it is of all tables, those to come included.
    pub all_tables: bool,
    /// Whether inserts are sent.
    pub insert: bool,
    /// Whether updates are sent.
    pub update: bool,
    /// Whether deletes are sent.
    pub delete: bool,
    /// Whether truncates are sent.
    pub truncate: bool,
    /// Whether a partition's rows are sent as rows of the topmost table.
    pub via_root: bool,
}

/// A table as a publication sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedTable {
    /// The table, with the columns that are sent.
    pub table: Table,
    /// The condition that a row must meet (since 15).
    pub row_filter: Option<String>,
}

impl Publication {
    /// Finds a publication of the connection's database.
    ///
    /// # Errors
    /// [`CatalogError`] where the connection is broken.
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub async fn find(
        client: &Client,
        name: &PublicationName,
    ) -> Result<Option<Self>, CatalogError> {
        let action = "read the publication";
        let row = client
            .query_opt(FIND, &[&name.as_str()])
            .await
            .map_err(|error| CatalogError::of(action, name.as_str(), error))?;
        row.map(|row| {
            let fields = Fields::new(&row, action);
            Ok(Self {
                name: name.clone(),
                all_tables: fields.read("puballtables")?,
                insert: fields.read("pubinsert")?,
                update: fields.read("pubupdate")?,
                delete: fields.read("pubdelete")?,
                truncate: fields.read("pubtruncate")?,
                via_root: fields.read("pubviaroot")?,
            })
        })
        .transpose()
    }

    /// Lists the tables that it sends, by the names under which their rows come: partitions, or the
    /// topmost table in their place.
    ///
    /// # Errors
    /// [`CatalogError`] where the connection is broken.
    ///
    /// # Cancel safety
    /// Safe: it only reads.
    pub async fn tables(&self, client: &Client) -> Result<Vec<PublishedTable>, CatalogError> {
        let action = "list the tables of the publication";
        let query = published_sql();
        let rows = client
            .query(&query, &[&self.name.as_str()])
            .await
            .map_err(|error| CatalogError::of(action, self.name.as_str(), error))?;
        rows.iter()
            .map(|row| {
                let fields = Fields::new(row, action);
                Ok(PublishedTable {
                    table: Table::read(fields)?,
                    row_filter: fields.read("row_filter")?,
                })
            })
            .collect()
    }
}

/// Gives the SQL that makes a publication of the inserts of these tables.
///
/// It always publishes through the partition root: on a plain table that changes nothing, and one
/// that is partitioned later keeps its name in the stream.
pub fn create_publication_sql(name: &PublicationName, tables: &[Table]) -> String {
    let tables: Vec<_> = tables.iter().map(Table::to_string).collect();
    // pgoutput wants a publication also where there are messages only; it may be of no table.
    let of = match tables.as_slice() {
        [] => String::new(),
        tables => format!(" FOR TABLE {}", tables.join(", ")),
    };
    format!(
        "CREATE PUBLICATION {}{of} WITH (publish = 'insert', publish_via_partition_root = true);",
        ident(name.as_str()),
    )
}

/// Makes a publication of the inserts of these tables.
///
/// # Errors
/// [`CatalogError`]: 42710 where there is one of this name, 42501 without ownership of a table or
/// the right to create in the database, 42P01 where a table is missing.
///
/// # Cancel safety
/// Dropping the future leaves the server to it.
pub async fn create_publication(
    client: &Client,
    name: &PublicationName,
    tables: &[Table],
) -> Result<(), CatalogError> {
    client
        .batch_execute(&create_publication_sql(name, tables))
        .await
        .map_err(|error| CatalogError::of("create the publication", name.as_str(), error))
}

/// Gives the SQL that drops a publication.
pub fn drop_publication_sql(name: &PublicationName) -> String {
    format!("DROP PUBLICATION {};", ident(name.as_str()))
}

/// Drops a publication.
///
/// # Errors
/// [`CatalogError`]: 42704 where there is none, 42501 where it is somebody else's.
///
/// # Cancel safety
/// Dropping the future leaves the server to it.
pub async fn drop_publication(client: &Client, name: &PublicationName) -> Result<(), CatalogError> {
    client
        .batch_execute(&drop_publication_sql(name))
        .await
        .map_err(|error| CatalogError::of("drop the publication", name.as_str(), error))
}

/// Gives the SQL that adds a table, which its owner has to run.
pub fn add_table_sql(name: &PublicationName, table: &Table) -> String {
    format!(
        "ALTER PUBLICATION {} ADD TABLE {};",
        ident(name.as_str()),
        table
    )
}

/// Gives the SQL that leaves inserts only.
pub fn publish_inserts_sql(name: &PublicationName) -> String {
    format!(
        "ALTER PUBLICATION {} SET (publish = 'insert');",
        ident(name.as_str())
    )
}

/// Gives the SQL that sends partitions as their topmost table.
pub fn via_root_sql(name: &PublicationName) -> String {
    format!(
        "ALTER PUBLICATION {} SET (publish_via_partition_root = true);",
        ident(name.as_str())
    )
}

/// Makes the question for the tables. As JSON a row has the columns of its version: `attnames` and
/// `rowfilter` came with 15, and before them every column was sent that is not generated.
fn published_sql() -> String {
    let sent = "CASE WHEN v.j -> 'attnames' IS NULL THEN a.attgenerated = ''
                     ELSE v.j -> 'attnames' ? a.attname::text END";
    format!(
        "SELECT {}, v.j ->> 'rowfilter' AS row_filter
           FROM pg_catalog.pg_publication_tables p
          CROSS JOIN LATERAL (SELECT to_jsonb(p) AS j) v
           JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname
           JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
          WHERE p.pubname = $1::text
          ORDER BY p.schemaname, p.tablename",
        columns_sql(sent)
    )
}

/// The question for the publication.
const FIND: &str = "\
SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot
  FROM pg_catalog.pg_publication
 WHERE pubname = $1::text";
