//! From parameters, environment and defaults to a [`ConnectConfig`].

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::tcp::{number, positive};
use super::{
    ChannelBinding, ConnectConfig, Environment, Keepalive, Methods, Negotiation, PasswordSource,
    ReceiveBuffer, SessionAttrs, SslMode, TlsVersions, Trust, host, identity,
};
use crate::connect::conninfo::{ConnInfo, ConnInfoError, PARAMETERS, Parameter, Support};

/// Parameters, over the settings of a service, over the environment.
pub(super) struct Values<'a> {
    /// What was said explicitly.
    info: &'a ConnInfo,
    /// What a service file says.
    service: ConnInfo,
    /// What is said by the surroundings.
    environment: &'a Environment<'a>,
}

impl Values<'_> {
    /// Finds a value, and who said it; an explicit empty one hides the service's and the
    /// environment's.
    pub(super) fn find(&self, name: &'static str) -> Option<(&'static str, String)> {
        for info in [self.info, &self.service] {
            if info.is_set(name) {
                let value = info.value(name)?;
                return Some((name, value.to_owned())).filter(|_| !value.is_empty());
            }
        }
        let variable = Parameter::find(name)?.variable?;
        Some((variable, self.environment.variable(variable)?))
    }

    /// Finds a value.
    pub(super) fn value(&self, name: &'static str) -> Option<String> {
        self.find(name).map(|(_, value)| value)
    }

    /// Finds a password.
    pub(super) fn secret(&self, name: &'static str) -> Option<SecretString> {
        let said = self.info.secret(name).or_else(|| self.service.secret(name));
        let variable = || self.environment.variable(Parameter::find(name)?.variable?);
        said.cloned().or_else(|| variable().map(SecretString::from))
    }
}

/// Names a file of `~/.postgresql`, if it is there.
pub(super) fn home_file(values: &Values<'_>, name: &str) -> Option<PathBuf> {
    let path = values.environment.home()?.join(".postgresql").join(name);
    path.exists().then_some(path)
}

/// Fills in what the parameters leave open.
pub(super) fn resolve(
    info: &ConnInfo,
    environment: &Environment<'_>,
) -> Result<ConnectConfig, ConnInfoError> {
    let mut values = Values {
        info,
        service: ConnInfo::default(),
        environment,
    };
    values.service = service(&values)?;
    let values = values;
    refuse_unsupported(&values)?;
    let value = |name| values.value(name);
    let user = value("user")
        .or_else(|| environment.user_name())
        .ok_or(ConnInfoError::NoUser)?;
    let said = sslmode(&values)?;
    let trust = identity::trust(&values, said)?;
    let default = match trust {
        Some(Trust::System) => SslMode::VerifyFull,
        Some(Trust::File(_)) | None => SslMode::Prefer,
    };
    let sslmode = said.unwrap_or(default);
    // libpq would take this file too, and what it revokes must not pass here.
    if matches!(trust, Some(Trust::File(_))) && home_file(&values, "root.crl").is_some() {
        return Err(ConnInfoError::Unsupported {
            name: "sslcrl",
            value: None,
            hint: "revocation lists are not supported: move ~/.postgresql/root.crl away",
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
        password: values
            .secret("password")
            .map_or(PasswordSource::None, PasswordSource::Known),
        passfile: value("passfile")
            .map(PathBuf::from)
            .or_else(|| environment.home().map(|home| home.join(".pgpass"))),
        sslmode,
        negotiation: Negotiation::read(&values, sslmode)?,
        trust,
        client: identity::client(&values)?,
        client_is_required: value("sslcertmode").as_deref() == Some("require"),
        channel_binding: ChannelBinding::read(&values)?,
        methods: Methods::read(&values)?,
        target: SessionAttrs::read(&values)?,
        is_balanced: is_balanced(&values)?,
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

/// Reads what the service file says, if a service is named.
fn service(values: &Values<'_>) -> Result<ConnInfo, ConnInfoError> {
    let Some(service) = values.value("service") else {
        return Ok(ConnInfo::default());
    };
    let environment = values.environment;
    let named = values.value("servicefile").map(PathBuf::from);
    let of_user = environment.home().filter(|_| named.is_none());
    let of_system = environment.variable("PGSYSCONFDIR").map(PathBuf::from);
    let defaults: Vec<PathBuf> = of_user
        .map(|home| home.join(".pg_service.conf"))
        .into_iter()
        .chain(of_system.map(|folder| folder.join("pg_service.conf")))
        .collect();
    crate::connect::service::find(&service, named.as_deref(), &defaults)
}

/// Reads `sslmode`; `PGREQUIRESSL` is its forerunner.
fn sslmode(values: &Values<'_>) -> Result<Option<SslMode>, ConnInfoError> {
    let old = values.environment.variable("PGREQUIRESSL");
    match values.value("sslmode") {
        Some(mode) => SslMode::parse(&mode).map(Some),
        None => Ok(old
            .is_some_and(|old| old.starts_with('1'))
            .then_some(SslMode::Require)),
    }
}

/// Reads `load_balance_hosts`.
fn is_balanced(values: &Values<'_>) -> Result<bool, ConnInfoError> {
    match values.value("load_balance_hosts").as_deref() {
        None | Some("disable") => Ok(false),
        Some("random") => Ok(true),
        Some(other) => Err(ConnInfoError::Invalid {
            name: "load_balance_hosts",
            value: other.to_owned(),
            expected: "disable or random",
        }),
    }
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
