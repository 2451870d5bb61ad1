//! Providers of the first block.

use super::*;
use crate::{GenesisConfig, GenesisProvider};
use sp_runtime::BuildStorage;

fn provider(account: AccountId, role: Role) -> GenesisProvider<AccountId, Balance> {
    GenesisProvider {
        role,
        account,
        operator: account + 100,
        bond: 3_000,
        endpoint: "http://127.0.0.1:9001".into(),
        capacity: 5 * MIB,
    }
}

fn build(providers: Vec<GenesisProvider<AccountId, Balance>>) -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..5).map(|who| (who, FUNDS)).chain([(FUND, ED)]).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    GenesisConfig::<Test> { providers }
        .assimilate_storage(&mut storage)
        .unwrap();
    storage.into()
}

#[test]
fn genesis_registers_active_providers_with_holds() {
    build(vec![
        provider(1, Role::Storage),
        provider(2, Role::Storage),
        provider(1, Role::DataAvailability),
        provider(3, Role::Compute),
    ])
    .execute_with(|| {
        assert_eq!(record(1).declared, 5 * MIB);
        assert!(record(2).state.is_active());
        assert_eq!(
            (held(STORAGE, 1), held(Role::DataAvailability, 1)),
            (3_000, 3_000)
        );
        assert_eq!(held(Role::Compute, 3), 3_000);
        NoemaProviders::do_try_state().unwrap();
    });
}

#[test]
#[should_panic(expected = "genesis provider 1 (Storage, 2) cannot be registered: BondTooSmall")]
fn genesis_with_small_bond_stops() {
    let small = GenesisProvider {
        bond: 999,
        ..provider(2, STORAGE)
    };
    build(vec![provider(1, STORAGE), small]);
}

#[test]
#[should_panic(expected = "cannot be registered: InsufficientBalance")]
fn genesis_without_balance_stops() {
    build(vec![provider(8, STORAGE)]);
}

#[test]
#[should_panic(expected = "cannot be registered: EndpointInvalid")]
fn genesis_with_bad_endpoint_stops() {
    build(vec![GenesisProvider {
        endpoint: "127.0.0.1".into(),
        ..provider(1, STORAGE)
    }]);
}

#[test]
fn genesis_providers_read_and_write_json() {
    let json = serde_json::json!({
        "providers": [{
            "role": "dataAvailability",
            "account": 1,
            "operator": 101,
            "bond": 3_000,
            "endpoint": "http://127.0.0.1:9001",
            "capacity": 5 * MIB,
        }]
    });
    let config: GenesisConfig<Test> = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(config.providers, [provider(1, Role::DataAvailability)]);
    assert_eq!(serde_json::to_value(&config).unwrap(), json);
    for role in Role::ALL {
        let text = serde_json::to_string(&provider(1, role)).unwrap();
        let back: GenesisProvider<AccountId, Balance> = serde_json::from_str(&text).unwrap();
        assert_eq!(back.role, role);
    }
    let unknown = serde_json::to_string(&provider(1, STORAGE))
        .unwrap()
        .replace("storage", "moon");
    let error = serde_json::from_str::<GenesisProvider<AccountId, Balance>>(&unknown).unwrap_err();
    assert!(error.to_string().contains("unknown role `moon`"), "{error}");
}
