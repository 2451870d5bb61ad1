//! What follows from the rules for whoever breaks them, and for whoever does not.

use super::*;
use proptest::prelude::*;

const PROVIDER: Account = 1;
const PAYER: Account = 3;
const KEY: Key = 23;
const SERVICE_KEY: Key = 11;
const BOND: Balance = 1_000_000;
const FUNDS: Balance = 1_000_000;
const CAP: Balance = 100_000;

fn parameters() -> Parameters {
    Parameters {
        existential_deposit: 10,
        cut_percent: 5,
        close_lock: 50,
        evidence_window: 200,
        cap_per_bond: 4,
        min_cap: 10,
        max_services: 3,
        max_sessions: 3,
        max_lanes: 6,
        service_deposit: 700,
        channel_deposit: 300,
        session_deposit: 120,
        lane_deposit: 50,
        purse_deposit: 90,
        pair_deposit: 100,
        slash_factor: 4,
        min_slash: 20,
        payer_percent: 50,
    }
}

/// One provider, one payer, one channel with one lane.
fn market() -> Model {
    market_with(BOND)
}

/// The same, with so much behind it once the channel is open.
fn market_with(bond: Balance) -> Model {
    let mut model = Model::new(parameters(), 100, 101, 102);
    for who in [PROVIDER, PAYER] {
        model.bank.endow(who, FUNDS);
    }
    for who in [100, 102] {
        model.bank.endow(who, 10);
    }
    model.bank.endow(101, BOND + 10);
    let provider = Provider {
        bond: BOND,
        active: true,
        operator: 201,
    };
    model.providers.insert(PROVIDER, provider);
    model.announce(PROVIDER, SERVICE_KEY).unwrap();
    let grant = Grant {
        key: KEY,
        per_use: CAP,
        total: CAP,
        expires: Tick::MAX,
    };
    model.open(PAYER, 0, CAP, 1, grant).unwrap();
    // The rest was slashed for something else.
    let lost = BOND - bond;
    model.bank.pay(model.vault, model.fund, lost).unwrap();
    model.providers.get_mut(&PROVIDER).unwrap().bond = bond;
    model
}

const LANE: (u64, u32, u16) = (0, 0, 0);

/// Requests with these maxima and costs.
fn answered(requests: &[(Balance, Balance)]) -> Party {
    let mut party = Party::default();
    for (maximum, cost) in requests {
        party.request(LANE, KEY, 0, *maximum, *cost, Tick::MAX);
    }
    party
}

fn claim(request: &Requested, amount: Balance) -> Claim {
    Claim {
        voucher: request.voucher,
        amount,
        signer: Some(request.signer),
        demand: None,
    }
}

fn requests() -> impl Strategy<Value = Vec<(Balance, Balance)>> {
    prop::collection::vec((1..1_000u128, 0..1_500u128), 1..12)
}

