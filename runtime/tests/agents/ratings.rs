//! Ratings consume what the compute market has redeemed.

use crate::scene::{open, Scene, AGENT, OWNER, PAYER, PROVIDER};
use noema_core::units::NOEMA;
use noema_runtime::{Agents, Audits, Balance, Runtime, Signature};
use noema_traits::Ticks;
use pallet_noema_agents::{Call, Error, Opinion, Tags};

fn rate(amount: Balance, wallet: Option<sp_keyring::Sr25519Keyring>) -> Call<Runtime> {
    Call::feedback {
        agent: AGENT,
        amount,
        opinion: Opinion {
            value: 9_000,
            tags: Tags::None,
            content: None,
        },
        wallet: wallet.map(|wallet| wallet.to_account_id()),
    }
}

/// The provider's account binds itself as the agent's wallet. Who paid it rates, once; and still does after the owner has unbound it.
#[test]
fn a_rating_consumes_what_was_redeemed_by_the_agents_wallet() {
    let mut scene = Scene::new();
    let deadline = scene.chain.query(<Audits as Ticks>::now) + 60;
    let wallet = PROVIDER.to_account_id();
    let payload = scene
        .chain
        .query(|| Agents::read_wallet_payload(AGENT, PROVIDER.to_account_id(), deadline));
    let signed = PROVIDER.sign(&payload.expect("the agent is there"));
    let bind = Call::bind_wallet {
        agent: AGENT,
        wallet,
        deadline,
        signature: Signature::Sr25519(signed),
    };
    assert_eq!(scene.agents(OWNER, bind), Ok(()));

    assert_eq!(
        scene.send(PAYER, open(10 * NOEMA, 10 * NOEMA, u64::MAX)),
        Ok(())
    );
    let not_paid = Err(Error::<Runtime>::NotPaid.into());
    assert_eq!(scene.agents(PAYER, rate(NOEMA, None)), not_paid);
    assert_eq!(scene.redeem(0, 2 * NOEMA), Ok(()));
    assert_eq!(scene.agents(PAYER, rate(2 * NOEMA + 1, None)), not_paid);
    assert_eq!(scene.agents(PAYER, rate(NOEMA, None)), Ok(()));
    let own = Err(Error::<Runtime>::OwnFeedback.into());
    assert_eq!(scene.agents(PROVIDER, rate(NOEMA, None)), own);
    assert_eq!(scene.agents(OWNER, rate(NOEMA, None)), own);

    assert_eq!(
        scene.agents(OWNER, Call::unbind_wallet { agent: AGENT }),
        Ok(())
    );
    assert_eq!(scene.agents(PAYER, rate(NOEMA, None)), not_paid);
    assert_eq!(scene.agents(PAYER, rate(NOEMA, Some(PROVIDER))), Ok(()));
    assert_eq!(scene.agents(PAYER, rate(NOEMA, Some(PROVIDER))), not_paid);
    let summary = scene
        .chain
        .query(|| Agents::read_summary(AGENT, None))
        .expect("the agent is there");
    assert_eq!(
        (summary.all.count, summary.all.weight, summary.all.value),
        (2, 2 * NOEMA, Some(9_000))
    );
}
