use std::time::Duration;

/// What a server may ask for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxiiLimits {
    /// How many objects a page shall have; 1,000. Servers give fewer if they like. At least 1.
    pub page: u32,
    /// The longest answer, in bytes; 16 MiB. A longer one is an error.
    pub answer_bytes: usize,
    /// The most pages of one run; 100,000. More are an error, and the cursor stays where it is.
    pub pages: u64,
    /// How many pages in a row may bring nothing new though more are promised; 3.
    pub idle_pages: u32,
    /// How often in a row paging may begin anew without getting further; 5.
    pub restarts: u32,
    /// How often in a row a server may say that it is busy; 10.
    pub waits: u32,
    /// How long to wait for a busy server that does not say how long; 30 s.
    pub pause: Duration,
    /// The most API roots, and the most collections of each, that are taken from a discovery; 1,000.
    pub listed: usize,
}

impl Default for TaxiiLimits {
    fn default() -> Self {
        Self {
            page: 1_000,
            answer_bytes: 16 << 20,
            pages: 100_000,
            idle_pages: 3,
            restarts: 5,
            waits: 10,
            pause: Duration::from_secs(30),
            listed: 1_000,
        }
    }
}
