//! What a running process uses, from /proc.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use super::Outflow;
use crate::must::must;

impl Outflow {
    /// Resident memory now.
    #[must_use]
    #[track_caller]
    pub fn rss_bytes(&self) -> u64 {
        must(memory(self.pid(), "VmRSS:"))
    }

    /// The most resident memory that it had so far.
    #[must_use]
    #[track_caller]
    pub fn peak_rss_bytes(&self) -> u64 {
        must(memory(self.pid(), "VmHWM:"))
    }

    /// The processor time that it has used so far, of all threads, in user and kernel.
    #[must_use]
    #[track_caller]
    pub fn cpu_time(&self) -> Duration {
        must(cpu_time(self.pid()))
    }
}

/// A field of /proc/PID/status, in bytes.
fn memory(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.with_context(|| format!("process {pid} has ended"))?;
    Ok(kib.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

/// User and system time of /proc/PID/stat.
fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; after it comes the state, the third field.
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(UTIME - STATE)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
}

/// The number of the field `state` of /proc/PID/stat.
const STATE: usize = 3;
/// The number of the field `utime`, which `stime` follows.
const UTIME: usize = 14;
/// The unit of the times: Linux shows them to user programs in hundredths of a second on every machine we run on.
const TICKS_A_SECOND: u64 = 100;
