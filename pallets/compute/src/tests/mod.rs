//! Tests by subject.
