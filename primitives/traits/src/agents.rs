//! Agents, as other layers see them, and what they ask of other layers.

/// A call that makes no other call and gives nobody a lasting right, named by the indices with which it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<Balance> {
    /// Index of the pallet in the runtime.
    pub pallet: u8,
    /// Index of the call in the pallet.
    pub call: u8,
    /// The most that the account which makes it parts with, in units: paid, or reserved for later. Deposits that are not named in the call may come on top.
    pub spends: Balance,
}

/// What calls are to those who make them within limits. Deny by default: a call of which nothing is known is not made.
///
/// A runtime lists leaves only. What wraps calls (batches, proxies, multisignatures, schedules, root's), what gives others rights over the account, and what
/// spends an amount that cannot be read from the call, is none.
pub trait CallClassifier<Call, Balance> {
    /// The call as a leaf. None for everything else.
    fn classify(call: &Call) -> Option<Leaf<Balance>>;
}

/// No call is a leaf.
impl<Call, Balance> CallClassifier<Call, Balance> for () {
    fn classify(_call: &Call) -> Option<Leaf<Balance>> {
        None
    }
}

/// Whether an account without a key can change hands: whether nothing in other layers gives whoever acted for it before a right that lasts. A pair asks both.
pub trait HandOver<AccountId> {
    /// Whether it can now.
    fn may_change_hands(account: &AccountId) -> bool;
}

/// Nothing stands against it.
impl<AccountId> HandOver<AccountId> for () {
    fn may_change_hands(_account: &AccountId) -> bool {
        true
    }
}

/// Both must let it through.
impl<AccountId, A: HandOver<AccountId>, B: HandOver<AccountId>> HandOver<AccountId> for (A, B) {
    fn may_change_hands(account: &AccountId) -> bool {
        A::may_change_hands(account) && B::may_change_hands(account)
    }
}

/// Who controls an agent, and who may act for it.
pub trait AgentIdentity<AccountId> {
    /// The owner. None if there is no such agent.
    fn owner(agent: u64) -> Option<AccountId>;

    /// The account without a key from which the agent acts and pays.
    fn account(agent: u64) -> Option<AccountId>;

    /// Where the agent is paid.
    fn wallet(agent: u64) -> Option<AccountId>;

    /// The agent whose account this is.
    fn agent_of(account: &AccountId) -> Option<u64>;

    /// Whether the key is the owner's or that of a session which is not over.
    fn may_act(agent: u64, key: &AccountId) -> bool;
}

/// No agents.
impl<AccountId> AgentIdentity<AccountId> for () {
    fn owner(_agent: u64) -> Option<AccountId> {
        None
    }

    fn account(_agent: u64) -> Option<AccountId> {
        None
    }

    fn wallet(_agent: u64) -> Option<AccountId> {
        None
    }

    fn agent_of(_account: &AccountId) -> Option<u64> {
        None
    }

    fn may_act(_agent: u64, _key: &AccountId) -> bool {
        false
    }
}
