//! What sessions spend on the compute market, and what stands against another owner.

use crate::scene::{open, transfer, Scene, AGENT, KEYS, OWNER, PAYER, PROVIDER};
use noema_core::units::NOEMA;
use noema_runtime::{parameters, Agents, Audits, Compute, Runtime, RuntimeCall};
use noema_session::{Grant, Limits};
use noema_traits::Ticks;
use pallet_noema_agents::{Call, Error};
use sp_keyring::Sr25519Keyring::Bob;

/// The first session opens, which counts all that the key for vouchers may ever spend of the channel; another tops it up, which counts for that one. What the provider can
/// redeem is no more than both have spent, and no more than the first one's key may.
#[test]
fn two_sessions_and_a_top_up_spend_no_more_than_both_may() {
    let mut scene = Scene::new();
    let top_up =
        |amount| RuntimeCall::Compute(pallet_noema_compute::Call::top_up { channel: 0, amount });
    let soon = 1_000_000;
    scene.grant(KEYS[0], &[open(0, 0, 0)], 10 * NOEMA);
    scene.grant(KEYS[1], &[top_up(0)], 20 * NOEMA);

    // A key that could spend what others put in later.
    let above = Err(Error::<Runtime>::AbovePerUse.into());
    assert_eq!(scene.act(KEYS[0], open(NOEMA, 10 * NOEMA + 1, soon)), above);
    assert_eq!(scene.act(KEYS[0], open(NOEMA, 8 * NOEMA, soon)), Ok(()));
    assert_eq!(scene.spent(0), 8 * NOEMA);
    assert_eq!(scene.act(KEYS[1], top_up(9 * NOEMA)), Ok(()));
    assert_eq!((scene.spent(0), scene.spent(1)), (8 * NOEMA, 9 * NOEMA));

    // Ten are in the channel; the key has signed for as much as it may, and no more.
    assert!(scene.redeem(0, 8 * NOEMA + 1).is_err());
    assert_eq!(scene.redeem(0, 8 * NOEMA), Ok(()));
    let provider = PROVIDER.to_account_id();
    let account = scene.account();
    let paid = scene.chain.query(|| {
        use noema_traits::PaidInteractions;
        <Compute as PaidInteractions<_, _>>::unconsumed(&account, &provider)
    });
    assert_eq!(paid, 8 * NOEMA);
    // No other key comes to it but by its owner's, and not even so.
    let another = RuntimeCall::Compute(pallet_noema_compute::Call::grant {
        channel: 0,
        lanes: 1,
        grant: Grant {
            key: PAYER.to_account_id(),
            scope: (),
            limits: Limits {
                per_use: 1,
                total: 1,
            },
            expires: soon,
        },
    });
    let call = Box::new(another);
    let no_leaf = Err(Error::<Runtime>::NotALeaf.into());
    assert_eq!(
        scene.agents(OWNER, Call::act_by_owner { agent: AGENT, call }),
        no_leaf
    );
}

#[test]
fn a_key_for_vouchers_lasts_a_month_at_most() {
    let mut scene = Scene::new();
    scene.grant(KEYS[0], &[open(0, 0, 0)], 10 * NOEMA);
    let now = scene.chain.query(<Audits as Ticks>::now);
    let month = u64::from(parameters::VOUCHER_KEY_TERM);
    let no_leaf = Err(Error::<Runtime>::NotALeaf.into());
    // A tick goes by with the block.
    let late = open(NOEMA, NOEMA, now + month + 2);
    assert_eq!(scene.act(KEYS[0], late), no_leaf);
    let in_time = open(NOEMA, NOEMA, now + month);
    assert_eq!(scene.act(KEYS[0], in_time), Ok(()));
    let channel = scene.chain.query(|| Compute::channel_info(0));
    assert!(channel.is_some());
}

#[test]
fn an_agent_with_a_channel_stays_with_its_owner_until_that_is_gone() {
    let mut scene = Scene::new();
    scene.grant(KEYS[0], &[open(0, 0, 0), transfer(Bob, 0)], 10 * NOEMA);
    assert_eq!(scene.act(KEYS[0], open(NOEMA, NOEMA, 1_000_000)), Ok(()));
    let hand_over = || Call::transfer {
        agent: AGENT,
        to: PAYER.to_account_id(),
    };
    let stays = Err(Error::<Runtime>::CannotChangeHands.into());
    assert_eq!(scene.agents(OWNER, hand_over()), stays);
    let held = Err(Error::<Runtime>::AccountInUse.into());
    assert_eq!(scene.agents(OWNER, Call::burn { agent: AGENT }), held);
    let close = pallet_noema_compute::Call::close { channel: 0 };
    assert_eq!(scene.send(PROVIDER, RuntimeCall::Compute(close)), Ok(()));
    let remove = pallet_noema_compute::Call::remove { channel: 0 };
    let call = Box::new(RuntimeCall::Compute(remove));
    assert_eq!(
        scene.agents(OWNER, Call::act_by_owner { agent: AGENT, call }),
        Ok(())
    );
    assert_eq!(scene.chain.query(|| Compute::channel_info(0)), None);
    assert_eq!(scene.agents(OWNER, hand_over()), Ok(()));
    // The old owner's session is gone with it.
    let gone = Err(Error::<Runtime>::UnknownSession.into());
    assert_eq!(scene.act(KEYS[0], transfer(Bob, 1)), gone);
    let agent = scene.chain.query(|| Agents::read_agent(AGENT));
    assert_eq!(agent.expect("it is there").owner, PAYER.to_account_id());
}
