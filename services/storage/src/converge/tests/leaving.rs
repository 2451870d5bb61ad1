//! Slots that are given up: what earns is kept until the next earns.

use noema_chain_client::{AuditRound, AuditRoundState, Leaving, Slot};

use super::*;

#[tokio::test]
async fn who_leaves_a_slot_keeps_the_data_until_the_next_earns() {
    let mut setup = setup(Duration::ZERO);
    let sample = Sample::new(900, 0);
    fill(&setup.shared.store, &sample).await;
    let (next, owner) = (AccountId([41; 32]), alice().account());
    let leaving = Leaving {
        provider: ME,
        joined: 2,
        since: 5,
    };
    let change = |setup: &Setup, change: &dyn Fn(&mut Slot)| {
        let key = (sample.file.file, owner);
        setup.chain.with(|state| {
            let deal = state.deals.get_mut(&key).unwrap();
            change(&mut deal.slots[0]);
        });
    };
    setup.set_deal(&sample, vec![(assigned(next), 7)]);
    change(&setup, &|slot| slot.leaving = Some(leaving));
    for _ in 0..3 {
        setup.step().await;
    }
    let there = |setup: &Setup| {
        setup
            .shared
            .store
            .file(&sample.file.file)
            .unwrap()
            .is_some()
    };
    assert!(there(&setup));
    assert_eq!(setup.chain.submitted(), [], "ready is the other's to say");
    let peers = setup.shared.directory.peers(&sample.file.file);
    assert_eq!(peers.unwrap(), [next]);
    let text = setup.shared.metrics.text();
    assert!(text.contains("slots{state=\"leaving\"} 1"), "{text}");
    // The replacement earns: who left has no slot any more.
    change(&setup, &|slot| slot.leaving = None);
    for _ in 0..3 {
        setup.step().await;
    }
    assert!(!there(&setup));
}

#[tokio::test]
async fn a_denied_file_that_earns_is_resigned_at_once_and_left_when_nobody_came() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::new(900, 0);
    let path = dir.path().join("deny");
    std::fs::write(&path, format!("{}\n", hex(&sample.file.root))).unwrap();
    let mut setup = setup_with(Duration::ZERO, |shared| {
        shared.denied = DenyList::read(&path).unwrap();
    });
    fill(&setup.shared.store, &sample).await;
    let earning = SlotState::Held {
        provider: ME,
        since: 3,
        joined: Some(4),
    };
    setup.set_deal(&sample, vec![(earning, 7)]);
    setup.step().await;
    setup.step().await;
    let (file, owner) = (sample.file.file, alice().account());
    let resign = Call::Resign {
        file,
        owner,
        slot: 0,
    };
    assert_eq!(setup.chain.submitted(), std::slice::from_ref(&resign));
    let round = |index| AuditRound {
        index,
        tick: 0,
        ends: 60,
        answer_ticks: 30,
        state: AuditRoundState::Drawing,
    };
    let drawing = SlotState::Drawing { draw_at: 20 };
    setup.set_deal(&sample, vec![(drawing, 8)]);
    setup.chain.with(|state| {
        let deal = state.deals.get_mut(&(file, owner)).unwrap();
        deal.slots[0].leaving = Some(Leaving {
            provider: ME,
            joined: 4,
            since: 5,
        });
        // A hand-over takes 28 rounds at most.
        state.round = Some(round(32));
    });
    // Deals whose slot is held are read now and then only.
    setup.block += look::REFRESH;
    setup.step().await;
    assert_eq!(
        setup.chain.submitted().len(),
        1,
        "a replacement is looked for"
    );
    setup.chain.with(|state| state.round = Some(round(33)));
    setup.step().await;
    setup.step().await;
    assert_eq!(setup.chain.submitted(), [resign.clone(), resign]);
}

#[tokio::test]
async fn the_slot_of_a_denied_file_is_given_back_and_its_data_goes() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("deny");
    std::fs::write(&list, "").unwrap();
    let denied = DenyList::read(&list).unwrap();
    let mut setup = setup_with(Duration::ZERO, |shared| shared.denied = denied);
    let (sample, other) = (Sample::new(100, 0), Sample::new(100, 1));
    for sample in [&sample, &other] {
        fill(&setup.shared.store, sample).await;
        let held = SlotState::Held {
            provider: ME,
            since: 3,
            joined: None,
        };
        setup.set_deal(sample, vec![(held, 7)]);
    }
    setup.step().await;
    assert!(setup.chain.submitted().is_empty());

    std::fs::write(&list, hex(&sample.file.root)).unwrap();
    for _ in 0..3 {
        setup.step().await;
    }
    let resign = Call::Resign {
        file: sample.file.file,
        owner: alice().account(),
        slot: 0,
    };
    assert_eq!(setup.chain.submitted(), [resign]);
    // The chain has taken the slot back.
    setup
        .chain
        .with(|state| state.deals.remove(&(sample.file.file, alice().account())));
    for _ in 0..2 {
        setup.converger.swept_at = None;
        setup.step().await;
    }
    assert!(setup
        .shared
        .store
        .file(&sample.file.file)
        .unwrap()
        .is_none());
    assert!(setup.shared.store.file(&other.file.file).unwrap().is_some());
}
