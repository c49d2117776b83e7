//! How to reach PostgreSQL: the url, and what stands beside it.

use outflow_replication_slot::connect::{ConnInfo, ConnInfoError, ConnectConfig, Environment};
use secrecy::ExposeSecret;

use super::Resolver;
use crate::config::problem::Problem;
use crate::config::tree::Origin;
use crate::config::value::{Located, Value};

/// The settings that stand beside the url and go by libpq's names.
const BESIDE: [(&str, &str); 5] = [
    ("sslmode", "postgres.sslmode"),
    ("sslrootcert", "postgres.sslrootcert"),
    ("sslcert", "postgres.sslcert"),
    ("sslkey", "postgres.sslkey"),
    ("channel_binding", "postgres.channel_binding"),
];

impl Resolver<'_> {
    /// Joins the url with what stands beside it, and tries whether it can be used.
    pub(super) fn connection(&mut self) -> Option<ConnInfo> {
        let url = self.origin("postgres.url");
        let info = match self.get("postgres.url") {
            Some(Located {
                value: Value::Connection(text),
                ..
            }) => ConnInfo::parse(text.expose_secret()),
            _ => Ok(ConnInfo::default()),
        };
        let mut info = info
            .map_err(|error| self.refuse_connection(&error, &url))
            .ok()?;
        for (name, key) in BESIDE {
            self.beside(&mut info, name, key, &url);
        }
        self.password_beside(&info, &url);
        let variable = |name: &str| std::env::var(name).ok();
        if let Err(error) = ConnectConfig::resolve(&info, &Environment::with_variables(&variable)) {
            self.refuse_connection(&error, &url);
        }
        Some(info)
    }

    /// Sets one parameter; the later layer counts, and within a layer the two must agree.
    fn beside(&mut self, info: &mut ConnInfo, name: &str, key: &str, url: &Origin) {
        let Some(Located { value, origin }) = self.text(key) else {
            return;
        };
        if info.is_set(name) && origin.rank() < url.rank() {
            return;
        }
        if origin.rank() == url.rank() && info.value(name).is_some_and(|other| other != value) {
            self.contradiction(key, &origin, url);
        }
        if let Err(error) = info.set(name, value) {
            self.refuse_connection(&error, &origin);
        }
    }

    /// A password may stand in the url or beside it. A url of a later layer counts whole.
    fn password_beside(&mut self, info: &ConnInfo, url: &Origin) {
        let key = "postgres.password";
        let origin = self.origin(key);
        if self.get(key).is_some() && info.is_set("password") && origin.rank() >= url.rank() {
            self.contradiction(key, &origin, url);
        }
    }

    /// Says that the url and a setting beside it say different things.
    fn contradiction(&mut self, key: &str, origin: &Origin, url: &Origin) {
        let name = key.rsplit('.').next().unwrap_or(key);
        let message = format!("`{key}` contradicts `postgres.url`, which sets {name} too");
        let problem = Problem::new(key, message, origin)
            .label("here")
            .other(url, "and here");
        self.problems
            .push(problem.help(format!("leave {name} out of one of the two")));
    }

    /// Says why PostgreSQL can't be reached like this, where the part at fault was set.
    fn refuse_connection(&mut self, error: &ConnInfoError, url: &Origin) {
        let name = if let ConnInfoError::Invalid { name, .. }
        | ConnInfoError::Unsupported { name, .. } = error
        {
            *name
        } else {
            ""
        };
        let beside = BESIDE
            .iter()
            .find(|(other, key)| *other == name && self.get(key).is_some());
        let (key, origin) = match beside {
            Some((_, key)) => (*key, self.origin(key)),
            None if name.starts_with("PG") => {
                ("postgres.url", Origin::Environment(name.to_owned()))
            }
            None => ("postgres.url", url.clone()),
        };
        let message = if matches!(origin, Origin::Environment(_)) && name.starts_with("PG") {
            "the PG* environment can't be used".to_owned()
        } else {
            format!("`{key}` can't be used")
        };
        let problem = Problem::new(key, message, &origin).because(error);
        self.problems.push(match error.hint() {
            Some(hint) => problem.help(hint),
            None => problem,
        });
    }
}
