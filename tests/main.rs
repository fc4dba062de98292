//! The integration tests: public API only, one file a stage.

mod logs;
