//! What the server says of an error or a notice.

use std::fmt;

/// An error or a notice of the server (PostgreSQL manual, "Error and Notice Message Fields").
///
/// It is one pointer, so that a result that may hold it stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError(Box<Fields>);

/// The fields that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fields {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING`, ..: never translated.
    severity: String,
    /// The SQLSTATE.
    code: String,
    /// What happened.
    message: String,
    /// More about it.
    detail: Option<String>,
    /// What the server suggests.
    hint: Option<String>,
}

impl ServerError {
    /// Reads the body of an ErrorResponse or NoticeResponse; what is not there stays empty.
    pub fn parse(body: &[u8]) -> Self {
        let mut error = Fields::default();
        for field in body.split(|&byte| byte == 0) {
            let Some((&kind, value)) = field.split_first() else {
                continue;
            };
            let value = String::from_utf8_lossy(value).into_owned();
            match kind {
                b'V' => error.severity = value,
                b'S' if error.severity.is_empty() => error.severity = value,
                b'C' => error.code = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                _ => {}
            }
        }
        Self(Box::new(error))
    }

    /// Gives the SQLSTATE, such as `55006`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Gives what happened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Gives the severity, such as `FATAL`.
    pub fn severity(&self) -> &str {
        &self.0.severity
    }

    /// Gives more about it, if the server does.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Gives what the server suggests, if it does.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl From<&tokio_postgres::error::DbError> for ServerError {
    fn from(error: &tokio_postgres::error::DbError) -> Self {
        Self(Box::new(Fields {
            severity: error.severity().to_owned(),
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
        }))
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.severity, self.0.message)?;
        if let Some(detail) = &self.0.detail {
            write!(f, " ({detail})")?;
        }
        match self.0.code.as_str() {
            "" => Ok(()),
            code => write!(f, " [SQLSTATE {code}]"),
        }
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_any_order_and_nothing_is_needed() {
        let error = ServerError::parse(b"SFEHLER\0VERROR\0C55006\0Mslot is active\0Dfor PID 7\0\0");
        assert_eq!(
            error.to_string(),
            "ERROR: slot is active (for PID 7) [SQLSTATE 55006]"
        );
        assert_eq!(ServerError::parse(b"").code(), "");
        assert_eq!(ServerError::parse(b"M\xff\0").message(), "\u{fffd}");
    }
}
