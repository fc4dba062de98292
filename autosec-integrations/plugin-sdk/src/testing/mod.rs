//! Tries a plugin against recorded exchanges, in its own `cargo test`, without a host and without a device.
//!
//! ```
//! # use autosec_plugin::*;
//! # struct Edge;
//! # impl Firewall for Edge {
//! #     fn describe() -> Metadata { described() }
//! #     fn configure(_: &str) -> Result<Self, Failure> { Ok(Self) }
//! #     fn block(&mut self, _: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
//! #         let request = HttpRequest {
//! #             method: "PUT".to_owned(), url: "https://edge.example/blocks/203.0.113.7".to_owned(), headers: Vec::new(),
//! #             body: Vec::new(), timeout_ms: None, secrets: vec!["token".to_owned()],
//! #         };
//! #         let effect = if http(&request).is_ok() { Effect::Applied } else { Effect::Planned };
//! #         entries.iter().map(|_| Ok(Outcome { effect, remote_id: None, detail: None, extra: Vec::new() })).collect()
//! #     }
//! #     fn unblock(&mut self, _: &Context, _: Vec<String>) -> Vec<Result<Outcome, Failure>> { Vec::new() }
//! # }
//! # fn described() -> Metadata { panic!() }
//! use autosec_plugin::testing::{Cassette, Stage, entry};
//!
//! let cassette = Cassette::parse(r#"
//!     [[exchange]]
//!     http = "PUT https://edge.example/blocks/203.0.113.7"
//!     secrets = ["token"]
//!     answer = { status = 201, body = '{"id": 7}' }
//! "#)?;
//! let mut stage = Stage::<Edge>::new(r#"{"host": "edge.example"}"#, cassette)?;
//! println!("{}", stage.plan(vec![entry("203.0.113.7")]));
//!
//! let outcomes = stage.block(vec![entry("203.0.113.7")]);
//! assert_eq!(outcomes[0].as_ref().unwrap().effect, Effect::Applied);
//! stage.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cassette;
mod exchange;
mod plan;
mod player;
mod stage;

pub use cassette::{Cassette, CassetteError};
pub use exchange::{Answer, Exchange, Question};
pub use plan::Plan;
pub use player::Discrepancies;
pub use stage::{Stage, StageError, entry};
