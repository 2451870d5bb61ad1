//! Who is asked to take a file, and who is not asked for a while.
//!
//! A provider that is down or full fails every file in the same way: after one failure it is left alone for a while, whatever
//! files are assigned to it, and they go to their other providers.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use noema_chain_client::{AccountId, ChainError};
use noema_storage::client::{ClientError, Peer};
use tokio::time::Instant;

use super::world::World;
use crate::commands::storage_put::{ROUNDS, ROUND_PAUSE};

/// The longest that a provider is left alone.
const LONGEST: Duration = Duration::from_secs(60);

/// What was tried with one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    failed: BTreeMap<AccountId, Failed>,
}

#[derive(Clone, Debug)]
struct Failed {
    times: u32,
    last: Instant,
    why: String,
}

impl Attempts {
    /// The latest reason of each provider.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (AccountId, &str)> {
        self.failed
            .iter()
            .map(|(provider, failed)| (*provider, failed.why.as_str()))
    }

    fn times(&self, provider: &AccountId) -> u32 {
        self.failed.get(provider).map_or(0, |failed| failed.times)
    }
}

/// Whom to ask for a file now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This one.
    Ask(Peer),
    /// Nobody yet: none is drawn, or all have just failed.
    Later,
    /// Nobody in this run.
    Nobody,
}

/// A provider that fails.
#[derive(Clone, Debug)]
struct Trouble {
    strikes: u32,
    until: Instant,
    /// Whether a file is offered to it again, to see how it is: one, not all that wait.
    probed: bool,
    why: String,
}

/// What is known of providers in this run.
#[derive(Debug, Default)]
pub(super) struct Providers {
    /// Where they answer; `None` of one that is not registered.
    endpoints: HashMap<AccountId, Option<String>>,
    troubles: HashMap<AccountId, Trouble>,
}

impl Providers {
    /// Those of `wanted` whose endpoint is not known.
    pub(super) fn unknown(&self, wanted: impl Iterator<Item = AccountId>) -> Vec<AccountId> {
        let mut unknown: Vec<_> = wanted
            .filter(|provider| !self.endpoints.contains_key(provider))
            .collect();
        unknown.sort();
        unknown.dedup();
        unknown
    }

    /// Looks up where these answer.
    pub(super) async fn look_up(
        &mut self,
        world: &impl World,
        providers: Vec<AccountId>,
    ) -> Result<(), ChainError> {
        for provider in providers {
            let endpoint = world.endpoint(provider).await?;
            self.learn(provider, endpoint);
        }
        Ok(())
    }

    fn learn(&mut self, provider: AccountId, endpoint: Option<String>) {
        self.endpoints.insert(provider, endpoint);
    }

    /// Whom of `assigned` to ask for a file with these attempts: who failed least with it, in the order of slots.
    pub(super) fn choose(
        &self,
        assigned: &[AccountId],
        attempts: &Attempts,
        now: Instant,
    ) -> Choice {
        if assigned.is_empty() {
            return Choice::Later;
        }
        let mut left: Vec<&AccountId> = assigned
            .iter()
            .filter(|provider| {
                attempts.times(provider) < ROUNDS && !self.is_given_up(provider, now)
            })
            .collect();
        if left.is_empty() {
            return Choice::Nobody;
        }
        left.sort_by_key(|provider| attempts.times(provider));
        let may_ask = |provider: &AccountId| {
            let rested = |last: Instant| now.saturating_duration_since(last) >= ROUND_PAUSE;
            let of_file = attempts.failed.get(provider);
            let of_all = self.troubles.get(provider);
            of_file.is_none_or(|failed| rested(failed.last))
                && of_all.is_none_or(|trouble| now >= trouble.until && !trouble.probed)
        };
        let mut may_ask = left.into_iter().filter(|provider| may_ask(provider));
        // A provider without an endpoint will be replaced by the chain.
        let next = may_ask.find_map(|provider| {
            let endpoint = self.endpoints.get(provider)?.clone()?;
            Some(Peer {
                provider: *provider,
                endpoint,
            })
        });
        next.map_or(Choice::Later, Choice::Ask)
    }

