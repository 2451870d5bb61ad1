//! A runtime with balances and this pallet, and authors that the tests choose.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_fees;
use crate::{Config, CreditOf, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::Balanced, tokens::imbalance::ResolveTo, Hooks, OnUnbalanced},
    weights::WeightMeter,
};
use sp_runtime::{BuildStorage, Permill};

type Block = frame_system::mocking::MockBlockU32<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(2)]
    pub type Fees = pallet_noema_fees;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type BlockWeights = BlockWeights;
    type AccountData = pallet_balances::AccountData<u128>;
}

/// The least an account may have.
pub(crate) const LEAST: u128 = 10;

parameter_types! {
    pub static BlockWeights: frame_system::limits::BlockWeights = Default::default();
    pub const ExistentialDeposit: u128 = LEAST;
    pub static Author: Option<u64> = Some(WRITER);
    pub static AuthorShare: Permill = Permill::from_percent(20);
    pub const Treasury: u64 = TREASURY;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
}

impl Config for Test {
    type Currency = Balances;
    type Author = Author;
    type AuthorShare = AuthorShare;
    type Rest = ResolveTo<Treasury, Balances>;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

pub(crate) const PAYER: u64 = 1;
pub(crate) const WRITER: u64 = 2;
pub(crate) const TREASURY: u64 = 3;

/// Externalities in block 1 in which the payer has a million, and the author and the treasury as little as possible.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![(PAYER, 1_000_000), (WRITER, LEAST), (TREASURY, LEAST)],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        Author::set(Some(WRITER));
        AuthorShare::set(Permill::from_percent(20));
    });
    ext
}

/// What the payer pays for a transaction.
pub(crate) fn charge(fee: u128, tip: u128) {
    let credit = |amount| -> CreditOf<Test> {
        Balances::withdraw(
            &PAYER,
            amount,
            frame_support::traits::tokens::Precision::Exact,
            frame_support::traits::tokens::Preservation::Preserve,
            frame_support::traits::tokens::Fortitude::Polite,
        )
        .unwrap()
    };
    let (fee, tip) = (credit(fee), credit(tip));
    Fees::on_unbalanceds([fee, tip].into_iter());
}

/// Enters the next block; the hook has this much weight.
pub(crate) fn next_block(mut meter: WeightMeter) {
    let next = System::block_number() + 1;
    System::set_block_number(next);
    Fees::on_poll(next, &mut meter);
    Pallet::<Test>::do_try_state().unwrap();
}
