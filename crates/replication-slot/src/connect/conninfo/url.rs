//! Connection URLs: `postgresql://user:password@host:port,host:port/dbname?parameter=value`.

use super::{ConnInfo, ConnInfoError};

/// Gives what follows the scheme, if the text is a URL.
pub(super) fn after_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// Reads what follows the scheme into parameters.
pub(super) fn parse(text: &str, info: &mut ConnInfo) -> Result<(), ConnInfoError> {
    if text
        .chars()
        .any(|c| c.is_ascii_whitespace() || c.is_ascii_control())
    {
        return Err(error("a space or line break in it", "write a space as %20"));
    }
    let text = match until(text, &['@', '/']) {
        (user_info, rest) if rest.starts_with('@') => {
            parse_user(user_info, info)?;
            rest.strip_prefix('@').unwrap_or_default()
        }
        _ => text,
    };
    let (hosts, rest) = until(text, &['/', '?']);
    parse_hosts(hosts, info)?;
    let (path, query) = until(rest, &['?']);
    let dbname = path.strip_prefix('/').unwrap_or(path);
    if !dbname.is_empty() {
        info.set("dbname", decode(dbname)?)?;
    }
    parse_query(query.strip_prefix('?').unwrap_or(query), info)
}

/// Reads `user:password`.
fn parse_user(text: &str, info: &mut ConnInfo) -> Result<(), ConnInfoError> {
    let (user, password) = text
        .split_once(':')
        .map_or((text, None), |(u, p)| (u, Some(p)));
    if !user.is_empty() {
        info.set("user", decode(user)?)?;
    }
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        info.set("password", decode(password)?)?;
    }
    Ok(())
}

/// Reads `host:port,[ipv6]:port,..`.
fn parse_hosts(text: &str, info: &mut ConnInfo) -> Result<(), ConnInfoError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, port) = match part.strip_prefix('[') {
            Some(rest) => {
                let Some((host, after)) = rest.split_once(']') else {
                    return Err(error("an IPv6 address without \"]\"", BRACKETS));
                };
                let port = after.strip_prefix(':');
                if port.is_none() && !after.is_empty() {
                    return Err(error("something else than a port after \"]\"", BRACKETS));
                }
                (host, port)
            }
            None => part
                .split_once(':')
                .map_or((part, None), |(h, p)| (h, Some(p))),
        };
        let port = port.unwrap_or_default();
        if host.contains('@') || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error(
                "what stands for host and port is neither",
                "in a user name or password write @ as %40, / as %2F, : as %3A; an IPv6 address \
                 goes in brackets",
            ));
        }
        hosts.push(decode(host)?);
        ports.push(port);
    }
    let (hosts, ports) = (hosts.join(","), ports.join(","));
    if !hosts.is_empty() {
        info.set("host", hosts)?;
    }
    if !ports.is_empty() {
        info.set("port", ports)?;
    }
    Ok(())
}

/// Reads `parameter=value&..`.
fn parse_query(text: &str, info: &mut ConnInfo) -> Result<(), ConnInfoError> {
    let text = text.strip_suffix('&').unwrap_or(text);
    if text.is_empty() {
        return Ok(());
    }
    for part in text.split('&') {
        let Some((name, value)) = part.split_once('=') else {
            return Err(error(
                "a parameter without \"=\"",
                "write ?name=value&name=value",
            ));
        };
        if value.contains('=') {
            return Err(error(
                "a parameter with a second \"=\"",
                "in a value, write = as %3D",
            ));
        }
        let (name, value) = (decode(name)?, decode(value)?);
        match (name.as_str(), value.as_str()) {
            // As libpq, for URLs made for JDBC.
            ("ssl", "true") => info.set("sslmode", "require")?,
            _ => info.set(&name, value)?,
        }
    }
    Ok(())
}

/// Splits before the first of some characters.
fn until<'t>(text: &'t str, stops: &[char]) -> (&'t str, &'t str) {
    text.find(stops)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// Replaces each `%XX` by its byte.
fn decode(text: &str) -> Result<String, ConnInfoError> {
    let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (hex(bytes.next()), hex(bytes.next())) else {
            return Err(error(
                "a % without two hexadecimal digits",
                "write % as %25",
            ));
        };
        match u8::try_from(high * 16 + low) {
            Ok(0) | Err(_) => return Err(error("%00 in it", "PostgreSQL takes no zero byte")),
            Ok(byte) => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).map_err(|_| {
        error(
            "a value that is not UTF-8",
            "percent-encode the UTF-8 bytes",
        )
    })
}

/// Makes an error.
const fn error(what: &'static str, hint: &'static str) -> ConnInfoError {
    ConnInfoError::Url { what, hint }
}

/// How an IPv6 address is written.
const BRACKETS: &str = "write an IPv6 address as [::1] or [::1]:5432";
