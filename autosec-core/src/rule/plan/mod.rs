//! From checked conditions to what runs: one program for all conditions of a rule set, which says which of them an event
//! satisfies.
//!
//! Everything here happens once, when a rule set is built, so that an event costs as little as it can:
//!
//! - `intern` takes conditions apart into questions about one field and gives each a number, equal ones the same: what
//!   many rules ask is kept, and answered, once. `lower` prepares each (an `Atom`, in `predicate`, with a `Test`): sorted
//!   ranges, hash tables, needles. What is left of a condition is a tree of numbers, the `Predicate`.
//! - `need` says what an event must have if a question's answer is to be yes: a field, a whole value, a text in a value
//!   (`required` finds texts in regular expressions), a block of numbers or addresses (`block`). `rarity` guesses how many
//!   events have it, from the rules alone.
//! - `witness` chooses for each condition the atoms of which one must be true, the rarest it can; `waiting` holds which
//!   conditions wait for which atom, and decides what is worth being looked for at all.
//! - `index` looks at each value of an event once and marks the atoms that are true. A text is found by one of its grams,
//!   which takes no automaton. An atom that it knows all about is asked no more, whatever its answer.
//! - `program` is the result: it looks, and then asks the conditions that wait for what was found, cheap parts first.
//!   It neither allocates nor fails, and recurses no deeper than the parser allowed.
//!
//! Order does not change an answer, because tests have no effects, and no estimate does: a wrong one costs time.

pub(super) mod alone;
mod block;
mod glob;
mod index;
mod intern;
mod lower;
mod need;
pub(super) mod predicate;
pub(super) mod program;
mod rarity;
mod relation;
mod required;
mod rolling;
mod search;
pub(super) mod spelling;
mod test;
mod text;
mod waiting;
mod witness;
