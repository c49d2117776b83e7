//! What is done with the rows of one table, worked out once from its columns.

use crate::OutboxConfig;
use crate::column::{Column, ColumnKind};
use crate::error::{RouteError, RouteErrorKind};
use crate::scratch::{Scratch, Span};
use crate::timestamp::Clock;
use crate::topic_rule::RegexRule;

mod compile;
mod error;
mod usage;

pub(crate) use error::Problems;
pub use error::{PlanError, PlanProblem};
pub use usage::ColumnUse;

/// What is done with the rows of one outbox table.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The name of the table, for messages.
    pub(crate) relation: Box<str>,
    /// What each column is for, in the order of the table.
    pub(crate) columns: Vec<ColumnPlan>,
    /// The column of each field, by the number of the field.
    pub(crate) fields: Vec<usize>,
    /// Where the topic comes from.
    pub(crate) topic: TopicPlan,
    /// Where the key comes from.
    pub(crate) key: Part,
    /// The headers, in order.
    pub(crate) headers: Vec<HeaderPlan>,
}

/// What one column is for.
#[derive(Debug)]
pub(crate) struct ColumnPlan {
    /// Its name.
    pub(crate) name: Box<str>,
    /// Whether any of the following is so; a column that is not is stepped over.
    pub(crate) needed: bool,
    /// Whether its text stands for bytes.
    pub(crate) bytea: bool,
    /// The number of the field that has its value.
    pub(crate) field: Option<usize>,
    /// Whether it names the row.
    pub(crate) id: bool,
    /// Whether it is the value of the record.
    pub(crate) payload: bool,
    /// How it says the time of the record, if it does.
    pub(crate) clock: Option<Clock>,
}

/// Where the topic of a row comes from.
#[derive(Debug)]
pub(crate) enum TopicPlan {
    /// From a template.
    Template(Part),
    /// From the aggregate type, which is this field, by the configured pattern.
    Regex(usize, Box<RegexRule>),
}

/// One header.
#[derive(Debug)]
pub(crate) struct HeaderPlan {
    /// Its name.
    pub(crate) name: Box<str>,
    /// Where its value comes from.
    pub(crate) value: Part,
}

/// A template with numbers of fields in place of names.
#[derive(Debug, Default)]
pub(crate) struct Part(Vec<PartPiece>);

/// One part of such a template.
#[derive(Debug)]
pub(crate) enum PartPiece {
    /// Text that stands for itself.
    Literal(Box<[u8]>),
    /// The value of a field, by its number.
    Field(usize),
}

impl Plan {
    /// Works out what is done with the rows of a table.
    pub(crate) fn compile(
        config: &OutboxConfig,
        relation: &str,
        columns: &[Column<'_>],
    ) -> Result<(Self, ColumnUse), PlanError> {
        compile::compile(config, relation, columns)
    }

    /// An error on this table.
    pub(crate) fn error(&self, kind: RouteErrorKind) -> RouteError {
        RouteError::new(Some(&self.relation), kind)
    }

    /// The name of the column that a field has its value from.
    pub(crate) fn field_name(&self, field: usize) -> &str {
        let column = self
            .fields
            .get(field)
            .and_then(|column| self.columns.get(*column));
        column.map_or("", |column| &column.name)
    }
}

impl Part {
    /// Fills in the values of a row.
    ///
    /// An empty template, and one that is a field alone, have no value where the field is NULL.
    /// Among other text a NULL is an error, with the number of the field.
    pub(crate) fn render(&self, scratch: &mut Scratch) -> Result<Option<Span>, usize> {
        match self.0.as_slice() {
            [] => return Ok(None),
            [PartPiece::Field(slot)] => return Ok(scratch.field(*slot)),
            _ => {}
        }
        let start = scratch.len();
        for piece in &self.0 {
            match piece {
                PartPiece::Literal(text) => {
                    scratch.push(text);
                }
                PartPiece::Field(slot) => {
                    let value = scratch.field(*slot).ok_or(*slot)?;
                    scratch.push_again(value);
                }
            }
        }
        Ok(Some(scratch.since(start)))
    }

    /// The field, if the template is nothing else.
    pub(crate) fn lone_field(&self) -> Option<usize> {
        match self.0.as_slice() {
            [PartPiece::Field(slot)] => Some(*slot),
            _ => None,
        }
    }
}

impl ColumnPlan {
    /// A column that nothing needs yet.
    fn new(column: &Column<'_>) -> Self {
        Self {
            name: column.name.as_ref().into(),
            needed: false,
            bytea: column.kind == ColumnKind::Bytea,
            field: None,
            id: false,
            payload: false,
            clock: None,
        }
    }
}
