//! The compute market as it is composed: periods that go together with those of providers, money that arrives where it should, evidence that makes the payer whole,
//! bond that open channels keep, and no emergency lever that stops what a lock runs against.

mod chain;

use chain::Chain;
use codec::Encode;
use frame_support::{
    migrations::{FailedMigrationHandler, FailedMigrationHandling},
    traits::Get,
};
use noema_compute_primitives::{
    Demand, Descriptor, Price, Receipt, ServiceKind, Usage, VerificationMode, Voucher,
};
use noema_core::{
    time::{DAYS, HOURS, MINUTES},
    units::{GIB, MICRO, NOEMA},
};
use noema_runtime::{
    configs::{
        ai::{compute::PayerShare, providers::MaxReporterShare},
        money::{RepairFundAccount, TreasuryAccount},
        safety::RepairUnderSafeMode,
    },
    AccountId, Audits, Balance, Balances, Compute, Providers, Runtime, RuntimeCall, RuntimeEvent,
    Signature, System,
};
use noema_session::{Grant, Limits};
use noema_traits::{PaidInteractions, ProviderRegistry, Role, Ticks};
use pallet_noema_compute::{Call, ChannelState, Claim, ClaimOf, Event, HoldReason, Room};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::DispatchError;

/// The provider's bonded account.
const PROVIDER: Sr25519Keyring = Bob;
/// Sends its transactions.
const OPERATOR: Sr25519Keyring = Charlie;
/// Buys.
const PAYER: Sr25519Keyring = Dave;
/// Signs receipts and demands.
const SERVICE: Sr25519Keyring = Sr25519Keyring::One;
/// Signs vouchers.
const SESSION: Sr25519Keyring = Sr25519Keyring::Two;
/// What the provider bonds: the least there may be.
const BOND: Balance = 500 * NOEMA;
/// What a channel reserves.
const CAP: Balance = 10 * NOEMA;
/// A million tokens of each kind.
const PRICE: Price = Price::Tokens {
    input: 200 * MICRO,
    cached: 50 * MICRO,
    output: 800 * MICRO,
};

/// What each period is with this pace: notice, lock and window in ticks, unbonding in blocks.
fn periods() -> [u64; 4] {
    [
        <Runtime as pallet_noema_compute::Config>::PriceNotice::get(),
        <Runtime as pallet_noema_compute::Config>::CloseLock::get(),
        <Runtime as pallet_noema_compute::Config>::EvidenceWindow::get(),
        <Runtime as pallet_noema_providers::Config>::UnbondingPeriod::get().into(),
    ]
}

#[test]
fn bond_unbonds_for_longer_than_anything_can_be_held_against_it() {
    // A tick is a block that left room, so that there are at most as many. With a window of a quarter, ticks may be missing for three blocks of four.
    for preset in ["development", "no speed"] {
        let found = match preset {
            "development" => chain::genesis(preset).execute_with(periods),
            _ => chain::genesis_of(&[Alice]).execute_with(periods),
        };
        let [notice, lock, window, unbonding] = found;
        assert!(notice < window && lock < window, "{preset}: {found:?}");
        assert!(4 * window <= unbonding, "{preset}: {found:?}");
    }
}

#[test]
fn periods_are_a_day_a_minute_in_development_and_what_the_design_says_elsewhere() {
    let (days, hours) = (u64::from(DAYS), u64::from(HOURS));
    assert_eq!(
        chain::genesis_of(&[Alice]).execute_with(periods),
        [6 * hours, days, 7 * days, 28 * days]
    );
    let minutes = u64::from(MINUTES);
    assert_eq!(
        chain::genesis("development").execute_with(periods),
        [minutes / 4, minutes, 7 * minutes, 28 * days]
    );
}

#[test]
fn the_payers_share_is_paid_in_full_and_covers_the_excess() {
    assert!(PayerShare::get() <= MaxReporterShare::get());
    let factor: u32 = <Runtime as pallet_noema_compute::Config>::SlashFactor::get();
    let excess = 1_000_000_000;
    let back = PayerShare::get().mul_floor(u128::from(factor) * excess);
    assert!(back >= excess && back < u128::from(factor) * excess);
}

