//! Headers, as configured.

use crate::{Role, Template};

/// A header of every record: its name, and where its value comes from.
///
/// A name that no header can have, an empty one or one with a NUL, is reported with the first table.
///
/// ```
/// use outflow_event_router::{Header, Template};
///
/// let header = Header::new("tenant", Template::parse("{tenant}")?);
/// assert!(header.is_required() && !header.optional().is_required());
/// # Ok::<(), outflow_event_router::TemplateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    name: String,
    /// Where its value comes from.
    value: Template,
    /// Whether the columns that the value needs must be there.
    required: bool,
}

impl Header {
    /// A header that was asked for: a table without the columns that its value needs is no outbox.
    /// In a record whose row has a NULL there, the header is left out.
    pub fn new(name: impl Into<String>, value: Template) -> Self {
        Self {
            name: name.into(),
            value,
            required: true,
        }
    }

    /// The same header, left out for a table without the columns that its value needs.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    /// The headers of a record where none are configured: `id`, and `eventType` where there is
    /// such a column.
    pub fn defaults() -> Vec<Self> {
        let header = |name: &str, role, required| {
            let (name, value) = (name.to_owned(), Template::role(role));
            Self {
                name,
                value,
                required,
            }
        };
        vec![
            header("id", Role::Id, true),
            header("eventType", Role::EventType, false),
        ]
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the value comes from.
    pub fn value(&self) -> &Template {
        &self.value
    }

    /// Whether a header can have the name: Kafka's clients end it at a NUL.
    pub(crate) fn is_named(&self) -> bool {
        !self.name.is_empty() && !self.name.contains('\0')
    }

    /// Whether the columns that the value needs must be there.
    pub fn is_required(&self) -> bool {
        self.required
    }
}
