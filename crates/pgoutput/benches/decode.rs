//! How fast captures are decoded: `cargo bench -p outflow-pgoutput`. Bytes are those of the frames.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use outflow_pgoutput::{AnyMessage, Change, Decoder, Insert, Message, Streaming};

/// What version 1 sends: each kind of message, and an outbox among the tables.
const WHOLE: &str = include_str!("../tests/captures/pg18.hex");
/// What version 4 sends while transactions are open.
const STREAMED: &str = include_str!("../tests/captures/pg18-v4.hex");

/// A capture, a message a frame.
fn frames(capture: &str) -> Vec<Vec<u8>> {
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    };
    let frame = |line: &str| line.as_bytes().chunks(2).map(byte).collect();
    capture.lines().map(frame).collect()
}

/// The bytes of all frames.
fn size(frames: &[Vec<u8>]) -> Throughput {
    let bytes: usize = frames.iter().map(Vec::len).sum();
    Throughput::Bytes(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// Reads each value of a row, as a consumer does.
fn read(insert: &Insert<'_>) {
    for value in &insert.new {
        black_box(value);
    }
}

/// All messages of a capture, without a state and with one.
fn captures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("capture");
    let whole = frames(WHOLE);
    group.throughput(size(&whole));
    group.bench_function("Message::decode", |bencher| {
        bencher.iter(|| {
            for frame in &whole {
                if let Ok(Message::Insert(insert)) = black_box(Message::decode(black_box(frame))) {
                    read(&insert);
                }
            }
        });
    });
    for (name, streaming, frames) in [
        ("version 1", Streaming::Off, whole),
        ("version 4", Streaming::Parallel, frames(STREAMED)),
    ] {
        group.throughput(size(&frames));
        let id = BenchmarkId::new("Decoder", name);
        group.bench_with_input(id, &frames, |bencher, frames| {
            bencher.iter(|| decode_all(streaming, frames));
        });
    }
    group.finish();
}

/// Decodes frames in order.
fn decode_all(streaming: Streaming, frames: &[Vec<u8>]) {
    let mut decoder = Decoder::new(streaming);
    for frame in frames {
        let message = black_box(decoder.decode(black_box(frame)));
        if let Ok(AnyMessage::Whole(Message::Insert(insert))) = &message {
            read(insert);
        }
        if let Ok(AnyMessage::Streamed(streamed)) = &message
            && let Change::Insert(insert) = &streamed.change
        {
            read(insert);
        }
    }
}

/// The row that the service lives on: the capture's first insert into an outbox.
fn rows(criterion: &mut Criterion) {
    let frames = frames(WHOLE);
    let Some(frame) = frames.iter().find(|frame| frame.first() == Some(&b'I')) else {
        return;
    };
    let mut group = criterion.benchmark_group("row of an outbox");
    group.throughput(Throughput::Elements(1));
    group.bench_function("Message::decode", |bencher| {
        bencher.iter(|| {
            if let Ok(Message::Insert(insert)) = Message::decode(black_box(frame)) {
                read(&insert);
            }
        });
    });
    group.bench_function("Decoder", |bencher| {
        let mut decoder = Decoder::new(Streaming::Off);
        bencher.iter(|| {
            if let Ok(AnyMessage::Whole(Message::Insert(insert))) = decoder.decode(black_box(frame))
            {
                read(&insert);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, captures, rows);
criterion_main!(benches);
