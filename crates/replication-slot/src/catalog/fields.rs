//! Reading the columns of a row, by name and without panics.

use outflow_pgoutput::Lsn;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::CatalogError;

/// A row of an answer, and what was asked.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// The row.
    row: &'a Row,
    /// What it was read for, as an error says it.
    action: &'static str,
}

impl<'a> Fields<'a> {
    /// Takes a row of the answer to `action`.
    pub(super) const fn new(row: &'a Row, action: &'static str) -> Self {
        Self { row, action }
    }

    /// Reads a column.
    ///
    /// # Errors
    /// [`CatalogError`] where the server's answer has another form.
    pub(super) fn read<T: FromSql<'a>>(self, name: &str) -> Result<T, CatalogError> {
        self.row
            .try_get(name)
            .map_err(|error| CatalogError::new(self.action, error))
    }

    /// Reads a number that cannot be negative.
    ///
    /// # Errors
    /// As [`Fields::read`].
    pub(super) fn unsigned(self, name: &str) -> Result<Option<u64>, CatalogError> {
        let value: Option<i64> = self.read(name)?;
        Ok(value.map(|value| u64::try_from(value).unwrap_or_default()))
    }

    /// Reads a position that the query gives as text.
    ///
    /// # Errors
    /// As [`Fields::read`].
    pub(super) fn lsn(self, name: &str) -> Result<Option<Lsn>, CatalogError> {
        let text: Option<&str> = self.read(name)?;
        text.map(|text| parse_lsn(text, self.action)).transpose()
    }
}

/// Parses a position.
///
/// # Errors
/// [`CatalogError`] where it is none.
pub(super) fn parse_lsn(text: &str, action: &'static str) -> Result<Lsn, CatalogError> {
    text.parse()
        .map_err(|_| CatalogError::answer(action, format!("{text:?} is no position")))
}
