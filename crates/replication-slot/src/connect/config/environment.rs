//! What the process's surroundings say: variables, and who it runs as.

use std::fmt;
use std::path::PathBuf;

use nix::unistd::{Uid, User};

/// What the process's surroundings say.
pub struct Environment<'a> {
    /// Gives a variable.
    variable: &'a dyn Fn(&str) -> Option<String>,
    /// Gives the operating system's user.
    os_user: &'a dyn Fn() -> Option<OsUser>,
}

/// The operating system's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsUser {
    /// The login name.
    pub name: String,
    /// The home folder.
    pub home: PathBuf,
}

impl<'a> Environment<'a> {
    /// Takes variables from a function, and the user from the operating system.
    pub fn with_variables(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            variable,
            os_user: &process_user,
        }
    }

    /// Takes everything from functions.
    pub fn new(
        variable: &'a dyn Fn(&str) -> Option<String>,
        os_user: &'a dyn Fn() -> Option<OsUser>,
    ) -> Self {
        Self { variable, os_user }
    }

    /// Gives a variable; one that is empty counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Gives the user's name.
    pub(super) fn user_name(&self) -> Option<String> {
        (self.os_user)().map(|user| user.name)
    }

    /// Gives the home folder: `HOME`, or else the user's.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let home = self.variable("HOME").map(PathBuf::from);
        home.or_else(|| (self.os_user)().map(|user| user.home))
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// Asks the operating system, as libpq does: by the effective user id.
fn process_user() -> Option<OsUser> {
    let user = User::from_uid(Uid::effective()).ok().flatten()?;
    Some(OsUser {
        name: user.name,
        home: user.dir,
    })
}
