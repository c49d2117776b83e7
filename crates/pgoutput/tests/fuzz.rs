//! The corpus of the fuzz target, without a fuzzer.

use std::fs;
use std::path::Path;

#[path = "../fuzz/property.rs"]
mod property;

#[test]
fn the_corpus_adds_up() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    let mut seeds = 0;
    for seed in fs::read_dir(corpus).unwrap() {
        let input = fs::read(seed.unwrap().path()).unwrap();
        property::check(&input);
        // Cut, and told another kind of streaming, it is another input.
        for cut in 0..input.len().min(400) {
            property::check(&input[..cut]);
        }
        for streaming in 0..3 {
            property::check(&[&[streaming], &input[1..]].concat());
        }
        seeds += 1;
    }
    assert!(seeds > 40, "{seeds}");
}
