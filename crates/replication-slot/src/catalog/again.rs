//! Rows that a table holds already, written again so that a slot sends them.

use tokio_postgres::Client;

use super::fields::Fields;
use super::{CatalogError, Table};

/// Gives the SQL that deletes and inserts all rows of a table in one statement: a slot that
/// publishes inserts then sends each of them, as if it were new.
///
/// # Errors
/// [`CatalogError`] where the connection is broken.
///
/// # Cancel safety
/// Safe: it only reads.
pub async fn insert_again_sql(client: &Client, table: &Table) -> Result<String, CatalogError> {
    let action = "read the columns of";
    let table = table.to_string();
    let row = client
        .query_one(COLUMNS, &[&table])
        .await
        .map_err(|error| CatalogError::of(action, &table, error))?;
    let fields = Fields::new(&row, action);
    let columns: Option<String> = fields.read("columns")?;
    let (into, columns) = match columns {
        Some(columns) => (format!(" ({columns})"), columns),
        None => (String::new(), "*".to_owned()),
    };
    let identity = match fields.read("identity")? {
        true => " OVERRIDING SYSTEM VALUE",
        false => "",
    };
    Ok(format!(
        "WITH again AS (DELETE FROM {table} RETURNING *) \
         INSERT INTO {table}{into}{identity} SELECT {columns} FROM again;"
    ))
}

/// The question: the columns, where some are generated and so can't be given a value.
const COLUMNS: &str = "\
SELECT CASE WHEN bool_or(a.attgenerated <> '')
            THEN string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                     FILTER (WHERE a.attgenerated = '') END AS columns,
       COALESCE(bool_or(a.attidentity <> ''), false) AS identity
  FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped";
