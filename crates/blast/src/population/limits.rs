/// What a population may grow to. Beyond `rows`, `bytes` and `columns` reading ends with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub rows: u64,
    /// Of memory: codes, dictionaries and weights. While they grow, they may take twice that for a moment.
    pub bytes: u64,
    pub columns: usize,
    /// Of one line of JSON or one record of CSV; a longer one is malformed.
    pub line_bytes: usize,
    /// So many malformed rows are left out and counted; one more ends the reading. 0 ends it at the first.
    pub malformed_rows: u64,
    /// So many malformed rows are described in the report.
    pub described: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rows: 100_000_000,
            bytes: 4 << 30,
            columns: 4096,
            line_bytes: 1 << 20,
            malformed_rows: 0,
            described: 10,
        }
    }
}
