//! Where addresses are, whose network they belong to, and what hides whoever is behind them.
//!
//! | file | what it is for |
//! |---|---|
//! | `enricher` | [`Geo`]: fills `source.geo.*`, `source.as.*`, `source.anonymizer` and the same of the destination |
//! | `database` | [`GeoDatabase`]: a MaxMind file, whose records are read where they lie, and kept in 16 bytes |
//! | `tree` | how a database finds the record of an address |
//! | `kept` | the rows that a database read last |
//! | `table` | [`GeoTable`]: any number of these files in one table of our own, made when loaded |
//! | `ranges` | how that table finds an address |
//! | `facts` | [`GeoFacts`]: what is known of an address |
//! | `row` | the same in 16 bytes, as a table keeps it |
//! | `walk` | how the facts of a record are read, in one walk, and `keys` what is looked for on it |
//! | `layout` | [`GeoLayout`]: where in a record each fact stands, for files of any maker |
//!
//! A database answers at once after it was opened and takes as much memory as its file; a table takes seconds to make and
//! answers several times faster (`benches/RESULTS.md`). A file that is damaged in places answers for the others: what
//! cannot be read is "not known", and counted.

mod database;
mod enricher;
mod facts;
mod kept;
mod keys;
mod layout;
mod ranges;
mod row;
mod table;
mod tree;
mod walk;

pub use database::{GeoDatabase, GeoError};
pub use enricher::{Geo, GeoSource};
pub use facts::{Anonymizer, Anonymizers, GeoCode, GeoFacts, GeoNames, GeoRecord, Location};
pub use layout::{GeoFact, GeoLayout, LayoutError};
pub use table::{GeoTable, TableError};
