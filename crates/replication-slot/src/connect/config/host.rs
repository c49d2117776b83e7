//! The servers: libpq's lists `host`, `hostaddr` and `port`, joined.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::connect::conninfo::ConnInfoError;

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name or an address, and a port.
    Tcp {
        /// The name, for TLS and for messages.
        name: String,
        /// The address to use for it, if it is not to be resolved.
        address: Option<String>,
        /// The port.
        port: u16,
    },
    /// The folder of a Unix-domain socket, and a port.
    Unix {
        /// The folder.
        folder: PathBuf,
        /// The port, which is part of the socket's name.
        port: u16,
    },
}

impl Host {
    /// Gives the port.
    pub const fn port(&self) -> u16 {
        match self {
            Self::Tcp { port, .. } | Self::Unix { port, .. } => *port,
        }
    }

    /// Gives the same server at the address it was found at.
    pub(in crate::connect) fn at(&self, found: SocketAddr) -> Self {
        match self {
            Self::Tcp { name, port, .. } => {
                let address = match found {
                    SocketAddr::V6(v6) if v6.scope_id() != 0 => {
                        format!("{}%{}", v6.ip(), v6.scope_id())
                    }
                    SocketAddr::V4(_) | SocketAddr::V6(_) => found.ip().to_string(),
                };
                Self::Tcp {
                    name: name.clone(),
                    address: Some(address),
                    port: *port,
                }
            }
            Self::Unix { .. } => self.clone(),
        }
    }

    /// Makes one from an element of each list.
    fn from_elements(name: &str, address: &str, port: &str) -> Result<Vec<Self>, ConnInfoError> {
        let port = parse_port(port)?;
        check_address(address)?;
        let address = Some(address.to_owned()).filter(|address| !address.is_empty());
        match (name, address) {
            ("", None) => Ok(default_hosts(port)),
            ("", Some(address)) => Ok(vec![Self::Tcp {
                name: address.clone(),
                address: Some(address),
                port,
            }]),
            (name, _) if name.starts_with('@') => Err(ConnInfoError::Unsupported {
                name: "host",
                value: None,
                hint: "abstract Unix sockets are not supported: name the folder of the socket",
            }),
            (folder, None) if folder.starts_with('/') => Ok(vec![Self::Unix {
                folder: PathBuf::from(folder),
                port,
            }]),
            (name, address) => Ok(vec![Self::Tcp {
                name: name.to_owned(),
                address,
                port,
            }]),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { name, port, .. } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp { name, port, .. } => write!(f, "{name}:{port}"),
            Self::Unix { folder, port } => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

/// Joins the three lists; one port serves all hosts.
pub(super) fn join(
    names: Option<&str>,
    addresses: Option<&str>,
    ports: Option<&str>,
) -> Result<Vec<Host>, ConnInfoError> {
    let (names, addresses, ports) = (split(names), split(addresses), split(ports));
    let number = if names.is_empty() {
        addresses.len().max(1)
    } else {
        names.len()
    };
    let fits = |list: &'static str, found: usize, least: usize| match found {
        found if found <= least || found == number => Ok(()),
        found => Err(ConnInfoError::Count {
            list,
            found,
            hosts: number,
        }),
    };
    fits("addresses", addresses.len(), 0)?;
    fits("ports", ports.len(), 1)?;
    let element = |list: &[&str], at: usize| list.get(at).copied().unwrap_or_default().to_owned();
    let mut hosts = Vec::with_capacity(number);
    for at in 0..number {
        let port = if ports.len() == 1 {
            element(&ports, 0)
        } else {
            element(&ports, at)
        };
        hosts.extend(Host::from_elements(
            &element(&names, at),
            &element(&addresses, at),
            &port,
        )?);
    }
    Ok(hosts)
}

/// Splits a list; what is not set has no elements.
fn split(list: Option<&str>) -> Vec<&str> {
    list.map(|list| list.split(',').map(str::trim).collect())
        .unwrap_or_default()
}

/// Reads a port; none is PostgreSQL's.
fn parse_port(text: &str) -> Result<u16, ConnInfoError> {
    match text {
        "" => Ok(DEFAULT_PORT),
        text => text
            .parse()
            .ok()
            .filter(|&port| port > 0)
            .ok_or_else(|| ConnInfoError::Invalid {
                name: "port",
                value: text.to_owned(),
                expected: "a number from 1 to 65535",
            }),
    }
}

/// Refuses what is no numeric address; a zone may follow it.
fn check_address(text: &str) -> Result<(), ConnInfoError> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    match text.is_empty() || address.parse::<IpAddr>().is_ok() {
        true => Ok(()),
        false => Err(ConnInfoError::Invalid {
            name: "hostaddr",
            value: text.to_owned(),
            expected: "a numeric IP address; names go into host",
        }),
    }
}

/// Gives where a server is looked for when no host is named: the socket of Debian's and the
/// official images' libpq, then this machine by TCP.
fn default_hosts(port: u16) -> Vec<Host> {
    vec![
        Host::Unix {
            folder: PathBuf::from(DEFAULT_FOLDER),
            port,
        },
        Host::Tcp {
            name: "localhost".to_owned(),
            address: None,
            port,
        },
    ]
}

/// The folder in which packaged servers put their socket.
pub(in crate::connect) const DEFAULT_FOLDER: &str = "/var/run/postgresql";
/// PostgreSQL's port.
const DEFAULT_PORT: u16 = 5432;
