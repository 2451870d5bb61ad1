//! Wallets, bound by their own signatures, and what they were paid.

use crate::{mock::*, Agents as Records, Error, Event, MAX_WALLETS};
use frame_support::{assert_noop, assert_ok};
use noema_agents_primitives::WalletBinding;
use noema_traits::AgentIdentity;

#[test]
fn bind_wallet_by_its_own_signature_only() {
    build_and_execute(|| {
        let agent = register(ALICE);
        bind(agent, KEYS[1]);
        assert_eq!(Agents::wallet(agent), Some(key(KEYS[1])));
        // By another key, for another owner, agent, time or nonce.
        let now = Tick::get();
        let others = [
            consent(KEYS[2], agent, ALICE, 1, now + 10),
            consent(KEYS[1], agent, BOB, 1, now + 10),
            consent(KEYS[1], agent + 1, ALICE, 1, now + 10),
            consent(KEYS[1], agent, ALICE, 1, now + 11),
            consent(KEYS[1], agent, ALICE, 0, now + 10),
        ];
        for signature in others {
            assert_noop!(
                Agents::bind_wallet(signed(ALICE), agent, key(KEYS[1]), now + 10, signature),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn bind_wallet_by_what_a_wallet_in_a_browser_signs() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let binding = WalletBinding {
            agent,
            owner: account(ALICE),
            wallet: key(KEYS[1]),
            nonce: 0,
            deadline,
        };
        let payload = binding.payload(&Agents::genesis());
        let bind = |payload: &[u8]| {
            let signature = sign(KEYS[1], payload);
            Agents::bind_wallet(signed(ALICE), agent, key(KEYS[1]), deadline, signature)
        };
        let wrapped = noema_agents_primitives::wrapped(&payload);
        assert_eq!(
            wrapped,
            [b"<Bytes>".as_slice(), &payload, b"</Bytes>"].concat()
        );
        let twice = noema_agents_primitives::wrapped(&wrapped);
        assert_noop!(bind(&twice), Error::<Test>::BadSignature);
        assert_noop!(
            bind(&wrapped[..wrapped.len() - 1]),
            Error::<Test>::BadSignature
        );
        assert_ok!(bind(&wrapped));
        // Once, in whatever form.
        assert_noop!(bind(&payload), Error::<Test>::BadSignature);
    });
}

#[test]
fn bind_wallet_by_the_signature_for_another_chain_or_domain_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let binding = WalletBinding {
            agent,
            owner: account(ALICE),
            wallet: key(KEYS[1]),
            nonce: 0,
            deadline,
        };
        let elsewhere = binding.payload(&[99; 32]);
        let mut other_pallet = binding.payload(&Agents::genesis());
        other_pallet[6..12].copy_from_slice(b"others");
        for payload in [elsewhere, other_pallet] {
            assert_noop!(
                Agents::bind_wallet(
                    signed(ALICE),
                    agent,
                    key(KEYS[1]),
                    deadline,
                    sign(KEYS[1], &payload)
                ),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn bind_wallet_with_a_deadline_past_or_far_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let now = Tick::get();
        let bind = |deadline| {
            let signature = consent(KEYS[1], agent, ALICE, 0, deadline);
            Agents::bind_wallet(signed(ALICE), agent, key(KEYS[1]), deadline, signature)
        };
        assert_noop!(bind(now), Error::<Test>::DeadlinePassed);
        assert_noop!(bind(now + MAX_DEADLINE + 1), Error::<Test>::DeadlineTooFar);
        assert_ok!(bind(now + MAX_DEADLINE));
    });
}

#[test]
fn unbind_wallet_by_owner_or_wallet_makes_the_signature_worthless() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let signature = consent(KEYS[1], agent, ALICE, 0, deadline);
        let again = || {
            Agents::bind_wallet(
                signed(ALICE),
                agent,
                key(KEYS[1]),
                deadline,
                signature.clone(),
            )
        };
        assert_noop!(
            Agents::unbind_wallet(signed(ALICE), agent),
            Error::<Test>::NoWallet
        );
        assert_ok!(again());
        assert_noop!(
            Agents::unbind_wallet(signed(BOB), agent),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::unbind_wallet(signed_by_key(KEYS[1]), agent));
        assert_noop!(again(), Error::<Test>::BadSignature);
        bind(agent, KEYS[1]);
        assert_ok!(Agents::unbind_wallet(signed(ALICE), agent));
    });
}

#[test]
fn bind_wallet_tells_which_one_it_replaces() {
    build_and_execute(|| {
        let agent = register(ALICE);
        bind(agent, KEYS[1]);
        bind(agent, KEYS[1]);
        bind(agent, KEYS[2]);
        let told: Vec<_> = System::events()
            .into_iter()
            .filter_map(|record| match record.event {
                RuntimeEvent::Agents(Event::WalletBound { replaced, .. }) => Some(replaced),
                _ => None,
            })
            .collect();
        assert_eq!(told, [None, None, Some(key(KEYS[1]))]);
    });
}

#[test]
fn bind_wallet_to_the_key_of_a_session_is_refused() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let deadline = Tick::get() + 10;
        let signature = consent(KEYS[0], agent, ALICE, 0, deadline);
        let bind = || {
            let signature = signature.clone();
            Agents::bind_wallet(signed(ALICE), agent, key(KEYS[0]), deadline, signature)
        };
        assert_noop!(bind(), Error::<Test>::KeyInUse);
        assert_ok!(Agents::revoke_session(signed(ALICE), agent, session));
        assert_ok!(bind());
    });
}

/// Whoever paid a wallet rates, whatever the owner binds afterwards: that is refused before one that was paid in the last two periods would be forgotten.
#[test]
fn bind_wallet_that_would_silence_who_paid_another_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let wallets = [51, 52, 53, 54, 55];
        let most = usize::try_from(MAX_WALLETS).unwrap();
        for wallet in &wallets[..most] {
            bind(agent, *wallet);
        }
        let another = |wallet: u8| {
            let nonce = Records::<Test>::get(agent).unwrap().bindings;
            let deadline = Tick::get() + 10;
            let signature = consent(wallet, agent, ALICE, nonce, deadline);
            Agents::bind_wallet(signed(ALICE), agent, key(wallet), deadline, signature)
        };
        assert_noop!(another(wallets[most]), Error::<Test>::TooManyWallets);
        // One of them again takes no place, and the end of a binding is never refused.
        assert_ok!(another(wallets[0]));
        assert_ok!(Agents::unbind_wallet(signed(ALICE), agent));
        assert_noop!(another(wallets[most]), Error::<Test>::TooManyWallets);
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));
        assert_ok!(Agents::transfer(signed(BOB), agent, account(ALICE)));
        advance(2 * PERIOD - 1);
        assert_noop!(another(wallets[most]), Error::<Test>::TooManyWallets);
        advance(1);
        assert_ok!(another(wallets[most]));
        assert_eq!(Records::<Test>::get(agent).unwrap().former.len(), 0);
    });
}
