//! How long to wait before a topic is looked at again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Gives the wait after that many attempts in a row: from `first` it doubles up to `LONGEST`, and
/// a random half of it is taken off, so that pipelines that failed together do not ask together.
pub(super) fn delay(first: Duration, attempts: u32) -> Duration {
    let whole = first
        .saturating_mul(2_u32.saturating_pow(attempts))
        .min(LONGEST);
    let chance = u32::from(u16::try_from(random() & u64::from(u16::MAX)).unwrap_or(u16::MAX));
    let half = whole / 2;
    half + (half * chance) / u32::from(u16::MAX)
}

/// Gives a random number: the keys of a new hasher are random.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::delay;

    #[test]
    fn the_wait_doubles_to_ten_seconds_and_keeps_its_half() {
        let first = Duration::from_millis(200);
        for (attempts, whole) in [(0, 200), (1, 400), (5, 6400), (6, 10_000), (99, 10_000)] {
            for _ in 0..100 {
                let wait = delay(first, attempts);
                assert!(
                    wait >= Duration::from_millis(whole / 2),
                    "{attempts}: {wait:?}"
                );
                assert!(wait <= Duration::from_millis(whole), "{attempts}: {wait:?}");
            }
        }
    }
}
