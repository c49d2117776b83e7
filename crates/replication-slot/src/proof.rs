//! What became of a record, and the proofs of it: values that one place alone can make.

/// What became of a record: consumed together with its [`crate::Ticket`].
#[derive(Debug)]
pub enum Settlement {
    /// Kafka has confirmed the record with acks=all.
    Delivered(BrokerAck),
    /// Kafka has confirmed the record's dead letter with acks=all.
    Parked(BrokerAck),
    /// The record is in the output stream, which was flushed.
    Written(WriterAck),
    /// The record needs no delivery.
    Skipped(SkipReason),
}

/// The witness that a broker confirmed a record with acks=all.
#[derive(Debug)]
pub struct BrokerAck(());

impl BrokerAck {
    /// States that the broker has confirmed the record with acks=all.
    ///
    /// Its one caller is the delivery report of the Kafka producer; clippy refuses any other
    /// (`.clippy.toml`, `disallowed-methods`).
    pub const fn assertion() -> Self {
        Self(())
    }
}

/// The witness that a record was written to an output stream and flushed.
#[derive(Debug)]
pub struct WriterAck(());

impl WriterAck {
    /// States that the record was written and the stream was flushed after it.
    ///
    /// Its one caller is the stdout sink; clippy refuses any other (`.clippy.toml`,
    /// `disallowed-methods`).
    pub const fn assertion() -> Self {
        Self(())
    }
}

/// Why a record needs no delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The payload is NULL and `on_null_payload` is `skip`.
    NullPayload,
}
