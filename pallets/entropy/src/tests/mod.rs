mod forgetting;
mod invariants;
mod reading;
mod recording;
