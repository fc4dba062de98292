//! STIX: patterns against what the standard's reference recorded, and against a slow search.

mod budget;
mod bundle;
mod corpus;
