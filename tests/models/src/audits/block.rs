//! A block as far as audits see it.

/// A thousandth of whatever is measured.
pub type PerMille = u32;

/// How much of a block is used when its last transaction is in, without answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Weight of the normal class, of what this class may use, in the dimension that is used more.
    pub normal: PerMille,
    /// Weight of all classes and hooks, of the whole block.
    pub total: PerMille,
    /// Length of the block, of what the normal class may fill.
    pub length: PerMille,
}

/// What the chain does in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It takes transactions.
    Usual,
    /// The first one of a session, which the session pallet declares full: neither `on_poll` nor
    /// `on_idle` run, and no transactions.
    SessionStart,
    /// A multi-block migration is under way: inherents only, neither hook.
    Migrating,
    /// A multi-block migration ends in it: inherents only and no `on_poll`, but `on_idle` runs.
    MigrationEnds,
    /// `on_poll` and transactions, but an upgrade or the like leaves nothing for `on_idle`.
    Brimful,
}

impl Kind {
    /// Whether `on_poll` runs, and ordinary transactions are taken.
    pub fn polls(self) -> bool {
        matches!(self, Self::Usual | Self::Brimful)
    }

    /// Whether `on_idle` runs.
    pub fn idles(self) -> bool {
        matches!(self, Self::Usual | Self::MigrationEnds)
    }
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the chain does in it.
    pub kind: Kind,
    /// What others put into it.
    pub load: Load,
    /// The VRF output that it came with, if any.
    pub output: Option<[u8; 32]>,
    /// Whether the answering call passes the runtime's filter before its transactions and after
    /// them.
    pub open: (bool, bool),
}

impl Block {
    /// An empty block with this VRF output.
    pub fn usual(output: [u8; 32]) -> Self {
        Self {
            kind: Kind::Usual,
            load: Load::default(),
            output: Some(output),
            open: (true, true),
        }
    }

    /// The share of a block that must be free for it to be a tick: a quarter of what the normal
    /// class may use, of weight and of length.
    pub const ROOM: PerMille = 250;

    /// The part of a block's weight that the normal class may use.
    const NORMAL: PerMille = 750;

    /// Whether there is still room for answers when everything else is in.
    pub fn has_room(&self) -> bool {
        self.load.normal + Self::ROOM <= 1_000
            && self.load.length + Self::ROOM <= 1_000
            && self.load.total + Self::ROOM * Self::NORMAL / 1_000 <= 1_000
    }

    /// Whether it is a tick: it took transactions, answers were allowed before its first and after
    /// its last, and there was room for them.
    pub fn is_tick(&self) -> bool {
        self.kind.polls() && self.kind.idles() && self.open.0 && self.open.1 && self.has_room()
    }

    /// Whether a transaction of the normal class still fits when everything else is in, by the
    /// SDK's rules.
    pub fn fits(&self, transaction: &Load) -> bool {
        let after = |used: PerMille, more: PerMille| used.saturating_add(more) <= 1_000;
        after(self.load.normal, transaction.normal)
            && after(self.load.total, transaction.total)
            && after(self.load.length, transaction.length)
    }

    /// The largest answer that `integrity_test` allows.
    pub const LARGEST_ANSWER: Load = Load {
        normal: 250,
        total: 187,
        length: 250,
    };

    /// Whether an honest author can take any answer into it.
    pub fn can_take_answers(&self) -> bool {
        self.kind.polls() && self.open.0 && self.fits(&Self::LARGEST_ANSWER)
    }
}
