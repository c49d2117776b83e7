//! Which column of a table plays which role, for showing.

use std::fmt;

use crate::Role;

/// Which column of a table plays which role, and which headers it can't have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnUse {
    /// The roles that have a column.
    pub(super) roles: Vec<(Role, String)>,
    /// The headers that are left out.
    pub(super) omitted: Vec<String>,
}

impl ColumnUse {
    /// The column that plays a role; none where the role is not needed and no column fits.
    pub fn column(&self, role: Role) -> Option<&str> {
        let found = self.roles.iter().find(|(own, _)| *own == role);
        found.map(|(_, column)| column.as_str())
    }

    /// The optional headers that are left out, as the table lacks a column that they need.
    pub fn omitted_headers(&self) -> impl Iterator<Item = &str> {
        self.omitted.iter().map(String::as_str)
    }
}

impl fmt::Display for ColumnUse {
    /// Lists the roles: `id = event_id, payload = data`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (role, column)) in self.roles.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{role} = {column}")?;
        }
        Ok(())
    }
}
