//! The receive buffer: one large piece of memory, frames are slices of it.
//!
//! Invariants:
//! - Bytes are consumed a whole frame at a time; a frame that is not consumed stays where it is.
//! - It grows beyond its base size only as far as bytes of one long frame have really arrived, and
//!   goes back to its base size after that frame, so a wrong length costs no memory.

use crate::wire::{self, RawFrame, WireError};

/// Holds what was received and is not consumed.
#[derive(Debug)]
pub struct Inbox {
    /// The memory, all of it initialised.
    memory: Vec<u8>,
    /// The first byte that is not consumed.
    start: usize,
    /// The end of what was received.
    end: usize,
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Inbox {
    /// Makes an empty inbox of its base size.
    pub fn new() -> Self {
        Self {
            memory: vec![0; BASE_BYTES],
            start: 0,
            end: 0,
        }
    }

    /// Gives the first frame if it is complete; it stays until it is consumed.
    ///
    /// # Errors
    /// [`WireError`] where the bytes are no frame.
    pub fn frame(&self) -> Result<Option<RawFrame<'_>>, WireError> {
        Ok(wire::split(self.unread())?.ok())
    }

    /// Removes the first `bytes` bytes: the frame that was handled.
    pub fn consume(&mut self, bytes: usize) {
        self.start = self.start.saturating_add(bytes).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.memory.len() > BASE_BYTES {
                self.memory = vec![0; BASE_BYTES];
            }
        }
    }

    /// Gives room for the next read: at least a quarter of the base size.
    pub fn space(&mut self) -> &mut [u8] {
        if self.memory.len() - self.end < BASE_BYTES / 4 {
            self.make_room();
        }
        self.memory.get_mut(self.end..).unwrap_or_default()
    }

    /// Takes note that a read has put `bytes` bytes into [`Self::space`].
    pub fn received(&mut self, bytes: usize) {
        self.end = self.end.saturating_add(bytes).min(self.memory.len());
    }

    /// Appends bytes that were received by another reader before.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let fits = bytes.len().min(space.len());
            let (now, later) = bytes.split_at(fits);
            if let Some(room) = space.get_mut(..fits) {
                room.copy_from_slice(now);
            }
            self.received(fits);
            bytes = later;
        }
    }

    /// Gives the number of bytes that were received and are not consumed.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Says whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Gives what was received and is not consumed.
    fn unread(&self) -> &[u8] {
        self.memory.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves what is left to the front, and grows if one long frame fills the memory.
    fn make_room(&mut self) {
        self.memory.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let needed = match wire::split(self.unread()) {
            Ok(Err(needed)) => needed.saturating_add(BASE_BYTES / 4),
            Ok(Ok(_)) | Err(_) => BASE_BYTES,
        };
        let free = self.memory.len() - self.end;
        if free < BASE_BYTES / 4 {
            let doubled = self.memory.len().saturating_mul(2);
            let least = self.end.saturating_add(BASE_BYTES / 4);
            let target = needed.min(doubled).max(least);
            self.memory
                .reserve_exact(target.saturating_sub(self.memory.len()));
            self.memory.resize(target, 0);
        } else if self.memory.len() > BASE_BYTES
            && self.end < BASE_BYTES / 2
            && needed <= BASE_BYTES
        {
            self.memory.truncate(BASE_BYTES);
            self.memory.shrink_to_fit();
        }
    }
}

/// The size to begin with and to go back to, in bytes: what a paced read finds waiting.
const BASE_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Makes a frame with a body of `len` bytes.
    fn frame(tag: u8, len: usize) -> Vec<u8> {
        let mut frame = vec![tag];
        frame.extend_from_slice(&u32::try_from(len + 4).unwrap().to_be_bytes());
        frame.extend(std::iter::repeat_n(tag, len));
        frame
    }

    /// Feeds bytes in pieces of `piece` and collects the frames that come out.
    fn frames_of(bytes: &[u8], piece: usize) -> (Vec<(u8, usize)>, Inbox) {
        let mut inbox = Inbox::new();
        let mut out = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = inbox.space();
            let n = piece.min(space.len()).min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            inbox.received(n);
            rest = &rest[n..];
            while let Some(frame) = inbox.frame().unwrap() {
                assert!(frame.body.iter().all(|&byte| byte == frame.tag));
                out.push((frame.tag, frame.body.len()));
                let len = frame.wire_len();
                inbox.consume(len);
            }
        }
        (out, inbox)
    }

    #[test]
    fn a_long_frame_passes_and_the_memory_is_given_back() {
        let bytes = [frame(b'N', 3), frame(b'd', 5 * BASE_BYTES), frame(b'C', 9)].concat();
        let (frames, inbox) = frames_of(&bytes, 300_000);
        assert_eq!(frames, [(b'N', 3), (b'd', 5 * BASE_BYTES), (b'C', 9)]);
        assert_eq!(inbox.memory.len(), BASE_BYTES);
    }

    #[test]
    fn a_wrong_length_costs_no_memory() {
        let mut inbox = Inbox::new();
        inbox.append(b"d\x3f\xff\xff\xff");
        assert!(inbox.frame().unwrap().is_none());
        inbox.append(&[0; 1000]);
        assert!(inbox.memory.len() <= 2 * BASE_BYTES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn frames_come_out_as_they_went_in(
            lengths in prop::collection::vec(prop_oneof![0_usize..50, 0..400_000_usize], 1..20),
            piece in 1_000_usize..700_000,
        ) {
            let wanted: Vec<(u8, usize)> = lengths.iter().map(|&len| (b'd', len)).collect();
            let bytes: Vec<u8> = lengths.iter().flat_map(|&len| frame(b'd', len)).collect();
            let (frames, inbox) = frames_of(&bytes, piece);
            prop_assert_eq!(frames, wanted);
            prop_assert!(inbox.is_empty());
        }
    }
}
