//! What is written, as it is written: rules, their tests, and exceptions from them. One model for YAML, JSON, TOML and
//! values made in code.

mod classic;
mod exception;
mod moment;
mod one_or_many;
mod rule;
mod test;

pub use classic::Classic;
pub use exception::Exception;
pub use rule::{Count, Distinct, Mode, Rule};
pub use test::{Expectation, RuleTest, TestEvent};
