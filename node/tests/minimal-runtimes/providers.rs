//! `pallet-noema-providers` and no other pallet of ours.

use crate::{chain::Chain, signer};
use noema_minimal_runtime_providers as runtime;
use noema_traits::{ProviderRegistry, Role};
use pallet_noema_providers::{Call, HoldReason};
use runtime::{Balance, Balances, Providers, RuntimeCall, UNIT};
use sp_keyring::Sr25519Keyring::{Alice, Bob};

/// Where a provider answers, with the hash of its TLS key.
const ENDPOINT: &[u8] = b"https://provider.example\
    #sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

signer!(runtime);

fn call(call: Call<runtime::Runtime>) -> RuntimeCall {
    RuntimeCall::Providers(call)
}

fn bonded(chain: &mut Chain) -> Balance {
    use frame_support::traits::fungible::InspectHold;
    let reason = HoldReason::StorageBond.into();
    chain.state(|| Balances::balance_on_hold(&reason, &Alice.to_account_id()))
}

#[test]
fn a_provider_registers_can_be_drawn_and_leaves_with_its_bond() {
    let mut chain = Chain::development(runtime::WASM_BINARY);
    let (role, alice) = (Role::Storage, Alice.to_account_id());
    let register = signed(
        &mut chain,
        Alice,
        call(Call::register {
            role,
            bond: 10 * UNIT,
            operator: Bob.to_account_id(),
            endpoint: ENDPOINT.to_vec(),
            capacity: 1 << 30,
        }),
    );
    chain.done(register);
    assert_eq!(bonded(&mut chain), 10 * UNIT);
    chain.state(|| {
        assert!(<Providers as ProviderRegistry<_, Balance>>::is_active(
            role, &alice
        ));
        assert_eq!(
            <Providers as ProviderRegistry<_, Balance>>::draw(role, &[7; 32]),
            Some(alice.clone())
        );
        assert_eq!(
            <Providers as ProviderRegistry<_, Balance>>::provider_of_operator(
                role,
                &Bob.to_account_id()
            ),
            Some(alice.clone())
        );
    });

    let unbond = signed(
        &mut chain,
        Alice,
        call(Call::unbond {
            role,
            amount: 10 * UNIT,
        }),
    );
    chain.done(unbond);
    assert_eq!(bonded(&mut chain), 10 * UNIT, "until it has matured");
    for _ in 0..10 {
        chain.block(&[] as &[Vec<u8>]);
    }
    let withdraw = signed(&mut chain, Alice, call(Call::withdraw { role }));
    chain.done(withdraw);
    assert_eq!(bonded(&mut chain), 0);
    chain.state(|| {
        assert_eq!(
            <Providers as ProviderRegistry<_, Balance>>::draw(role, &[7; 32]),
            None
        );
    });
}

#[test]
fn a_bond_below_the_minimum_is_refused_and_paid_for() {
    let mut chain = Chain::development(runtime::WASM_BINARY);
    let register = call(Call::register {
        role: Role::Compute,
        bond: UNIT - 1,
        operator: Bob.to_account_id(),
        endpoint: ENDPOINT.to_vec(),
        capacity: 1 << 30,
    });
    let transaction = signed(&mut chain, Alice, register);
    let results = chain.block(&[transaction]);
    assert!(matches!(results.as_slice(), [Ok(Err(_))]), "{results:?}");
    let free = chain.state(|| Balances::free_balance(Alice.to_account_id()));
    assert!(free < runtime::genesis_presets::ENDOWMENT, "{free}");
}
