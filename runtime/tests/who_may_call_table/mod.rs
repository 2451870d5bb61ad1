//! The table of calls. A new call needs a row here; what a row says is proven in the tests above.

/// Whose origin a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// No account: inherents and unsigned transactions.
    None,
    /// Every origin.
    Anyone,
    /// Any account.
    Signed,
    /// An account that has a role or means of its own; a stranger fails.
    Role,
    /// Root only.
    Root,
    /// Any account, or root.
    SignedOrRoot,
    /// The account of the sudo key, or root.
    SudoKey,
    /// An account, in principle: switched off in this runtime.
    Nobody,
}

impl Who {
    /// Whether a call gets past its check of the origin with this one. What it asks for beyond the
    /// origin is checked apart.
    pub(crate) fn accepts(self, origin: &str) -> bool {
        match self {
            Self::None => origin == "none",
            Self::Anyone => true,
            Self::Signed | Self::Role | Self::Nobody => origin == "signed",
            Self::Root => origin == "root",
            Self::SignedOrRoot | Self::SudoKey => origin != "none",
        }
    }

    /// The origin in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Anyone => "any",
            Self::Signed | Self::Role => "signed",
            Self::Root => "root",
            Self::SignedOrRoot | Self::SudoKey => "signed or root",
            Self::Nobody => "signed, switched off",
        }
    }
}

/// Who may make a call.
pub(crate) struct Row {
    /// `Pallet::call`.
    pub(crate) call: &'static str,
    /// The origin.
    pub(crate) who: Who,
    /// What is asked for beyond the origin; empty if nothing.
    pub(crate) beyond: &'static str,
}

const fn row(call: &'static str, who: Who, beyond: &'static str) -> Row {
    Row { call, who, beyond }
}