/// A provider with a service, and a channel of Dave's to it.
struct Scene {
    chain: Chain,
    provider: AccountId,
    payer: AccountId,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self {
            chain: Chain::development(),
            provider: PROVIDER.to_account_id(),
            payer: PAYER.to_account_id(),
        };
        let register = RuntimeCall::Providers(pallet_noema_providers::Call::register {
            role: Role::Compute,
            bond: BOND,
            operator: OPERATOR.to_account_id(),
            endpoint: b"http://127.0.0.1:1".to_vec(),
            capacity: GIB,
        });
        assert_eq!(scene.send(PROVIDER, register), Ok(()));
        let announce = Call::announce {
            descriptor: Descriptor {
                kind: ServiceKind::Chat,
                model: b"tiny/1".to_vec().try_into().expect("it is short"),
                weights: None,
                endpoint: b"http://127.0.0.1:2"
                    .to_vec()
                    .try_into()
                    .expect("it is short"),
                price: PRICE,
                verification: VerificationMode::None,
                capacity: 4,
            },
            key: SERVICE.to_account_id(),
        };
        assert_eq!(scene.call(PROVIDER, announce), Ok(()));
        assert_eq!(scene.call(PAYER, open(CAP)), Ok(()));
        scene
    }

    /// A block with this transaction, which is included.
    fn send(&mut self, who: Sr25519Keyring, call: RuntimeCall) -> Result<(), DispatchError> {
        let transaction = self.chain.signed(who, call);
        let (_, results) = self.chain.author(vec![transaction]);
        results[0].expect("it is included")
    }

    fn call(&mut self, who: Sr25519Keyring, call: Call<Runtime>) -> Result<(), DispatchError> {
        self.send(who, RuntimeCall::Compute(call))
    }

    /// Root's call, in a block of its own.
    fn sudo(&mut self, call: RuntimeCall) {
        let call = Box::new(call);
        let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call });
        assert_eq!(self.send(Alice, sudo), Ok(()));
    }

    /// What the provider brings to the chain, with the demand of its gateway.
    fn claim(&self, voucher: Voucher, amount: Balance) -> ClaimOf<Runtime> {
        let genesis = self.chain.genesis_hash.0;
        let demand = Demand::new(&voucher, amount).payload(&genesis);
        Claim {
            signature: Signature::Sr25519(SESSION.sign(&voucher.payload(&genesis))),
            voucher,
            amount,
            demand: Some(Signature::Sr25519(SERVICE.sign(&demand))),
        }
    }

    fn redeem(
        &mut self,
        who: Sr25519Keyring,
        claims: Vec<ClaimOf<Runtime>>,
    ) -> Result<(), DispatchError> {
        let claims = claims.try_into().expect("they fit");
        self.call(who, Call::redeem { claims })
    }

    /// What the provider's own receipt shows.
    fn report(&mut self, who: Sr25519Keyring, cumulative: Balance) -> Result<(), DispatchError> {
        let receipt = receipt(cumulative);
        let signed = receipt.payload(&self.chain.genesis_hash.0);
        let signature = Signature::Sr25519(SERVICE.sign(&signed));
        self.call(who, Call::report { receipt, signature })
    }

    fn unbond(&mut self, amount: Balance) -> Result<(), DispatchError> {
        let role = Role::Compute;
        let call = pallet_noema_providers::Call::unbond { role, amount };
        self.send(PROVIDER, RuntimeCall::Providers(call))
    }

    fn bond(&mut self) -> Balance {
        let provider = self.provider.clone();
        let ask =
            || <Providers as ProviderRegistry<AccountId, Balance>>::bond(Role::Compute, &provider);
        self.chain.query(ask)
    }

    fn purse(&mut self) -> Balance {
        let payer = self.payer.clone();
        let held = || {
            use frame_support::traits::fungible::InspectHold;
            Balances::balance_on_hold(&HoldReason::Purse.into(), &payer)
        };
        self.chain.query(held)
    }

    fn state(&mut self) -> ChannelState {
        self.chain.query(|| {
            Compute::channel_info(0)
                .expect("the channel is there")
                .state
        })
    }
}

fn open(cap: Balance) -> Call<Runtime> {
    Call::open {
        service: 0,
        cap,
        lanes: 2,
        grant: Grant {
            key: SESSION.to_account_id(),
            scope: (),
            limits: Limits {
                per_use: NOEMA,
                total: CAP,
            },
            expires: u64::MAX,
        },
    }
}

fn voucher(lane: u16, paid: Balance, maximum: Balance) -> Voucher {
    Voucher {
        channel: 0,
        session: 0,
        lane,
        nonce: 1,
        service: 0,
        paid,
        maximum,
        request: [7; 32],
        expires: u64::MAX,
        price: PRICE,
    }
}

