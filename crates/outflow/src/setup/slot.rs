//! Whether a slot is one that outflow can read.

use outflow_replication_slot::catalog::{ServerFacts, SlotInfo};

use super::Trouble;
use crate::exit::Failure;

/// Checks that a slot is of our kind and for this database, and that it can still be read.
///
/// Whether somebody else reads it is another question: a service stands by then.
///
/// # Errors
/// [`Trouble::Refused`] with what is in the way, and what to do; [`Trouble::Busy`] where the slot is
/// just being made.
pub(crate) fn check_slot(slot: &SlotInfo, facts: &ServerFacts) -> Result<(), Trouble> {
    check_usable(slot)?;
    if slot.confirmed_flush_lsn.is_none() {
        return Err(Trouble::Busy(Failure::slot_in_creation(slot)));
    }
    Ok(check_kind(slot, facts)?)
}

/// Checks what kind of slot it is.
fn check_kind(slot: &SlotInfo, facts: &ServerFacts) -> Result<(), Failure> {
    if slot.plugin != PLUGIN {
        return Err(Failure::slot_of_other_plugin(slot));
    }
    of_this_database(slot, facts)?;
    if slot.temporary {
        return Err(Failure::slot_temporary(slot));
    }
    if slot.two_phase {
        return Err(Failure::slot_two_phase(slot));
    }
    if slot.synced == Some(true) && facts.in_recovery {
        return Err(Failure::slot_synced(slot));
    }
    Ok(())
}

/// Checks that a slot is of the database of the connection.
///
/// # Errors
/// [`Failure`] with the other database's name.
pub(crate) fn of_this_database(slot: &SlotInfo, facts: &ServerFacts) -> Result<(), Failure> {
    match slot.database == facts.database {
        true => Ok(()),
        false => Err(Failure::slot_of_other_database(slot, &facts.database)),
    }
}

/// Checks that a slot has all that it needs to go on.
///
/// # Errors
/// [`Failure`] with why it was lost, and what to do.
pub(crate) fn check_usable(slot: &SlotInfo) -> Result<(), Failure> {
    if slot.is_lost() {
        Err(Failure::slot_lost(slot))
    } else {
        Ok(())
    }
}

/// The output plugin that outflow decodes.
const PLUGIN: &str = "pgoutput";
