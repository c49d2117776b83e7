//! The stdout sink: one JSON object a line, in commit order.
//!
//! A thread of its own writes, so a reader that is slow or stands still holds up neither the status
//! timer nor signals. One chunk is under way at a time; the next is collected meanwhile.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use outflow_event_router::Record;
use outflow_kafka_delivery::Waker;
use outflow_replication_slot::{Ledger, Settlement, Ticket, WriterAck};

use crate::exit::Failure;
use crate::pipeline::Failed;
use crate::sink::{Parcel, Sink};

mod line;
pub(crate) use line::write_line;

/// Writes records to standard output.
#[derive(Debug)]
pub(crate) struct StdoutSink {
    /// What is collected for the next chunk.
    chunk: Vec<u8>,
    /// The tickets of the records in it.
    tickets: Vec<Ticket>,
    /// The tickets of the chunk that is being written.
    writing: Option<Vec<Ticket>>,
    /// To the writing thread.
    to_writer: SyncSender<Vec<u8>>,
    /// From the writing thread.
    written: Arc<Written>,
}

/// What the writing thread reports.
#[derive(Debug, Default)]
struct Written {
    /// The result of the last chunk, and its memory.
    result: Mutex<Option<(io::Result<()>, Vec<u8>)>>,
    /// Used after each chunk.
    waker: Waker,
}

impl StdoutSink {
    /// Starts the writing thread.
    ///
    /// # Errors
    /// The system's error where it gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (to_writer, chunks) = sync_channel(1);
        let written = Arc::new(Written::default());
        let report = Arc::clone(&written);
        std::thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || write_chunks(&chunks, &report))?;
        Ok(Self {
            chunk: Vec::new(),
            tickets: Vec::new(),
            writing: None,
            to_writer,
            written,
        })
    }

    /// Hands the chunk over, if the last one is written.
    fn hand_over(&mut self) {
        if self.writing.is_none() && !self.chunk.is_empty() {
            let chunk = std::mem::take(&mut self.chunk);
            self.writing = Some(std::mem::take(&mut self.tickets));
            if self.to_writer.send(chunk).is_err() {
                // The thread is gone: its tickets are lost, and the slot stays.
                self.written.waker.wake();
            }
        }
    }
}

impl Sink for StdoutSink {
    fn is_ready(&mut self, _record: &Record<'_>) -> bool {
        self.chunk.len() < CHUNK_BYTES
    }

    fn deliver(&mut self, parcel: Parcel<'_>) -> Result<(), Failed> {
        write_line(parcel.record, &mut self.chunk);
        self.tickets.push(parcel.ticket);
        Ok(())
    }

    fn pass_on(&mut self) {
        self.hand_over();
    }

    fn settle(&mut self, ledger: &mut Ledger) -> Result<u64, Failed> {
        let report = self
            .written
            .result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((result, memory)) = report else {
            return Ok(0);
        };
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Err(Failed::OutputClosed);
            }
            Err(error) => {
                return Err(Failed::Fatal(Failure::output(error)));
            }
        }
        let tickets = self.writing.take().unwrap_or_default();
        let records = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
        for ticket in tickets {
            ledger.settle(ticket, Settlement::Written(flushed_to_stdout()));
        }
        if self.chunk.is_empty() && memory.capacity() <= 2 * CHUNK_BYTES {
            self.chunk = memory;
            self.chunk.clear();
        }
        self.hand_over();
        Ok(records)
    }

    fn trouble(&mut self) -> Option<super::Trouble> {
        None
    }

    fn waker(&self) -> Waker {
        self.written.waker.clone()
    }

    fn want_wake(&self) {}

    fn close(self, _ledger: &mut Ledger, _last: bool) {}
}

/// Witnesses that the writing thread has flushed a record's chunk.
#[expect(
    clippy::disallowed_methods,
    reason = "the chunk was written and flushed without an error"
)]
const fn flushed_to_stdout() -> WriterAck {
    WriterAck::assertion()
}

/// Writes and flushes chunk after chunk.
fn write_chunks(chunks: &Receiver<Vec<u8>>, report: &Written) {
    let mut out = io::stdout();
    while let Ok(chunk) = chunks.recv() {
        let result = out.write_all(&chunk).and_then(|()| out.flush());
        *report.result.lock().unwrap_or_else(PoisonError::into_inner) = Some((result, chunk));
        report.waker.wake();
    }
}

/// From this size on a chunk is full, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;