proptest! {
    /// Whoever redeems what its last receipt says, with the voucher of that request, gets it to the unit, and no receipt of its
    /// own can be held against it.
    #[test]
    fn an_honest_provider_is_paid_and_safe(requests in requests(), until in any::<prop::sample::Index>()) {
        let mut model = market();
        let party = answered(&requests);
        let all = party.requests(LANE);
        let request = all[until.index(all.len())];
        let owed = request.receipt.cumulative;
        let paid = model.redeem(PROVIDER, &claim(&request, owed));
        prop_assert_eq!(paid, if owed == 0 { Err(Error::NothingDue) } else { Ok(owed) });
        for request in all {
            prop_assert!(model.report(&request.receipt, Some(SERVICE_KEY)).is_err());
        }
        prop_assert_eq!(model.providers[&PROVIDER].bond, BOND);
        prop_assert_eq!(model.broken(), None);
    }

    /// Whatever a provider redeems: never more than one maximum above what it is owed; and if it is more, the payer proves it with its last receipt, gets back at
    /// least what was too much, and the provider has less than if it had been honest.
    #[test]
    fn a_greedy_provider_loses_and_its_payer_does_not(
        requests in requests(),
        with in any::<prop::sample::Index>(),
        part in 0..=100u128,
    ) {
        let mut model = market();
        let party = answered(&requests);
        let all = party.requests(LANE);
        let request = all[with.index(all.len())];
        let ceiling = request.voucher.paid + request.voucher.maximum;
        let amount = request.voucher.paid + request.voucher.maximum * part / 100;
        let paid = model.redeem(PROVIDER, &claim(&request, amount)).unwrap_or(0);
        prop_assert!(paid <= ceiling);
        let owed = party.owed(LANE);
        prop_assert!(paid <= owed + party.largest_maximum(LANE));
        let last = all.last().unwrap();
        let excess = paid.saturating_sub(owed);
        let outcome = model.report(&last.receipt, Some(SERVICE_KEY));
        if excess == 0 {
            prop_assert!(outcome.is_err());
        } else {
            let outcome = outcome.unwrap();
            prop_assert_eq!(outcome.excess, excess);
            prop_assert!(outcome.to_payer >= excess);
            prop_assert!(outcome.slashed > outcome.to_payer);
            let mut honest = market();
            honest.redeem(PROVIDER, &claim(last, last.receipt.cumulative)).ok();
            let has = |model: &Model| model.bank.wealth(PROVIDER) + model.providers[&PROVIDER].bond;
            prop_assert!(has(&model) < has(&honest));
            prop_assert_eq!(model.report(&last.receipt, Some(SERVICE_KEY)), Err(Error::AlreadyPunished));
        }
        prop_assert_eq!(model.broken(), None);
    }

    /// Whatever a provider redeems in however many steps, and whatever weaker receipts of its own it reports before its payer does: what its payer can prove in
    /// the end costs it what it would have cost at once. It has less than if it had been honest, and its payer is made whole, as long as the own bond covers
    /// what is slashed; else all of the bond is gone. And no unit that was too much is punished twice.
    #[test]
    fn a_guilty_provider_loses_whatever_it_reports_first(
        steps in prop::collection::vec(
            ((1..1_000u128, 0..1_500u128), prop::option::of(0..=100u128), prop::option::of(0..=100u128), any::<bool>()),
            1..10,
        ),
        bond in prop_oneof![0..3_000u128, Just(BOND)],
    ) {
        let mut model = market_with(bond);
        let mut party = Party::default();
        let (mut slashed, mut to_payer, mut reports, mut fresh) = (0, 0, 0, 0);
        let mut redeemed = 0;
        let mut report = |model: &mut Model, receipt: &Receipt| {
            if let Ok(outcome) = model.report(receipt, Some(SERVICE_KEY)) {
                slashed += outcome.slashed;
                to_payer += outcome.to_payer;
                reports += 1;
            }
        };
        for ((maximum, cost), part, lie, by_payer) in steps {
            let request = party.request(LANE, KEY, 0, maximum, cost, Tick::MAX);
            let owed = request.receipt.cumulative;
            if let Some(part) = part {
                let amount = request.voucher.paid + maximum * part / 100;
                let paid = model.redeem(PROVIDER, &claim(&request, amount)).unwrap_or(0);
                fresh += (redeemed + paid).saturating_sub(redeemed.max(owed));
                redeemed += paid;
            }
            if let Some(lie) = lie {
                let admitted = Receipt {
                    cumulative: owed + redeemed.saturating_sub(owed) * lie / 100,
                    ..request.receipt
                };
                report(&mut model, &admitted);
            }
            if by_payer {
                report(&mut model, &request.receipt);
            }
        }
        let last = party.requests(LANE).last().unwrap();
        report(&mut model, &last.receipt);
        let outstanding = redeemed.saturating_sub(last.receipt.cumulative);
        let left = model.providers[&PROVIDER].bond;
        prop_assert_eq!(left + slashed, bond);
        if outstanding > 0 && left > 0 {
            prop_assert!(slashed >= outstanding * parameters().slash_factor);
            // Each slash is rounded in favour of the fund.
            prop_assert!(to_payer + reports >= slashed * parameters().payer_percent / 100);
            prop_assert!(to_payer >= outstanding);
            prop_assert!(slashed > outstanding);
        }
        prop_assert!(slashed <= fresh * parameters().slash_factor + reports * parameters().min_slash);
        prop_assert_eq!(model.broken(), None);
    }

    /// Whoever has an operator's key and not that of the service gets nothing beyond what the service key demanded, and so cannot have the bond slashed.
    #[test]
    fn a_stolen_operator_key_takes_what_the_service_key_demands_and_no_more(
        requests in requests(),
        with in any::<prop::sample::Index>(),
        part in 0..=100u128,
    ) {
        const OPERATOR: Account = 201;
        let mut model = market();
        let party = answered(&requests);
        let all = party.requests(LANE);
        let request = all[with.index(all.len())];
        let amount = request.voucher.paid + request.voucher.maximum * part / 100;
        prop_assert_eq!(model.redeem(OPERATOR, &claim(&request, amount)), Err(Error::DemandMissing));
        for forger in [KEY, OPERATOR, SERVICE_KEY + 1] {
            let forged = Claim { demand: Some(forger), ..claim(&request, amount) };
            prop_assert!(model.redeem(OPERATOR, &forged).is_err());
        }
        // What the gateway demanded is what the receipt says.
        let owed = request.receipt.cumulative;
        let demanded = Claim { demand: Some(SERVICE_KEY), ..claim(&request, owed) };
        prop_assert_eq!(model.redeem(OPERATOR, &demanded).unwrap_or(0), owed);
        for request in all {
            prop_assert!(model.report(&request.receipt, Some(SERVICE_KEY)).is_err());
        }
        prop_assert_eq!(model.broken(), None);
    }

    /// The payer alone gets everything back that was not redeemed, after one lock and not before.
    #[test]
    fn a_payer_leaves_alone(requests in requests(), redeem in any::<bool>()) {
        let mut model = market();
        let party = answered(&requests);
        let mut paid = 0;
        if redeem {
            let last = party.requests(LANE).last().unwrap();
            paid = model.redeem(PROVIDER, &claim(last, last.receipt.cumulative)).unwrap_or(0);
        }
        model.close(PAYER, 0).unwrap();
        model.now += parameters().close_lock - 1;
        prop_assert_eq!(model.settle(0), Err(Error::Locked));
        model.now += 1;
        model.settle(0).unwrap();
        model.remove(PAYER, 0).unwrap();
        if paid < CAP {
            model.withdraw(PAYER, CAP - paid).unwrap();
        }
        model.forget(PAYER, PROVIDER).unwrap();
        prop_assert_eq!(model.bank.money(PAYER).free, FUNDS - paid);
        prop_assert_eq!(model.bank.money(PAYER).held, 0);
    }

    /// Redeeming in many steps comes to the same as redeeming once, but for the rounding of the protocol's part.
    #[test]
    fn nothing_is_paid_twice(requests in requests()) {
        let party = answered(&requests);
        let (mut once, mut often) = (market(), market());
        for request in party.requests(LANE) {
            let amount = request.receipt.cumulative;
            for _ in 0..2 {
                let before = often.channels[&0].paid();
                if often.redeem(PROVIDER, &claim(request, amount)).is_ok() {
                    prop_assert_eq!(often.channels[&0].paid(), amount);
                    prop_assert!(amount > before);
                }
            }
        }
        let last = party.requests(LANE).last().unwrap();
        let once_paid = once.redeem(PROVIDER, &claim(last, last.receipt.cumulative)).unwrap_or(0);
        prop_assert_eq!(often.channels[&0].paid(), once_paid);
        prop_assert_eq!(often.bank.issuance(), once.bank.issuance());
        prop_assert_eq!(often.broken(), None);
    }
}
