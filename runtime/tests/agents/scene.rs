//! A chain with a provider that sells, and an agent of Alice's with money of its own.

use crate::chain::Chain;
use noema_agents_primitives::{AgentId, CallId, Scope};
use noema_compute_primitives::{Demand, Descriptor, Price, ServiceKind, VerificationMode, Voucher};
use noema_core::units::{GIB, MICRO, NOEMA};
use noema_runtime::{AccountId, Agents, Balance, Runtime, RuntimeCall, Signature};
use noema_session::{Allowance, Grant, Limits};
use noema_traits::Role;
use pallet_noema_agents::Call;
use pallet_noema_compute::Claim;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::DispatchError;

/// Owns the agent.
pub(crate) const OWNER: Sr25519Keyring = Alice;
/// Sells; its bonded account.
pub(crate) const PROVIDER: Sr25519Keyring = Bob;
/// Sends the provider's transactions.
pub(crate) const OPERATOR: Sr25519Keyring = Charlie;
/// Buys, but for the agent.
pub(crate) const PAYER: Sr25519Keyring = Dave;
/// Signs receipts and demands.
pub(crate) const SERVICE: Sr25519Keyring = Sr25519Keyring::One;
/// Signs vouchers.
pub(crate) const VOUCHERS: Sr25519Keyring = Sr25519Keyring::Two;
/// Keys of the agent's sessions; people, so that they can pay fees.
pub(crate) const KEYS: [Sr25519Keyring; 2] = [Sr25519Keyring::Eve, Sr25519Keyring::Ferdie];
/// The agent.
pub(crate) const AGENT: AgentId = 0;
/// A million tokens of each kind.
pub(crate) const PRICE: Price = Price::Tokens {
    input: 200 * MICRO,
    cached: 50 * MICRO,
    output: 800 * MICRO,
};

/// The chain, with what was made of it so far.
pub(crate) struct Scene {
    pub(crate) chain: Chain,
}

impl Scene {
    /// A service of the provider, and an agent with a hundred.
    pub(crate) fn new() -> Self {
        let mut scene = Self {
            chain: Chain::development(),
        };
        let register = RuntimeCall::Providers(pallet_noema_providers::Call::register {
            role: Role::Compute,
            bond: 500 * NOEMA,
            operator: OPERATOR.to_account_id(),
            endpoint: b"http://127.0.0.1:1".to_vec(),
            capacity: GIB,
        });
        assert_eq!(scene.send(PROVIDER, register), Ok(()));
        let announce = pallet_noema_compute::Call::announce {
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
        assert_eq!(scene.send(PROVIDER, RuntimeCall::Compute(announce)), Ok(()));
        let register = Call::register {
            file: None,
            endpoints: Default::default(),
        };
        assert_eq!(scene.agents(OWNER, register), Ok(()));
        let endow = pallet_balances::Call::transfer_keep_alive {
            dest: scene.account().into(),
            value: 100 * NOEMA,
        };
        assert_eq!(scene.send(OWNER, RuntimeCall::Balances(endow)), Ok(()));
        scene
    }

    /// A block with this transaction, which is included.
    pub(crate) fn send(
        &mut self,
        who: Sr25519Keyring,
        call: RuntimeCall,
    ) -> Result<(), DispatchError> {
        let transaction = self.chain.signed(who, call);
        let (_, results) = self.chain.author(vec![transaction]);
        results[0].expect("it is included")
    }

    pub(crate) fn agents(
        &mut self,
        who: Sr25519Keyring,
        call: Call<Runtime>,
    ) -> Result<(), DispatchError> {
        self.send(who, RuntimeCall::Agents(call))
    }

    /// The agent's account.
    pub(crate) fn account(&mut self) -> AccountId {
        self.chain.query(|| {
            Agents::read_agent(AGENT)
                .expect("it was registered")
                .account
        })
    }

    /// A session of this key with these calls, which may spend `total`, all of it at once.
    pub(crate) fn grant(&mut self, key: Sr25519Keyring, calls: &[RuntimeCall], total: Balance) {
        let grant = Call::grant_session {
            agent: AGENT,
            grant: Grant {
                key: key.to_account_id(),
                scope: scope(calls),
                limits: Limits {
                    per_use: total,
                    total,
                },
                expires: u64::MAX,
            },
            allowance: Allowance {
                period: 1_000_000,
                most: total,
            },
        };
        assert_eq!(self.agents(OWNER, grant), Ok(()));
    }

    /// The key acts.
    pub(crate) fn act(
        &mut self,
        key: Sr25519Keyring,
        call: RuntimeCall,
    ) -> Result<(), DispatchError> {
        let call = Box::new(call);
        self.agents(key, Call::act { agent: AGENT, call })
    }

    /// What the session with this number has spent.
    pub(crate) fn spent(&mut self, session: u32) -> Balance {
        self.chain.query(|| {
            let sessions = Agents::read_sessions(AGENT);
            let found = sessions.into_iter().find(|found| found.session == session);
            found.expect("it is there").spent
        })
    }

    /// The operator redeems what the session of a channel has promised.
    pub(crate) fn redeem(&mut self, channel: u64, amount: Balance) -> Result<(), DispatchError> {
        let voucher = Voucher {
            channel,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 0,
            paid: 0,
            maximum: amount,
            request: [7; 32],
            expires: u64::MAX,
            price: PRICE,
        };
        let genesis = self.chain.genesis_hash.0;
        let demand = Demand::new(&voucher, amount).payload(&genesis);
        let claim = Claim {
            signature: Signature::Sr25519(VOUCHERS.sign(&voucher.payload(&genesis))),
            voucher,
            amount,
            demand: Some(Signature::Sr25519(SERVICE.sign(&demand))),
        };
        let claims = vec![claim].try_into().expect("one fits");
        let call = pallet_noema_compute::Call::redeem { claims };
        self.send(OPERATOR, RuntimeCall::Compute(call))
    }
}

/// The scope of these calls, whatever their arguments.
pub(crate) fn scope(calls: &[RuntimeCall]) -> Scope {
    Scope::new(calls.iter().map(call_id)).expect("they are few")
}

/// The two bytes with which a call begins.
pub(crate) fn call_id(call: &RuntimeCall) -> CallId {
    let bytes = codec::Encode::encode(call);
    CallId {
        pallet: bytes[0],
        call: bytes[1],
    }
}

/// A channel to the provider, with a key for vouchers.
pub(crate) fn open(cap: Balance, total: Balance, expires: u64) -> RuntimeCall {
    RuntimeCall::Compute(pallet_noema_compute::Call::open {
        service: 0,
        cap,
        lanes: 1,
        grant: Grant {
            key: VOUCHERS.to_account_id(),
            scope: (),
            limits: Limits {
                per_use: total,
                total,
            },
            expires,
        },
    })
}

pub(crate) fn transfer(to: Sr25519Keyring, value: Balance) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: to.to_account_id().into(),
        value,
    })
}
