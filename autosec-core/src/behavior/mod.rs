//! What is usual for whom: signals that weigh an event for or against "this is somebody else".

pub mod signal;
