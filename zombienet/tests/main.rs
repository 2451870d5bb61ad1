//! Tests over networks that zombienet runs.

mod growth;
mod upgrade;