/// Every call of the runtime, by pallet.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("System::remark", Who::Anyone, ""),
    row("System::set_heap_pages", Who::Root, ""),
    row("System::set_code", Who::Root, ""),
    row("System::set_code_without_checks", Who::Root, ""),
    row("System::set_storage", Who::Root, ""),
    row("System::kill_storage", Who::Root, ""),
    row("System::kill_prefix", Who::Root, ""),
    row("System::remark_with_event", Who::Signed, ""),
    row("System::authorize_upgrade", Who::Root, ""),
    row("System::authorize_upgrade_without_checks", Who::Root, ""),
    row("System::apply_authorized_upgrade", Who::Anyone, "the code must be the one whose hash root authorised"),
    row("Timestamp::set", Who::None, "the block's author, once, first in the block"),
    row("Babe::report_equivocation", Who::Signed, "with a proof"),
    row("Babe::report_equivocation_unsigned", Who::None, "block authors, with a proof"),
    row("Babe::plan_config_change", Who::Root, ""),
    row("Session::set_keys", Who::Signed, "with a proof that the keys are the signer's"),
    row("Session::purge_keys", Who::Signed, "who has registered keys"),
    row("Grandpa::report_equivocation", Who::Signed, "with a proof"),
    row("Grandpa::report_equivocation_unsigned", Who::None, "block authors, with a proof"),
    row("Grandpa::note_stalled", Who::Root, ""),
    row("Balances::transfer_allow_death", Who::Signed, "own funds"),
    row("Balances::force_transfer", Who::Root, ""),
    row("Balances::transfer_keep_alive", Who::Signed, "own funds"),
    row("Balances::transfer_all", Who::Signed, "own funds"),
    row("Balances::force_unreserve", Who::Root, ""),
    row("Balances::upgrade_accounts", Who::Signed, "any accounts; only brings their records up to date"),
    row("Balances::force_set_balance", Who::Root, ""),
    row("Balances::force_adjust_total_issuance", Who::Root, ""),
    row("Balances::burn", Who::Signed, "own funds"),
    row("Utility::batch", Who::SignedOrRoot, "the calls inside are made with the same origin"),
    row("Utility::as_derivative", Who::Signed, "acts as an account derived from the signer's"),
    row("Utility::batch_all", Who::SignedOrRoot, "the calls inside are made with the same origin"),
    row("Utility::dispatch_as", Who::Root, ""),
    row("Utility::force_batch", Who::SignedOrRoot, "the calls inside are made with the same origin"),
    row("Utility::with_weight", Who::Root, ""),
    row("Utility::if_else", Who::SignedOrRoot, "the calls inside are made with the same origin"),
    row("Utility::dispatch_as_fallible", Who::Root, ""),
    row("Multisig::as_multi_threshold_1", Who::Signed, "a signatory; acts as the joint account"),
    row("Multisig::as_multi", Who::Signed, "a signatory; acts as the joint account"),
    row("Multisig::approve_as_multi", Who::Signed, "a signatory; acts as the joint account"),
    row("Multisig::cancel_as_multi", Who::Signed, "the signatory who began it"),
    row("Multisig::poke_deposit", Who::Signed, "the signatory who began it"),
    row("Proxy::proxy", Who::Signed, "a proxy of the account, for calls of its type"),
    row("Proxy::add_proxy", Who::Signed, "for the own account"),
    row("Proxy::remove_proxy", Who::Signed, "for the own account"),
    row("Proxy::remove_proxies", Who::Signed, "for the own account"),
    row("Proxy::create_pure", Who::Signed, ""),
    row("Proxy::kill_pure", Who::Signed, "through the account that is to end"),
    row("Proxy::announce", Who::Signed, "a proxy of the account"),
    row("Proxy::remove_announcement", Who::Signed, "the proxy who announced"),
    row("Proxy::reject_announcement", Who::Signed, "the account of which a proxy announced"),
    row("Proxy::proxy_announced", Who::Signed, "anybody, once the proxy's delay is over"),
    row("Proxy::poke_deposit", Who::Signed, "own deposits"),
    row("Sudo::sudo", Who::SudoKey, "the sudo key, if there is one, or root itself"),
    row("Sudo::sudo_unchecked_weight", Who::SudoKey, "the sudo key, if there is one, or root itself"),
    row("Sudo::set_key", Who::SudoKey, "the sudo key, if there is one, or root itself"),
    row("Sudo::sudo_as", Who::SudoKey, "the sudo key, if there is one, or root itself"),
    row("Sudo::remove_key", Who::SudoKey, "the sudo key, if there is one, or root itself"),
    row("Preimage::note_preimage", Who::SignedOrRoot, "a signer leaves a deposit"),
    row("Preimage::unnote_preimage", Who::SignedOrRoot, "who noted it, or root"),
    row("Preimage::request_preimage", Who::Root, ""),
    row("Preimage::unrequest_preimage", Who::Root, ""),
    row("Preimage::ensure_updated", Who::Signed, "any preimages; only brings their records up to date"),
    row("Scheduler::schedule", Who::Root, ""),
    row("Scheduler::cancel", Who::Root, ""),
    row("Scheduler::schedule_named", Who::Root, ""),
    row("Scheduler::cancel_named", Who::Root, ""),
    row("Scheduler::schedule_after", Who::Root, ""),
    row("Scheduler::schedule_named_after", Who::Root, ""),
    row("Scheduler::set_retry", Who::Root, ""),
    row("Scheduler::set_retry_named", Who::Root, ""),
    row("Scheduler::cancel_retry", Who::Root, ""),
    row("Scheduler::cancel_retry_named", Who::Root, ""),
    row("MultiBlockMigrations::force_set_cursor", Who::Root, ""),
    row("MultiBlockMigrations::force_set_active_cursor", Who::Root, ""),
    row("MultiBlockMigrations::force_onboard_mbms", Who::Root, ""),
    row("MultiBlockMigrations::clear_historic", Who::Root, ""),
    row("SafeMode::enter", Who::Nobody, "nobody: no deposit is configured"),
    row("SafeMode::force_enter", Who::Root, ""),
    row("SafeMode::extend", Who::Nobody, "nobody: no deposit is configured"),
    row("SafeMode::force_extend", Who::Root, ""),
    row("SafeMode::force_exit", Who::Root, ""),
    row("SafeMode::force_slash_deposit", Who::Root, ""),
    row("SafeMode::release_deposit", Who::Nobody, "nobody: no deposit is configured"),
    row("SafeMode::force_release_deposit", Who::Root, ""),
    row("TxPause::pause", Who::Root, ""),
    row("TxPause::unpause", Who::Root, ""),
    row("Providers::register", Who::Role, "an account with the bond, which becomes the provider"),
    row("Providers::bond_more", Who::Role, "the provider's bonded account"),
    row("Providers::unbond", Who::Role, "the provider's bonded account"),
    row("Providers::rebond", Who::Role, "the provider's bonded account"),
    row("Providers::withdraw", Who::Role, "the provider's bonded account"),
    row("Providers::set_operator", Who::Role, "the provider's bonded account"),
    row("Providers::set_endpoint", Who::Role, "the provider's bonded account or its operator key"),
    row("Providers::set_capacity", Who::Role, "the provider's bonded account"),
    row("Providers::chill", Who::Role, "the provider's bonded account or its operator key"),
    row("Providers::activate", Who::Role, "the provider's bonded account"),
    row("Providers::unjail", Who::Role, "the provider's bonded account"),
    row("Providers::open_pool", Who::Role, "the provider's bonded account"),
    row("Providers::set_commission", Who::Role, "the provider's bonded account"),
    row("Providers::set_delegation_terms", Who::Role, "the provider's bonded account"),
    row("Providers::delegate", Who::Role, "an account with the amount, which becomes the delegator"),
    row("Providers::undelegate", Who::Role, "the delegator"),
    row("Providers::withdraw_delegation", Who::Role, "the delegator"),
    row("Providers::collect_delegation", Who::Role, "anyone, for a delegator of a closed pool, who is paid"),
    row("Storage::commit", Who::Role, "an account with the deposit, which becomes the owner of the deal"),
    row("Storage::ready", Who::Role, "the operator key of the provider that was drawn for the slot"),
    row("Storage::prove", Who::Role, "the operator key of the provider that is to prove"),
    row("Storage::remove", Who::Role, "the owner of the deal"),
    row("Storage::resign", Who::Role, "the bonded account or the operator key of the provider that has the slot"),
];
