//! Formats stay as they are, scopes deny, means are exact.

use crate::*;
use codec::Encode;
use noema_session::Covers;
use proptest::prelude::*;

#[test]
fn payload_of_a_binding_is_domain_genesis_and_fields() {
    let binding = WalletBinding {
        agent: 1,
        owner: [2_u8; 32],
        wallet: [3_u8; 32],
        nonce: 4,
        deadline: 5,
    };
    let expected = [
        hex::encode(b"noema/agents/wallet/v1"),
        "07".repeat(32),
        "0100000000000000".into(),
        "02".repeat(32),
        "03".repeat(32),
        "0400000000000000".into(),
        "0500000000000000".into(),
    ];
    assert_eq!(hex::encode(binding.payload(&[7; 32])), expected.concat());
}

#[test]
fn payload_of_an_act_is_domain_genesis_and_fields() {
    let act = SignedAct {
        agent: 1,
        session: 2,
        nonce: 3,
        expires: 4,
        call: [5; 32],
    };
    let expected = [
        hex::encode(b"noema/agents/act/v1"),
        "07".repeat(32),
        "0100000000000000".into(),
        "02000000".into(),
        "0300000000000000".into(),
        "0400000000000000".into(),
        "05".repeat(32),
    ];
    assert_eq!(hex::encode(act.payload(&[7; 32])), expected.concat());
}

/// No payload can be read as another one.
#[test]
fn no_domain_begins_another() {
    let domains: [&[u8]; 3] = [WALLET_DOMAIN, ACT_DOMAIN, ACCOUNT_DOMAIN];
    for one in domains {
        let beginning = domains.iter().filter(|other| other.starts_with(one));
        assert_eq!(beginning.count(), 1);
    }
}

#[test]
fn scope_covers_what_it_names() {
    let named = CallId { pallet: 1, call: 2 };
    let scope = Scope::new([named]).unwrap();
    assert!(scope.covers(&named));
    for (pallet, call) in [(1, 3), (2, 2), (2, 1), (0, 0)] {
        assert!(!scope.covers(&CallId { pallet, call }));
    }
    assert_eq!(Scope::new([]), Err(NoCalls));
    assert_eq!(Scope::new([named; 33]), Err(NoCalls));
    assert_eq!(named.encode(), [1, 2]);
}

#[test]
fn usage_scope_covers_itself_and_all_covers_everything() {
    let scopes = [
        UsageScope::Data(1),
        UsageScope::Data(2),
        UsageScope::Service(ServiceKind::Mcp),
    ];
    for scope in scopes {
        assert!(UsageScope::All.covers(&scope));
        assert!(!scope.covers(&UsageScope::All));
        for other in scopes {
            assert_eq!(scope.covers(&other), scope == other);
        }
    }
}

fn endpoint(kind: ServiceKind, url: &str) -> ServiceEndpoint {
    ServiceEndpoint {
        kind,
        url: url.as_bytes().to_vec().try_into().unwrap(),
    }
}

#[test]
fn endpoints_are_encrypted_or_local_and_one_of_each_kind() {
    let pinned = format!("https://a.example/x#sha256={}", "0".repeat(64));
    for url in [
        "https://a.example",
        "https://a.example/.well-known/agent.json",
        &pinned,
        "http://localhost:8080",
    ] {
        let alone = [endpoint(ServiceKind::A2a, url)];
        assert_eq!(ServiceEndpoint::check_all(&alone), Ok(()), "{url}");
    }
    for url in [
        "",
        "http://a.example",
        "ftp://a.example",
        "https://a.example#sha256=00",
        "https://a example",
    ] {
        let alone = [endpoint(ServiceKind::A2a, url)];
        assert_eq!(
            ServiceEndpoint::check_all(&alone),
            Err(EndpointFault::Invalid),
            "{url}"
        );
    }
    let twice = [ServiceKind::Mcp; 2].map(|kind| endpoint(kind, "https://a.example"));
    assert_eq!(
        ServiceEndpoint::check_all(&twice),
        Err(EndpointFault::Repeated)
    );
}

#[test]
fn commitment_notices_a_holder_twice() {
    let sealed = |holder| SealedFor {
        holder,
        key: SealedKey::default(),
    };
    let with = |holders: Vec<u8>| Commitment {
        hash: [0; 32],
        file: None,
        holders: holders
            .into_iter()
            .map(sealed)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
    };
    assert!(!with(vec![1, 2, 3]).repeats_a_holder());
    assert!(with(vec![1, 2, 1]).repeats_a_holder());
}

fn ratings() -> impl Strategy<Value = Vec<Rating>> {
    let rating =
        (0..=MAX_RATING, 0..1u128 << 90).prop_map(|(value, weight)| Rating { value, weight });
    prop::collection::vec(rating, 1..20)
}

proptest! {
    /// In whatever order, what goes in comes out; a mean lies between the worst and the best.
    #[test]
    fn sums_are_exact(ratings in ratings()) {
        let mut sum = Sum::default();
        for rating in &ratings {
            sum = sum.with(*rating).unwrap();
        }
        let mean = sum.mean();
        prop_assert_eq!(mean.count, ratings.len() as u64);
        if let Some(value) = mean.value {
            let weighty = || ratings.iter().filter(|rating| rating.weight > 0);
            prop_assert!(value >= weighty().map(|rating| rating.value).min().unwrap());
            prop_assert!(value <= weighty().map(|rating| rating.value).max().unwrap());
        }
        for rating in &ratings {
            sum = sum.without(*rating).unwrap();
        }
        prop_assert_eq!(sum, Sum::default());
    }

    /// One payer counts as many do who paid as much together.
    #[test]
    fn splitting_changes_nothing(value in 0..=MAX_RATING, weight in 0..1u128 << 60, parts in 1..50u128) {
        let whole = Sum::default().with(Rating { value, weight: weight * parts }).unwrap();
        let mut split = Sum::default();
        for _ in 0..parts {
            split = split.with(Rating { value, weight }).unwrap();
        }
        prop_assert_eq!((whole.weight, whole.weighted), (split.weight, split.weighted));
        prop_assert_eq!(whole.mean().value, split.mean().value);
    }

    /// The formula of the design: w = W (m′ − m) / (1 − m′), rounded up, moves the mean to m′, and one unit per hundred less does not.
    #[test]
    fn moving_the_mean_costs_what_the_design_says(
        standing in 10_000..1_000_000_000u128, mean in 1..9_000u16, rise in 100..900u16,
    ) {
        let target = mean + rise;
        let weight = (standing * u128::from(rise)).div_ceil(u128::from(MAX_RATING - target));
        let old = Sum::default().with(Rating { value: mean, weight: standing }).unwrap();
        let moved = |weight| old.with(Rating { value: MAX_RATING, weight }).unwrap().mean().value.unwrap();
        prop_assert_eq!(moved(weight), target);
        prop_assert!(moved(weight - weight.div_ceil(100)) < target);
    }
}