    fn is_given_up(&self, provider: &AccountId, now: Instant) -> bool {
        let trouble = self.troubles.get(provider);
        trouble.is_some_and(|trouble| trouble.strikes >= ROUNDS && now < trouble.until)
    }

    /// Why a provider is left alone, for files that were never offered to it.
    pub(super) fn trouble_of(&self, provider: &AccountId) -> Option<&str> {
        self.troubles
            .get(provider)
            .map(|trouble| trouble.why.as_str())
    }

    /// A file is offered to it.
    pub(super) fn asked(&mut self, provider: &AccountId) {
        self.set_probed(provider, true);
    }

    /// What was offered to it ended for a reason of our own.
    pub(super) fn left(&mut self, provider: &AccountId) {
        self.set_probed(provider, false);
    }

    fn set_probed(&mut self, provider: &AccountId, probed: bool) {
        if let Some(trouble) = self.troubles.get_mut(provider) {
            trouble.probed = probed;
        }
    }

    /// It took a file.
    pub(super) fn worked(&mut self, provider: &AccountId) {
        self.troubles.remove(provider);
    }

    /// It did not take a file that was offered to it at `began`. `true` if that is news of the provider, and not of the file or of
    /// what is known already.
    pub(super) fn failed(
        &mut self,
        provider: AccountId,
        began: Instant,
        error: &ClientError,
        attempts: &mut Attempts,
        now: Instant,
    ) -> bool {
        let why = error.to_string();
        let failed = attempts.failed.entry(provider).or_insert(Failed {
            times: 0,
            last: now,
            why: String::new(),
        });
        failed.times = failed.times.saturating_add(1);
        failed.last = now;
        failed.why.clone_from(&why);
        if !is_of_provider(error) {
            self.worked(&provider);
            return false;
        }
        let before = self.troubles.get(&provider);
        // Files that were offered together fail together: that is one failure.
        if before.is_some_and(|trouble| began < trouble.until) {
            return false;
        }
        let strikes = before
            .map_or(0, |trouble| trouble.strikes)
            .saturating_add(1);
        let pause = ROUND_PAUSE.saturating_mul(1 << strikes.saturating_sub(1).min(8));
        let until = now + pause.min(LONGEST);
        self.troubles.insert(
            provider,
            Trouble {
                strikes,
                until,
                probed: false,
                why,
            },
        );
        // It may have moved.
        self.endpoints.remove(&provider);
        true
    }
}

