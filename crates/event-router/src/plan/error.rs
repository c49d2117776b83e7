//! Why a table is no outbox.

use std::fmt;

use crate::Role;

/// A table that can't be an outbox: what is missing, all of it, and what columns there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// The name of the table.
    relation: String,
    /// What is wrong.
    problems: Vec<PlanProblem>,
    /// The columns it has.
    columns: Vec<String>,
}

impl PlanError {
    /// The name of the table.
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// What is wrong, in the order of the configuration; there is at least one.
    pub fn problems(&self) -> &[PlanProblem] {
        &self.problems
    }

    /// The columns that the table has.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

impl std::error::Error for PlanError {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {} can't be used as an outbox: ", self.relation)?;
        for (at, problem) in self.problems.iter().enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            write!(f, "{comma}{problem}")?;
        }
        match self.columns.as_slice() {
            [] => f.write_str("; the table has no columns"),
            columns => write!(f, "; its columns are {}", columns.join(", ")),
        }
    }
}

/// One thing that is wrong with a table, or with the settings for any table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// No column is named for a role that is needed, and none has one of its usual names.
    #[error(
        "no column for {role}: none is called {}, and outbox.columns.{role} is not set",
        either(role.candidates())
    )]
    NotFound {
        /// The role.
        role: Role,
    },
    /// The column that is named for a role does not exist.
    #[error("outbox.columns.{role} names {column:?}, and there is no such column")]
    NotThere {
        /// The role.
        role: Role,
        /// The name.
        column: String,
    },
    /// A template uses a column that does not exist.
    #[error("outbox.{setting} uses {{{column}}}, and there is no such column")]
    Unknown {
        /// The setting that has the template, such as `key`.
        setting: String,
        /// The name.
        column: String,
    },
    /// A header has an empty name, or one with a NUL.
    #[error("outbox.headers has the name {name:?}, which no header can have")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// The column for the time of a record has another type.
    #[error(
        "outbox.columns.timestamp names {column:?}, which is no timestamp, timestamptz or bigint"
    )]
    NoTime {
        /// The name.
        column: String,
    },
}

/// Names as a choice: `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Collects what is wrong with a table.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<PlanProblem>);

impl Problems {
    /// Adds a problem, once.
    pub(crate) fn add(&mut self, problem: PlanProblem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// The error, if there was a problem.
    pub(crate) fn check(
        self,
        relation: &str,
        columns: impl Iterator<Item = String>,
    ) -> Result<(), PlanError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let columns = columns.collect();
        Err(PlanError {
            relation: relation.to_owned(),
            problems: self.0,
            columns,
        })
    }
}