fn receipt(cumulative: Balance) -> Receipt {
    Receipt {
        channel: 0,
        session: 0,
        lane: 0,
        nonce: 1,
        service: 0,
        request: [7; 32],
        response: [8; 32],
        response_bytes: 12,
        model: b"tiny/1".to_vec().try_into().expect("it is short"),
        usage: Usage::Tokens {
            input: 1,
            cached: 0,
            output: 1,
        },
        price: PRICE,
        amount: cumulative,
        cumulative,
        time: 1,
    }
}

#[test]
fn lanes_are_redeemed_in_one_call_the_provider_is_paid_and_the_treasury_has_its_cut() {
    let mut scene = Scene::new();
    let (provider, treasury) = (scene.provider.clone(), TreasuryAccount::get());
    let (earned, cut) = (scene.chain.free(&provider), scene.chain.free(&treasury));
    let claims = vec![
        scene.claim(voucher(0, 0, NOEMA), NOEMA / 2),
        scene.claim(voucher(1, 0, NOEMA), NOEMA / 4 + 1),
    ];
    let pending = scene.chain.free(&treasury);
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
    let gross = NOEMA / 2 + NOEMA / 4 + 1;
    // A hundredth of each, rounded up.
    let cuts = NOEMA / 200 + (NOEMA / 400 + 1);
    assert_eq!(scene.chain.free(&provider), earned + gross - cuts);
    // Fees of the blocks before arrive beside it.
    assert!(scene.chain.free(&treasury) >= cut.max(pending) + cuts);
    assert_eq!(scene.purse(), CAP - gross);
    let payer = scene.payer.clone();
    let paid = scene
        .chain
        .query(|| <Compute as PaidInteractions<_, _>>::unconsumed(&payer, &provider));
    assert_eq!(paid, gross);
}

#[test]
fn too_much_redeemed_is_slashed_out_of_the_bond_and_the_payer_is_made_whole() {
    let mut scene = Scene::new();
    let claims = vec![scene.claim(voucher(0, 0, NOEMA), NOEMA)];
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
    let (payer, fund) = (scene.payer.clone(), RepairFundAccount::get());
    let (had, fund_had) = (scene.chain.free(&payer), scene.chain.free(&fund));
    // A stranger reports that only a fifth was owed, and pays no fee.
    let eve = scene.chain.free(&Eve.to_account_id());
    assert_eq!(scene.report(Eve, NOEMA / 5), Ok(()));
    assert_eq!(scene.chain.free(&Eve.to_account_id()), eve);
    let excess = NOEMA - NOEMA / 5;
    let slashed = 6 * excess;
    let back = slashed / 5;
    assert_eq!(scene.bond(), BOND - slashed);
    assert_eq!(scene.chain.free(&payer), had + back);
    assert!(back >= excess);
    assert_eq!(scene.chain.free(&fund), fund_had + slashed - back);
    let provider = scene.provider.clone();
    let room = scene.chain.query(|| Compute::provider_info(&provider).room);
    assert_eq!(room, Room::Inactive, "it is jailed");
}

#[test]
fn bond_that_open_channels_stand_on_stays_until_the_provider_closes_them() {
    let mut scene = Scene::new();
    let promised = pallet_noema_providers::Error::<Runtime>::StillReserved.into();
    assert_eq!(scene.unbond(BOND), Err(promised));
    assert_eq!(scene.call(PROVIDER, Call::close { channel: 0 }), Ok(()));
    assert!(matches!(scene.state(), ChannelState::Settled { .. }));
    assert_eq!(scene.unbond(BOND), Ok(()));
}

#[test]
fn a_channel_that_the_payer_closes_can_be_redeemed_during_the_lock_and_settled_after_it() {
    let mut scene = Scene::new();
    assert_eq!(scene.call(PAYER, Call::close { channel: 0 }), Ok(()));
    let ChannelState::Closing { until } = scene.state() else {
        panic!("it closes");
    };
    let settle = || Call::settle { channel: 0 };
    let locked = pallet_noema_compute::Error::<Runtime>::Locked.into();
    assert_eq!(scene.call(Eve, settle()), Err(locked));
    let claims = vec![scene.claim(voucher(0, 0, NOEMA), NOEMA / 2)];
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
    scene.chain.checked = false;
    while scene.chain.query(<Audits as Ticks>::now) < until {
        scene.chain.author(vec![]);
    }
    scene.chain.checked = true;
    let late = vec![scene.claim(voucher(0, 0, NOEMA), NOEMA)];
    let over = pallet_noema_compute::Error::<Runtime>::ChannelOver.into();
    assert_eq!(scene.redeem(OPERATOR, late), Err(over));
    assert_eq!(scene.call(Eve, settle()), Ok(()));
    assert_eq!(
        scene.call(
            PAYER,
            Call::withdraw {
                amount: CAP - NOEMA / 2
            }
        ),
        Ok(())
    );
    assert_eq!(scene.purse(), 0);
}

