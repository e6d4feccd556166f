//! A file that several threads read from.

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// One after another: what is read from at a place may be moved by whoever reads at another.
pub(super) struct Shared<R> {
    file: Arc<Mutex<R>>,
}

impl<R: ChunkReader> Shared<R> {
    pub(super) fn new(file: R) -> Self {
        Shared { file: Arc::new(Mutex::new(file)) }
    }

    /// What lies there, at once.
    pub(super) fn span(&self, start: u64, length: u64) -> Result<Span> {
        let whole = self.len();
        // Before memory is taken: a damaged file may name any length.
        if start.checked_add(length).is_none_or(|end| end > whole) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start}, while the file has {whole}")));
        }
        let length = usize::try_from(length).map_err(|error| ParquetError::EOF(error.to_string()))?;
        let bytes = self.file.lock().unwrap_or_else(PoisonError::into_inner).get_bytes(start, length)?;
        Ok(Span { whole, start, bytes })
    }
}

impl<R: Length> Length for Shared<R> {
    fn len(&self) -> u64 {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<R: ChunkReader> ChunkReader for Shared<R> {
    type T = Positioned<R>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(Positioned { file: Shared { file: Arc::clone(&self.file) }, at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.span(start, length as u64)?.bytes)
    }
}

/// Reads from a place on.
pub(super) struct Positioned<R> {
    file: Shared<R>,
    at: u64,
}

impl<R: ChunkReader> Read for Positioned<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.file.len().saturating_sub(self.at);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let bytes = self.file.get_bytes(self.at, count).map_err(std::io::Error::other)?;
        buffer.iter_mut().zip(&bytes).for_each(|(into, byte)| *into = *byte);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}

/// A part of a file in memory, read by places in the file.
#[derive(Debug, Clone)]
pub(super) struct Span {
    whole: u64,
    start: u64,
    bytes: Bytes,
}

impl Span {
    fn from(&self, start: u64) -> Result<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        match at.filter(|at| *at <= self.bytes.len()) {
            Some(at) => Ok(self.bytes.slice(at..)),
            None => Err(ParquetError::EOF(format!("byte {start} lies outside of its column"))),
        }
    }
}

impl Length for Span {
    fn len(&self) -> u64 {
        self.whole
    }
}

impl ChunkReader for Span {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} reach beyond their column")));
        }
        Ok(bytes.slice(..length))
    }
}
