//! The one way in which the harness gives up.

/// Returns the value, or panics with the whole chain of causes: a harness that can't do its work fails the test.
///
/// # Panics
/// When there is an error.
#[track_caller]
pub(crate) fn must<T>(result: anyhow::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("test harness: {error:#}"),
    }
}
