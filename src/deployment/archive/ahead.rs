//! A step of reading an archive, done ahead of the next step on a thread of its own: the file is read while what came
//! before is decompressed, and that while its members are looked at.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes, filled from the beginning.
pub(super) struct Block {
    bytes: Box<[u8]>,
    filled: usize,
}

impl Block {
    /// An empty one that `size` bytes fit into.
    pub(super) fn empty(size: usize) -> Self {
        Self { bytes: vec![0; size].into_boxed_slice(), filled: 0 }
    }

    /// What is in it; nothing only at the end.
    pub(super) fn content(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

/// Fills the bytes it is given and says how many there are: none only at the end.
pub(super) trait Fill: FnMut(&mut [u8]) -> io::Result<usize> + Send + 'static {}

impl<F: FnMut(&mut [u8]) -> io::Result<usize> + Send + 'static> Fill for F {}

/// The blocks of a step, in order.
pub(super) struct Ahead {
    full: Receiver<io::Result<Block>>,
    spent: Sender<Block>,
}

impl Ahead {
    /// Starts a step that is at most `count` blocks of `size` bytes ahead. It ends with the last block, or when nobody
    /// takes its blocks any more.
    ///
    /// # Errors
    ///
    /// There can be no more threads.
    pub(super) fn start(name: &str, count: usize, size: usize, mut step: impl Fill) -> io::Result<Self> {
        let (give, full) = sync_channel(count);
        let (spent, take_back) = channel();
        for _ in 0..count {
            // Both ends are here: it cannot fail.
            let _ = spent.send(Block::empty(size));
        }
        thread::Builder::new().name(name.into()).spawn(move || work(&mut step, &take_back, &give))?;
        Ok(Self { full, spent })
    }

    /// The next block instead of one of the same size that is used up, an empty one at the end; `None` if there is none after `patience`.
    ///
    /// # Errors
    ///
    /// Those of the step. Nothing comes after one.
    pub(super) fn next(&self, used: &mut Block, patience: Option<Duration>) -> io::Result<Option<()>> {
        let next = match patience {
            Some(patience) => self.full.recv_timeout(patience),
            None => self.full.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(block) => {
                // The other end is gone when it has seen the end.
                let _ = self.spent.send(std::mem::replace(used, block?));
            }
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            // It has handed over the end, and is asked again: the end it stays.
            Err(RecvTimeoutError::Disconnected) => used.filled = 0,
        }
        Ok(Some(()))
    }
}

fn work(step: &mut impl Fill, spent: &Receiver<Block>, full: &SyncSender<io::Result<Block>>) {
    while let Ok(mut block) = spent.recv() {
        let filled = step(&mut block.bytes).map(|filled| {
            block.filled = filled;
            block
        });
        let is_last = filled.as_ref().map_or(true, |block| block.filled == 0);
        if full.send(filled).is_err() || is_last {
            return;
        }
    }
}
