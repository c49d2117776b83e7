//! Random faults under load, then the count: nothing may be missing, and nothing out of order.
//!
//!     make chaos MINUTES=10 SEED=7
//!
//! The seed decides which faults come, in which order, and for how long. What they meet depends on the machine, so two
//! runs with one seed are alike, not the same.

mod fault;
mod load;
mod random;
mod rig;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fault::Fault;
use load::Load;
use random::Random;
use rig::Rig;

fn main() {
    let minutes = setting("MINUTES", 1);
    let seed = setting("SEED", 1);
    println!("chaos for {minutes} min, seed {seed}");
    let mut rig = Rig::start();
    let load = Load::start(rig.database_url(), WRITERS);
    let mut random = Random::new(seed);
    let mut faults: BTreeMap<&str, u32> = BTreeMap::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) * minutes {
        let fault = Fault::pick(&mut random);
        println!("  {:>5.1} s  {fault}", start.elapsed().as_secs_f64());
        *faults.entry(fault.name()).or_default() += 1;
        rig.suffer(&fault);
        rig.recover();
    }
    load.stop();
    let report = rig.judge();
    println!("\nfaults");
    for (name, number) in faults {
        println!("  {number:>6}  {name}");
    }
    println!("\n{report}");
}

/// Reads a number from the environment.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// How many connections write.
const WRITERS: usize = 4;