/// Whether an error says something about the provider, and not only about one file.
fn is_of_provider(error: &ClientError) -> bool {
    match error {
        ClientError::Refused { status, code, .. } => {
            matches!(status, 401 | 403 | 408 | 429 | 500..)
                // It does not see the chain.
                || (*status == 404 && code == "unknown_file")
        }
        ClientError::WrongSegment { .. } => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::who;

    fn down() -> ClientError {
        ClientError::Unreachable {
            endpoint: "http://h:1".into(),
            reason: "connection refused".into(),
        }
    }

    fn denied() -> ClientError {
        ClientError::Refused {
            endpoint: "http://h:1".into(),
            status: 451,
            code: "denied".into(),
            message: "no".into(),
        }
    }

    fn two() -> Providers {
        let mut providers = Providers::default();
        for n in [1, 2] {
            providers.learn(who(n), Some(format!("http://h:{n}")));
        }
        providers
    }

    fn asked(choice: Choice) -> AccountId {
        match choice {
            Choice::Ask(peer) => peer.provider,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_down_is_left_alone_by_all_files() {
        let mut providers = two();
        let both = [who(1), who(2)];
        let (mut first, other) = (Attempts::default(), Attempts::default());
        let now = Instant::now();
        assert_eq!(asked(providers.choose(&both, &first, now)), who(1));
        assert!(providers.failed(who(1), now, &down(), &mut first, now));
        // Another file that was under way to it.
        assert!(!providers.failed(who(1), now, &down(), &mut Attempts::default(), now));
        assert_eq!(providers.unknown(both.into_iter()), [who(1)]);
        providers.learn(who(1), Some("http://h:9".into()));
        assert_eq!(asked(providers.choose(&both, &first, now)), who(2));
        assert_eq!(asked(providers.choose(&both, &other, now)), who(2));
        assert_eq!(providers.choose(&[who(1)], &other, now), Choice::Later);
        let later = now + ROUND_PAUSE;
        assert_eq!(asked(providers.choose(&[who(1)], &other, later)), who(1));
        providers.asked(&who(1));
        assert_eq!(
            providers.choose(&[who(1)], &other, later),
            Choice::Later,
            "one file is enough to see how it is"
        );
        providers.left(&who(1));
        assert_eq!(asked(providers.choose(&[who(1)], &other, later)), who(1));
        providers.worked(&who(1));
        assert_eq!(asked(providers.choose(&both, &other, now)), who(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_stays_down_is_given_up_and_tried_again_much_later() {
        let mut providers = two();
        let mut attempts = Attempts::default();
        let mut now = Instant::now();
        for strike in 1..=ROUNDS {
            providers.learn(who(1), Some("http://h:1".into()));
            assert_eq!(asked(providers.choose(&[who(1)], &attempts, now)), who(1));
            assert!(providers.failed(who(1), now, &down(), &mut attempts, now));
            if strike < ROUNDS {
                now += LONGEST;
            }
        }
        let fresh = Attempts::default();
        assert_eq!(providers.choose(&[who(1)], &fresh, now), Choice::Nobody);
        assert!(providers.trouble_of(&who(1)).unwrap().contains("refused"));
        providers.learn(who(1), Some("http://h:1".into()));
        let later = now + LONGEST;
        assert_eq!(asked(providers.choose(&[who(1)], &fresh, later)), who(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_refused_goes_on_elsewhere_and_others_are_not_kept_from_there() {
        let mut providers = two();
        let mut attempts = Attempts::default();
        let both = [who(1), who(2)];
        let mut now = Instant::now();
        assert!(!providers.failed(who(1), now, &denied(), &mut attempts, now));
        assert_eq!(asked(providers.choose(&both, &attempts, now)), who(2));
        let fresh = Attempts::default();
        assert_eq!(asked(providers.choose(&both, &fresh, now)), who(1));
        // A round of all of them, and a pause before the next.
        providers.failed(who(2), now, &denied(), &mut attempts, now);
        assert_eq!(providers.choose(&both, &attempts, now), Choice::Later);
        for _ in 1..ROUNDS {
            now += ROUND_PAUSE;
            for n in [1, 2] {
                assert_eq!(asked(providers.choose(&both, &attempts, now)), who(n));
                providers.failed(who(n), now, &denied(), &mut attempts, now);
            }
        }
        assert_eq!(providers.choose(&both, &attempts, now), Choice::Nobody);
        assert_eq!(attempts.reasons().count(), 2);
        // The chain draws another.
        providers.learn(who(3), Some("http://h:3".into()));
        assert_eq!(asked(providers.choose(&[who(3)], &attempts, now)), who(3));
        assert_eq!(providers.choose(&[], &attempts, now), Choice::Later);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_without_an_endpoint_is_waited_for() {
        let mut providers = Providers::default();
        let now = Instant::now();
        let fresh = Attempts::default();
        assert_eq!(providers.choose(&[who(1)], &fresh, now), Choice::Later);
        providers.learn(who(1), None);
        assert_eq!(providers.choose(&[who(1)], &fresh, now), Choice::Later);
        assert!(providers.unknown([who(1)].into_iter()).is_empty());
    }
}
