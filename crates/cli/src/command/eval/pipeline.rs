//! Lines through all cores, with their order kept: one thread reads blocks of whole lines, each core works on a block
//! at a time, and this thread writes the results in the order of the blocks.
//!
//! What can be read is worked on at once, so a pipe that gives a line now and then gets its answer now and then.
//! Every queue is bounded: a slow reader of the output slows the reading of the input.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Longest line that is read, in bytes.
pub(crate) const LINE_LIMIT: usize = 1024 * 1024;
/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Whole lines as read, or the place of one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Number of the first line, from 1.
    pub(crate) first_line: u64,
    /// With their line ends; the last of all may have none. Empty where `is_too_long`.
    pub(crate) bytes: Vec<u8>,
    /// The block stands for one line longer than [`LINE_LIMIT`], whose bytes are not kept.
    pub(crate) is_too_long: bool,
}

/// What became of a block.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// For standard output.
    pub(crate) data: Vec<u8>,
    /// For standard error.
    pub(crate) notes: Vec<u8>,
    /// Lines that are malformed.
    pub(crate) malformed: u64,
    /// Bytes of the block.
    pub(crate) read: u64,
}

/// Which side failed.
#[derive(Debug)]
pub(crate) enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

/// Runs `work` over the lines of `input`, writes to `data` and `notes` in the order of the input, and gives the number of
/// malformed lines.
pub(crate) fn run(
    input: impl Read + Send + 'static,
    data: &mut dyn Write,
    notes: &mut dyn Write,
    work: impl Fn(&Block) -> Done + Sync,
    mut progress: impl FnMut(u64),
) -> Result<u64, Broken> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let (block_to, blocks) = sync_channel::<(u64, io::Result<Block>)>(cores * 2);
    let (done_to, dones) = sync_channel::<(u64, io::Result<Done>)>(cores * 2);
    // Not in the scope: where the output is gone, a read that still waits for input must not hold up the end.
    thread::spawn(move || read_blocks(input, &block_to));
    let blocks = Mutex::new(blocks);
    thread::scope(|scope| {
        for _ in 0..cores {
            let (blocks, work, done_to) = (&blocks, &work, done_to.clone());
            scope.spawn(move || {
                while let Some((number, block)) = take(blocks) {
                    let done = block.map(|block| work(&block));
                    if done_to.send((number, done)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done_to);
        write_in_order(dones, data, notes, &mut progress)
    })
}

fn take(blocks: &Mutex<Receiver<(u64, io::Result<Block>)>>) -> Option<(u64, io::Result<Block>)> {
    // A poisoned lock means that another core panicked between blocks; the receiver itself is whole.
    blocks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn write_in_order(
    dones: Receiver<(u64, io::Result<Done>)>,
    data: &mut dyn Write,
    notes: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Broken> {
    let mut waiting = BTreeMap::new();
    let (mut next, mut malformed) = (0, 0);
    for (number, done) in dones {
        waiting.insert(number, done);
        while let Some(done) = waiting.remove(&next) {
            let done = done.map_err(Broken::Reading)?;
            data.write_all(&done.data).and_then(|()| data.flush()).map_err(Broken::Writing)?;
            // Notes are for people; where nobody listens the data still counts.
            let _ = notes.write_all(&done.notes);
            progress(done.read);
            malformed += done.malformed;
            next += 1;
        }
    }
    Ok(malformed)
}

/// Sends `input` as blocks until it ends, fails, or nobody takes them any more.
fn read_blocks(mut input: impl Read, to: &SyncSender<(u64, io::Result<Block>)>) {
    let mut number = 0;
    let mut send = |block: io::Result<Block>| {
        let sent = to.send((number, block)).is_ok();
        number += 1;
        sent
    };
    let mut first_line = 1;
    // The line under way: bytes without a line end yet, or, of a line that is too long, nothing.
    let mut rest: Vec<u8> = Vec::new();
    let mut skips = false;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match input.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                send(Err(error));
                return;
            }
        };
        let mut new = chunk.get(..read).unwrap_or_default();
        if new.is_empty() {
            if !rest.is_empty() || skips {
                send(Ok(Block { first_line, bytes: rest, is_too_long: skips }));
            }
            return;
        }
        if skips {
            let Some(end) = new.iter().position(|byte| *byte == b'\n') else { continue };
            if !send(Ok(Block { first_line, bytes: Vec::new(), is_too_long: true })) {
                return;
            }
            (skips, first_line) = (false, first_line + 1);
            new = new.get(end + 1..).unwrap_or_default();
        }
        match new.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let (whole, begun) = new.split_at(end + 1);
                let mut bytes = std::mem::replace(&mut rest, begun.to_vec());
                bytes.extend_from_slice(whole);
                let lines = count_lines(&bytes);
                if !send(Ok(Block { first_line, bytes, is_too_long: false })) {
                    return;
                }
                first_line += lines;
            }
            None => rest.extend_from_slice(new),
        }
        if rest.len() > LINE_LIMIT {
            (rest, skips) = (Vec::new(), true);
        }
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its text in pieces of `step` bytes, as a pipe may.
    struct Pieces {
        text: Vec<u8>,
        at: usize,
        step: usize,
    }

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.step.min(into.len()).min(self.text.len() - self.at);
            into[..size].copy_from_slice(&self.text[self.at..self.at + size]);
            self.at += size;
            Ok(size)
        }
    }

    /// Each line with its number, as `work` sees them; too long ones as `!`.
    fn numbered(text: &[u8], step: usize) -> String {
        let mut data = Vec::new();
        let work = |block: &Block| {
            let mut done = Done::default();
            if block.is_too_long {
                done.data = format!("{}:!\n", block.first_line).into_bytes();
                return done;
            }
            for (number, line) in (block.first_line..).zip(block.bytes.split_inclusive(|byte| *byte == b'\n')) {
                let line = String::from_utf8_lossy(line);
                done.data.extend(format!("{number}:{}\n", line.trim_end_matches('\n')).bytes());
            }
            done
        };
        let input = Pieces { text: text.to_vec(), at: 0, step };
        run(input, &mut data, &mut io::sink(), work, |_| {}).unwrap();
        String::from_utf8(data).unwrap()
    }

    #[test]
    fn lines_keep_order_and_numbers_however_they_arrive() {
        let text: String = (0..5000).map(|line| format!("line {line} {}\n", "x".repeat(line % 70))).collect();
        let expected: String = text.lines().enumerate().map(|(at, line)| format!("{}:{line}\n", at + 1)).collect();
        for step in [1, 7, 4096, usize::MAX] {
            assert_eq!(numbered(text.as_bytes(), step), expected, "in pieces of {step}");
        }
    }

    #[test]
    fn ends_without_a_line_end_and_blank_lines() {
        assert_eq!(numbered(b"", 10), "");
        assert_eq!(numbered(b"a", 10), "1:a\n");
        assert_eq!(numbered(b"a\n\nb", 1), "1:a\n2:\n3:b\n");
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_counted() {
        let mut text = b"a\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', LINE_LIMIT + 2 * CHUNK));
        text.extend(b"\nb\n");
        for step in [1000, usize::MAX] {
            assert_eq!(numbered(&text, step), "1:a\n2:!\n3:b\n", "in pieces of {step}");
        }
        text.truncate(LINE_LIMIT + CHUNK);
        assert_eq!(numbered(&text, 5000), "1:a\n2:!\n");
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_run() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let work = |block: &Block| Done { data: block.bytes.clone(), ..Done::default() };
        let endless = io::repeat(b'\n');
        let ended = run(endless, &mut Gone, &mut io::sink(), work, |_| {});
        assert!(matches!(ended, Err(Broken::Writing(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    }
}
