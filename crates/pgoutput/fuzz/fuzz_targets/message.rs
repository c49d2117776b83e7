//! Any bytes as a stream of messages. See ../property.rs; `make fuzz` runs it.

#![no_main]

#[path = "../property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| property::check(input));
