//! Data availability: committees, submissions, namespaces, and what seats are asked for.

use noema_da_primitives::{
    BundleHeader, Commitment, CommitteeId, Content, EntryInfo, MemberId, MemberInfo, Namespace,
    RowSeed, SeatInfo, SizeClass, Standing, SEAT_KEY_BYTES,
};
use subxt::utils::AccountId32;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::noema_da_primitives::{
            class::SizeClass as ChainClass, content::Content as ChainContent,
            id::Commitment as ChainCommitment, namespace::Namespace as ChainNamespace,
            reading as chain,
        },
    },
    types::{
        AccountId, AuditStanding, Balance, BlockNumber, CommitteeInfo, DaParameters, FeeQuote,
        NamespaceEntry, NamespacePage, RoundIndex, RowChallenge, RowChallenges, SubmissionInfo,
        SubmissionPage,
    },
};

impl StateAt {
    /// How a submission stands. `None` when there is none, or no more.
    pub async fn submission(&self, submission: u64) -> Result<Option<SubmissionInfo>, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let info = self
            .ask_runtime("a submission", api.submission(submission))
            .await?;
        Ok(info.map(submission_info))
    }

    /// The submissions of a commitment, after the one where the page before ended. A page has at most 100.
    pub async fn submissions_of(
        &self,
        commitment: &Commitment,
        after: Option<u64>,
        limit: u32,
    ) -> Result<SubmissionPage, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.submissions_of(ChainCommitment(commitment.0), after, limit);
        let page = self
            .ask_runtime("the submissions of a commitment", question)
            .await?;
        Ok(submission_page(page))
    }

    /// What the seats of an era may have to hold: submissions that still take bits, from this number on.
    pub async fn waiting_submissions(
        &self,
        era: RoundIndex,
        from: u64,
        limit: u32,
    ) -> Result<SubmissionPage, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.waiting(era, from, limit);
        let page = self.ask_runtime("waiting submissions", question).await?;
        Ok(submission_page(page))
    }

    /// The entries of a namespace from this number on, in the order in which they became available. A page has at most 100.
    pub async fn namespace_entries(
        &self,
        namespace: &Namespace,
        from: u64,
        limit: u32,
    ) -> Result<NamespacePage, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.entries_of(ChainNamespace(namespace.0), from, limit);
        let page = self
            .ask_runtime("the entries of a namespace", question)
            .await?;
        Ok(namespace_page(page))
    }

    /// The entries that a namespace got in a block, from the one with this number among them.
    pub async fn namespace_entries_at(
        &self,
        namespace: &Namespace,
        height: BlockNumber,
        from: u32,
        limit: u32,
    ) -> Result<NamespacePage, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.entries_at(ChainNamespace(namespace.0), height, from, limit);
        let page = self
            .ask_runtime("the entries of a namespace", question)
            .await?;
        Ok(namespace_page(page))
    }

    /// Until which round a blob is available. `None` when it is not.
    pub async fn available_until(
        &self,
        commitment: &Commitment,
        size: u32,
    ) -> Result<Option<RoundIndex>, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.available_until(ChainCommitment(commitment.0), size);
        self.ask_runtime("whether a blob is available", question)
            .await
    }

    /// The committee of an era. `None` when there is none, or no more.
    pub async fn committee(&self, era: RoundIndex) -> Result<Option<CommitteeInfo>, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let info = self.ask_runtime("a committee", api.committee(era)).await?;
        Ok(info.map(|info| CommitteeInfo {
            era: info.era,
            id: CommitteeId(info.id.0),
            seats: info
                .seats
                .into_iter()
                .map(|seat| SeatInfo {
                    provider: seat.provider.into(),
                    key: seat.key,
                    stake: seat.stake,
                    gone: seat.gone,
                })
                .collect(),
        }))
    }

    /// What a submission of so many bytes for so many days costs in the round that runs. `None` when the chain does not take one like that.
    pub async fn da_quote(
        &self,
        size: u32,
        namespace: &Namespace,
        days: u8,
    ) -> Result<Option<FeeQuote>, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let question = api.quote(size, ChainNamespace(namespace.0), days);
        let quote = self.ask_runtime("the price of a blob", question).await?;
        Ok(quote.ok().map(|quote| FeeQuote {
            class: class(&quote.class),
            stored_bytes: quote.stored_bytes,
            base: quote.base,
            fee: quote.fee,
            namespace: quote.namespace,
            total: quote.total,
            deposit: quote.deposit,
        }))
    }

    /// The rules of data availability in force, and where the chain is.
    pub async fn da_parameters(&self) -> Result<DaParameters, ChainError> {
        let api = runtime::runtime_apis().data_availability_api();
        let found = self
            .ask_runtime("the parameters of data availability", api.parameters())
            .await?;
        Ok(DaParameters {
            rules: found.rules,
            pallet: found.pallet,
            era: found.era,
            tick: found.tick,
            attest_ticks: found.attest_ticks,
            row_draw_delay: found.row_draw_delay,
            max_in_flight: found.max_in_flight,
            price: found.price,
            stored_bytes: found.stored_bytes,
            next_submission: found.next_submission,
        })
    }

    /// The key with which a provider is drawn for committees to come. `None` when it has set none.
    pub async fn seat_key(
        &self,
        provider: &AccountId,
    ) -> Result<Option<[u8; SEAT_KEY_BYTES]>, ChainError> {
        let address = runtime::storage().data_availability().keys();
        let record = self
            .fetch(
                "the key of a seat",
                address,
                (AccountId32::from(*provider),),
            )
            .await?;
        Ok(record.map(|record| record.key))
    }

    /// Rows that a seat is asked for in a round, and answers in a call, at most.
    pub fn max_row_challenges(&self) -> Result<u32, ChainError> {
        let address = runtime::constants().row_audits().max_challenges();
        self.constant("RowAudits::MaxChallenges", address)
    }

    /// What a seat is asked for while the running round can be answered. `None` when nothing is asked, or everything is answered.
    pub async fn row_challenges(
        &self,
        provider: &AccountId,
    ) -> Result<Option<RowChallenges>, ChainError> {
        let question = runtime::runtime_apis()
            .row_audits_api()
            .row_challenges((*provider).into());
        let asked = self
            .ask_runtime("the challenges of a seat", question)
            .await?;
        Ok(asked.map(|(round, until, items)| RowChallenges {
            round,
            until,
            rows: items
                .into_iter()
                .map(|(index, item, answered)| RowChallenge {
                    index,
                    commitment: Commitment(item.commitment.0),
                    size: item.size,
                    row: item.row,
                    answered,
                })
                .collect(),
        }))
    }

    /// Where a seat stands with the audits. `None` for who is not on record.
    pub async fn row_standing(
        &self,
        provider: &AccountId,
    ) -> Result<Option<AuditStanding>, ChainError> {
        let question = runtime::runtime_apis()
            .row_audits_api()
            .row_standing((*provider).into());
        let asked = self.ask_runtime("the standing of a seat", question).await?;
        Ok(asked.map(|standing| AuditStanding {
            next: standing.next,
            unsettled: standing.unsettled,
            points: standing.points,
            dropping: standing.dropping,
        }))
    }
}

