//! Free TCP ports.

use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;

use anyhow::Context as _;

/// A port of 127.0.0.1 that was free a moment ago.
///
/// It lies below the range from which the system takes the ports of outgoing connections: a server that is down for a
/// moment finds its port again when it comes back.
pub(crate) fn free() -> anyhow::Result<u16> {
    (0..ATTEMPTS)
        .map(|attempt| {
            let random = RandomState::new().hash_one(attempt) % u64::from(COUNT);
            FIRST + u16::try_from(random).unwrap_or(0)
        })
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no free TCP port on 127.0.0.1")
}

/// The first port of the range.
const FIRST: u16 = 20_000;
/// How many ports the range has; Linux hands out ports from 32768 on.
const COUNT: u16 = 12_000;
/// How many ports to try.
const ATTEMPTS: u32 = 1_000;