#[test]
fn safe_mode_stops_the_clock_and_not_what_a_lock_runs_against() {
    let mut scene = Scene::new();
    scene.sudo(RuntimeCall::SafeMode(
        pallet_safe_mode::Call::force_enter {},
    ));
    let before = scene.chain.query(<Audits as Ticks>::now);
    let claims = vec![scene.claim(voucher(0, 0, NOEMA), NOEMA)];
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
    assert_eq!(scene.report(PAYER, NOEMA / 2), Ok(()));
    let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
    assert_eq!(scene.call(PAYER, open(CAP)), filtered);
    assert_eq!(scene.call(PROVIDER, Call::close { channel: 0 }), Ok(()));
    assert_eq!(scene.chain.query(<Audits as Ticks>::now), before);
}

#[test]
fn safe_mode_after_a_failed_migration_closes_the_market_as_everything_else() {
    let mut scene = Scene::new();
    // What the handler leaves.
    let until = scene.chain.query(|| {
        let handling = <RepairUnderSafeMode as FailedMigrationHandler>::failed(None);
        assert_eq!(handling, FailedMigrationHandling::ForceUnstuck);
        pallet_safe_mode::EnteredUntil::<Runtime>::get()
    });
    let key = pallet_safe_mode::EnteredUntil::<Runtime>::hashed_key().to_vec();
    scene.sudo(RuntimeCall::System(frame_system::Call::set_storage {
        items: vec![(key, until.expect("safe mode is entered").encode())],
    }));
    let filtered = Err(frame_system::Error::<Runtime>::CallFiltered.into());
    let claims = vec![scene.claim(voucher(0, 0, NOEMA), NOEMA)];
    assert_eq!(scene.redeem(OPERATOR, claims.clone()), filtered);
    assert_eq!(scene.call(PROVIDER, Call::close { channel: 0 }), filtered);
    scene.sudo(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}));
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
}

#[test]
fn the_cut_of_what_is_redeemed_is_never_burned() {
    let mut scene = Scene::new();
    let issued = scene.chain.query(Balances::total_issuance);
    let claims = vec![scene.claim(voucher(0, 0, NOEMA), 1)];
    assert_eq!(scene.redeem(OPERATOR, claims), Ok(()));
    // The whole unit is the treasury's.
    let event = Event::Redeemed {
        channel: 0,
        session: 0,
        lane: 0,
        nonce: 1,
        amount: 1,
        cut: 1,
        redeemed: 1,
    };
    scene
        .chain
        .query(|| System::assert_has_event(RuntimeEvent::Compute(event)));
    // Fees of a block wait for the next; nothing is gone then.
    scene.chain.author(vec![]);
    scene.chain.author(vec![]);
    assert_eq!(scene.chain.query(Balances::total_issuance), issued);
}

#[test]
fn the_largest_calls_fit_a_transaction() {
    use frame_support::dispatch::{DispatchClass, GetDispatchInfo};
    let scene = Scene::new();
    let most: u32 = <Runtime as pallet_noema_compute::Config>::MaxClaims::get();
    let claim = scene.claim(voucher(0, 0, NOEMA), NOEMA);
    let claims: Vec<_> = (0..most).map(|_| claim.clone()).collect();
    let claims = claims.try_into().expect("as many as there can be");
    let limit = noema_runtime::weights::block::BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_extrinsic
        .expect("ordinary transactions are limited");
    for call in [Call::redeem { claims }, Call::remove { channel: 0 }] {
        let call = RuntimeCall::Compute(call);
        let weight = call.get_dispatch_info().call_weight;
        println!("{weight:?} and {} bytes", call.encoded_size());
        assert!(weight.ref_time() < limit.ref_time() / 2, "{weight:?}");
    }
}