fn class(class: &ChainClass) -> SizeClass {
    match class {
        ChainClass::Tiny => SizeClass::Tiny,
        ChainClass::Small => SizeClass::Small,
        ChainClass::Medium => SizeClass::Medium,
        ChainClass::Large => SizeClass::Large,
        ChainClass::Huge => SizeClass::Huge,
    }
}

fn content(content: ChainContent) -> Content {
    match content {
        ChainContent::Plain => Content::Plain,
        ChainContent::Bundle(header) => Content::Bundle(BundleHeader {
            count: header.count,
            root: header.root,
        }),
    }
}

fn standing(standing: chain::Standing<BlockNumber>) -> Standing<BlockNumber> {
    match standing {
        chain::Standing::AwaitsSeed => Standing::AwaitsSeed,
        chain::Standing::SeedLost => Standing::SeedLost,
        chain::Standing::Submitted { seed } => Standing::Submitted {
            seed: RowSeed(seed.0),
        },
        chain::Standing::Available {
            seed,
            index,
            height,
            signed,
            holders,
        } => Standing::Available {
            seed: RowSeed(seed.0),
            index,
            height,
            signed,
            holders,
        },
    }
}

fn submission_info(
    info: chain::SubmissionInfo<AccountId32, Balance, BlockNumber>,
) -> SubmissionInfo {
    SubmissionInfo {
        submission: info.submission,
        payer: info.payer.into(),
        namespace: Namespace(info.namespace.0),
        commitment: Commitment(info.commitment.0),
        class: class(&info.class),
        size: info.size,
        content: content(info.content),
        era: info.era,
        deadline: info.deadline,
        days: info.days,
        until: info.until,
        fee: info.fee,
        standing: standing(info.standing),
    }
}

fn submission_page(
    page: chain::SubmissionPage<AccountId32, Balance, BlockNumber>,
) -> SubmissionPage {
    SubmissionPage {
        submissions: page.submissions.into_iter().map(submission_info).collect(),
        next: page.next,
    }
}

fn namespace_page(page: chain::NamespacePage<AccountId32, BlockNumber>) -> NamespacePage {
    NamespacePage {
        entries: page.entries.into_iter().map(entry).collect(),
        next: page.next,
        end: page.end,
    }
}

fn entry(entry: chain::EntryInfo<AccountId32, BlockNumber>) -> NamespaceEntry {
    EntryInfo {
        index: entry.index,
        height: entry.height,
        submission: entry.submission,
        commitment: Commitment(entry.commitment.0),
        size: entry.size,
        member: entry.member.map(|member| MemberInfo {
            member: member.member,
            payer: member.payer.into(),
            id: MemberId(member.id.0),
            offset: member.offset,
            size: member.size,
            until: member.until,
        }),
    }
}
