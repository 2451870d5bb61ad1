//! What stands against taking bond back.

use crate::Role;

/// Whether a provider may take back what stands behind its promises. Asked by the pallet that keeps the bonds, before its own rules have effect; a pair asks both.
pub trait BondGate<AccountId, Balance> {
    /// Whether the provider's own bond in this role may shrink to `left` units by a call of its own. Slashes do not ask.
    fn may_shrink(role: Role, provider: &AccountId, left: Balance) -> bool;

    /// Whether the provider may begin to leave the role.
    fn may_leave(role: Role, provider: &AccountId) -> bool;
}

/// No gate: everybody may.
impl<AccountId, Balance> BondGate<AccountId, Balance> for () {
    fn may_shrink(_role: Role, _provider: &AccountId, _left: Balance) -> bool {
        true
    }

    fn may_leave(_role: Role, _provider: &AccountId) -> bool {
        true
    }
}

/// Both must let it through.
impl<AccountId, Balance: Copy, A, B> BondGate<AccountId, Balance> for (A, B)
where
    A: BondGate<AccountId, Balance>,
    B: BondGate<AccountId, Balance>,
{
    fn may_shrink(role: Role, provider: &AccountId, left: Balance) -> bool {
        A::may_shrink(role, provider, left) && B::may_shrink(role, provider, left)
    }

    fn may_leave(role: Role, provider: &AccountId) -> bool {
        A::may_leave(role, provider) && B::may_leave(role, provider)
    }
}
