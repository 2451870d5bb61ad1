//! What is charged for a job, in fuel and in the units in which the chain has prices.

/// Fuel of one unit of the price of a job (`ServiceKind::Job` in `primitives/compute`): a million instructions or so.
pub const UNIT_FUEL: u64 = 1_000_000;
/// Fuel that is charged for a byte of the module, whether or not it was compiled before: about what compiling one takes.
pub const MODULE_FUEL: u64 = 1_000;
/// Fuel that is charged for a byte of the inputs: about what it takes to fetch and verify one.
pub const INPUT_FUEL: u64 = 2;

/// Fuel that is charged for getting a job ready, which follows from what is ordered alone.
pub const fn set_up(module_bytes: u64, input_bytes: u64) -> u64 {
    let module = module_bytes.saturating_mul(MODULE_FUEL);
    module.saturating_add(input_bytes.saturating_mul(INPUT_FUEL))
}

/// The units of so much fuel: rounded up once.
pub const fn units(fuel: u64) -> u64 {
    fuel.div_ceil(UNIT_FUEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_up_and_nothing_is_nothing() {
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(units), [0, 1, 1, 2]);
    }

    #[test]
    fn set_up_counts_every_byte() {
        assert_eq!(set_up(3, 5), 3_010);
        assert_eq!(set_up(u64::MAX, 1), u64::MAX);
    }
}
