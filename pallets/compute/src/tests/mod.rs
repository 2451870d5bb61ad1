//! Tests by subject.

mod channels;
mod evidence;
mod integrity;
mod interactions;
mod model;
mod purses;
mod reading;
mod redeem;
mod services;
mod sessions;
mod try_state;
mod weights;
