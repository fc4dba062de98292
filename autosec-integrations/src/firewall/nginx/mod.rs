//! nginx: blocked clients are refused before any server behind it sees them.
//!
//! # What stands in nginx
//! A file of addresses that belongs to AutoSec alone, and what uses it, which the administrator writes once:
//! ```text
//! http {
//!     geo $autosec_blocked { default 0; include /etc/nginx/autosec.geo; }
//!     server { if ($autosec_blocked) { return 403; } }
//! }
//! ```
//! The file must exist when nginx starts; an empty one will do. `geo` looks an address up in a tree, whatever the
//! number of blocks; a list of `deny` is walked for each request.
//!
//! # A change
//! writes the file anew (beside it, then by a rename), asks `nginx -t` whether the whole configuration is right, and
//! reloads. Where nginx objects, the previous file is put back, and the call is
//! [`Rejected`](autosec_core::enforce::EnforceError::Rejected) with its words: a mistake elsewhere in the configuration
//! must not be made worse, and the running workers go on as they were. Reloads keep a distance, two seconds by
//! default, because each starts new workers; what comes within it waits and goes along.
//!
//! What is in force is what the file says: it outlives restarts of nginx, of the host program and of the machine.

mod adapter;
mod file;

pub use adapter::{Nginx, NginxConfig};
