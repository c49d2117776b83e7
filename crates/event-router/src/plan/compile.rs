//! From settings and columns to a plan.

use super::{ColumnPlan, ColumnUse, HeaderPlan, Part, PartPiece, Plan, Problems, TopicPlan};
use crate::column::{Column, ColumnKind};
use crate::template::Piece;
use crate::{Field, Header, OutboxConfig, PlanError, PlanProblem, Role, Template, TopicRule};

/// Works out what is done with the rows of a table, and which column plays which role.
pub(super) fn compile(
    config: &OutboxConfig,
    relation: &str,
    columns: &[Column<'_>],
) -> Result<(Plan, ColumnUse), PlanError> {
    let mut compiler = Compiler::new(config, columns);
    compiler.check_named();
    let id = compiler.need(Role::Id);
    let topic = compiler.topic();
    let key = compiler.part(&config.key, "key");
    let headers = config
        .headers
        .iter()
        .filter_map(|header| compiler.header(header))
        .collect();
    let payload = compiler.need(Role::Payload);
    let clock = compiler.locate(Role::Timestamp);
    compiler.mark(id, |column| column.id = true);
    compiler.mark(payload, |column| column.payload = true);
    compiler.clock(clock);
    compiler.finish(relation, topic, key, headers)
}

/// A plan in the making.
struct Compiler<'c> {
    /// The settings.
    config: &'c OutboxConfig,
    /// The columns of the table.
    columns: &'c [Column<'c>],
    /// What each column is for, as far as it is known.
    plans: Vec<ColumnPlan>,
    /// The column of each field.
    fields: Vec<usize>,
    /// The headers that are left out.
    omitted: Vec<String>,
    /// What is wrong.
    problems: Problems,
}

impl<'c> Compiler<'c> {
    /// A plan that needs no column yet.
    fn new(config: &'c OutboxConfig, columns: &'c [Column<'c>]) -> Self {
        Self {
            config,
            columns,
            plans: columns.iter().map(ColumnPlan::new).collect(),
            fields: Vec::new(),
            omitted: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// The place of a column.
    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column that plays a role: the one named, else the first of its usual names.
    fn locate(&self, role: Role) -> Option<usize> {
        match self.config.columns.name(role) {
            Some(name) => self.position(name),
            None => role
                .candidates()
                .iter()
                .find_map(|name| self.position(name)),
        }
    }

    /// Reports the columns that are named for a role and do not exist, needed or not: a name that
    /// was written down was meant.
    fn check_named(&mut self) {
        for role in Role::ALL {
            if let Some(name) = self.config.columns.name(role)
                && self.position(name).is_none()
            {
                self.problems.add(PlanProblem::NotThere {
                    role,
                    column: name.to_owned(),
                });
            }
        }
    }

    /// The column of a role that is needed; reports it where none is found.
    fn need(&mut self, role: Role) -> Option<usize> {
        let found = self.locate(role);
        if found.is_none() && self.config.columns.name(role).is_none() {
            self.problems.add(PlanProblem::NotFound { role });
        }
        found
    }

    /// Where the topic comes from.
    fn topic(&mut self) -> TopicPlan {
        match &self.config.topic {
            TopicRule::Template(rule) => {
                TopicPlan::Template(self.part(rule.as_template(), "topic"))
            }
            TopicRule::Regex(rule) => {
                let column = self.need(Role::AggregateType);
                let field = column.map_or(0, |column| self.slot(column));
                TopicPlan::Regex(field, Box::new(rule.clone()))
            }
        }
    }

    /// A header, or nothing if it may be left out and needs a column that is not there.
    fn header(&mut self, header: &Header) -> Option<HeaderPlan> {
        if !header.is_required() && header.value().fields().any(|field| !self.has(field)) {
            self.omitted.push(header.name().to_owned());
            return None;
        }
        if !header.is_named() {
            let name = header.name().to_owned();
            self.problems.add(PlanProblem::HeaderName { name });
        }
        let value = self.part(header.value(), &format!("headers.{}", header.name()));
        Some(HeaderPlan {
            name: header.name().into(),
            value,
        })
    }

    /// Whether there is a column for a field.
    fn has(&self, field: &Field) -> bool {
        match field {
            Field::Role(role) => self.locate(*role).is_some(),
            Field::Column(name) => self.position(name).is_some(),
        }
    }

    /// A template, with columns found for its fields; reports those that are not there.
    fn part(&mut self, template: &Template, setting: &str) -> Part {
        let pieces = template.pieces().iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(PartPiece::Literal(text.as_bytes().into())),
            Piece::Field(field) => self.field(field, setting).map(PartPiece::Field),
        });
        Part(pieces.collect())
    }

    /// The number of the field for what a template names.
    fn field(&mut self, field: &Field, setting: &str) -> Option<usize> {
        let column = match field {
            Field::Role(role) => self.need(*role),
            Field::Column(name) => self.position(name),
        };
        if let (None, Field::Column(name)) = (column, field) {
            let (setting, column) = (setting.to_owned(), name.clone());
            self.problems.add(PlanProblem::Unknown { setting, column });
        }
        column.map(|column| self.slot(column))
    }

    /// The number of the field with the value of a column, a new one if it has none.
    fn slot(&mut self, column: usize) -> usize {
        let next = self.fields.len();
        let slot = self.plans.get_mut(column).map_or(next, |plan| {
            plan.needed = true;
            *plan.field.get_or_insert(next)
        });
        if slot == next {
            self.fields.push(column);
        }
        slot
    }

    /// Notes what a column is needed for.
    fn mark(&mut self, column: Option<usize>, note: impl FnOnce(&mut ColumnPlan)) {
        if let Some(plan) = column.and_then(|column| self.plans.get_mut(column)) {
            plan.needed = true;
            note(plan);
        }
    }

    /// Notes the column with the time of a record, whose type must be one.
    fn clock(&mut self, column: Option<usize>) {
        let Some(found) = column.and_then(|column| self.columns.get(column)) else {
            return;
        };
        match found.kind {
            ColumnKind::Clock(clock) => self.mark(column, |plan| plan.clock = Some(clock)),
            ColumnKind::Bytea | ColumnKind::Other => {
                self.problems.add(PlanProblem::NoTime {
                    column: found.name.to_string(),
                });
            }
        }
    }

    /// The plan, unless there were problems.
    fn finish(
        self,
        relation: &str,
        topic: TopicPlan,
        key: Part,
        headers: Vec<HeaderPlan>,
    ) -> Result<(Plan, ColumnUse), PlanError> {
        let roles = Role::ALL.into_iter().filter_map(|role| {
            let column = self.columns.get(self.locate(role)?)?;
            Some((role, column.name.to_string()))
        });
        let usage = ColumnUse {
            roles: roles.collect(),
            omitted: self.omitted,
        };
        let names = self.columns.iter().map(|column| column.name.to_string());
        self.problems.check(relation, names)?;
        let (columns, fields) = (self.plans, self.fields);
        Ok((
            Plan {
                relation: relation.into(),
                columns,
                fields,
                topic,
                key,
                headers,
            },
            usage,
        ))
    }
}
