//! From parameters, environment and defaults to a [`ConnectConfig`].

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::tcp::{number, positive};
use super::{ConnectConfig, Environment, Keepalive, PasswordSource, ReceiveBuffer, SslMode};
use super::{TlsVersions, host};
use crate::connect::conninfo::{ConnInfo, ConnInfoError, PARAMETERS, Parameter, Support};

/// Parameters over the environment.
pub(super) struct Values<'a> {
    /// What was said explicitly.
    info: &'a ConnInfo,
    /// What is said by the surroundings.
    environment: &'a Environment<'a>,
}

impl Values<'_> {
    /// Finds a value, and who said it; an explicit empty one hides the environment's.
    pub(super) fn find(&self, name: &'static str) -> Option<(&'static str, String)> {
        if self.info.is_set(name) {
            let value = self.info.value(name)?;
            return Some((name, value.to_owned())).filter(|_| !value.is_empty());
        }
        let variable = Parameter::find(name)?.variable?;
        Some((variable, self.environment.variable(variable)?))
    }

    /// Finds a value.
    fn value(&self, name: &'static str) -> Option<String> {
        self.find(name).map(|(_, value)| value)
    }
}

/// Fills in what the parameters leave open.
pub(super) fn resolve(
    info: &ConnInfo,
    environment: &Environment<'_>,
) -> Result<ConnectConfig, ConnInfoError> {
    let values = Values { info, environment };
    refuse_unsupported(&values)?;
    let value = |name| values.value(name);
    let user = value("user")
        .or_else(|| environment.user_name())
        .ok_or(ConnInfoError::NoUser)?;
    let home = environment.home();
    let default_file = |name: &str| home.as_ref().map(|home| home.join(name));
    let sslmode = value("sslmode").map_or(Ok(SslMode::Prefer), |mode| SslMode::parse(&mode))?;
    let sslrootcert = root_certificates(&values)?
        .or_else(|| default_file(".postgresql/root.crt").filter(|path| path.exists()));
    // libpq would take this file too, and what it revokes must not pass here.
    let revoked = default_file(".postgresql/root.crl");
    if sslrootcert.is_some() && revoked.is_some_and(|path| path.exists()) {
        return Err(ConnInfoError::Unsupported {
            name: "sslcrl",
            value: None,
            hint: "revocation lists are not supported yet: move ~/.postgresql/root.crl away",
        });
    }
    Ok(ConnectConfig {
        hosts: host::join(
            value("host").as_deref(),
            value("hostaddr").as_deref(),
            value("port").as_deref(),
        )?,
        dbname: value("dbname").unwrap_or_else(|| user.clone()),
        user,
        password: password(&values),
        passfile: value("passfile")
            .map(PathBuf::from)
            .or_else(|| default_file(".pgpass")),
        sslmode,
        sslrootcert,
        sslsni: number(&values, "sslsni")?.is_none_or(|on| on != 0),
        tls_versions: TlsVersions::parse(
            value("ssl_min_protocol_version").as_deref(),
            value("ssl_max_protocol_version").as_deref(),
        )?,
        connect_timeout: connect_timeout(&values)?,
        receive_buffer: ReceiveBuffer::Auto,
        keepalive: Keepalive::read(&values)?,
        tcp_user_timeout: positive(&values, "tcp_user_timeout")?.map(Duration::from_millis),
        application_name: value("application_name")
            .or_else(|| value("fallback_application_name"))
            .unwrap_or_default(),
        client_encoding: "UTF8".to_owned(),
        options: value("options").unwrap_or_default(),
    })
}

/// Refuses what this version does not have, if it would matter.
fn refuse_unsupported(values: &Values<'_>) -> Result<(), ConnInfoError> {
    for parameter in PARAMETERS {
        let (harmless, hint): (&[&str], _) = match parameter.support {
            Support::Full | Support::Inert => continue,
            Support::Only(harmless, hint) => (harmless, hint),
            Support::No(hint) => (&[], hint),
        };
        if let Some((name, value)) = values.find(parameter.name)
            && !harmless.contains(&value.as_str())
        {
            let value = Some(value).filter(|_| !harmless.is_empty());
            return Err(ConnInfoError::Unsupported { name, value, hint });
        }
    }
    Ok(())
}

/// Finds the password in the parameters or in `PGPASSWORD`.
fn password(values: &Values<'_>) -> PasswordSource {
    if let Some(password) = values.info.password() {
        return PasswordSource::Known(password.clone());
    }
    let variable = values.environment.variable("PGPASSWORD");
    variable.map_or(PasswordSource::None, |password| {
        PasswordSource::Known(SecretString::from(password))
    })
}

/// Finds the file of trusted certificates that the user names.
fn root_certificates(values: &Values<'_>) -> Result<Option<PathBuf>, ConnInfoError> {
    match values.find("sslrootcert") {
        Some((name, value)) if value == "system" => Err(ConnInfoError::Unsupported {
            name,
            value: Some(value),
            hint: "name the file, such as sslrootcert=/etc/ssl/certs/ca-certificates.crt",
        }),
        found => Ok(found.map(|(_, path)| PathBuf::from(path))),
    }
}

/// Reads `connect_timeout`; 0 or less is without end, as in libpq.
fn connect_timeout(values: &Values<'_>) -> Result<Option<Duration>, ConnInfoError> {
    Ok(match number(values, "connect_timeout")? {
        None => Some(CONNECT_TIMEOUT),
        Some(secs) => u64::try_from(secs)
            .ok()
            .filter(|&secs| secs > 0)
            .map(Duration::from_secs),
    })
}

/// How long one address may take if nothing is said. libpq would wait for ever; nobody sits
/// before a service to interrupt it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
