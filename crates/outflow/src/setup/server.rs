//! Whether the server and the role can decode.

use outflow_replication_slot::catalog::ServerFacts;

use crate::exit::Failure;

/// Checks version, place and level of the server, and the role's right to replicate.
///
/// # Errors
/// [`Failure`] with the first thing that is in the way, and what mends it.
pub(crate) fn check_server(facts: &ServerFacts) -> Result<(), Failure> {
    if facts.major() < OLDEST {
        return Err(Failure::server_too_old(facts));
    }
    if facts.in_recovery && facts.major() < OLDEST_DECODING_STANDBY {
        return Err(Failure::standby_too_old(facts));
    }
    if facts.wal_level != "logical" {
        return Err(Failure::wal_level(facts));
    }
    if !facts.can_replicate {
        return Err(Failure::no_replication(facts));
    }
    Ok(())
}

/// The oldest version that outflow reads from.
const OLDEST: u32 = 14;
/// The oldest version whose standbys decode.
const OLDEST_DECODING_STANDBY: u32 = 16;
