//! What orders share: places to wait, and parts of what the machine has.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    limits::Limits,
    report::Fault,
    runner::{RunnerConfig, StartError},
};

/// Bytes of output that are counted as one.
const OUTPUT_UNIT: u32 = 1 << 10;
/// Bytes of memory that are counted as one: a page.
const MEMORY_UNIT: u32 = 1 << 16;

/// A place or a part, given back when the last one who holds it lets go. Work that cannot be broken off holds one as well: whoever hangs up
/// has nothing back before it is done.
pub(super) type Held = Arc<OwnedSemaphorePermit>;

/// What all orders of a runner share.
pub(super) struct Shares {
    /// Places of those who fetch or compile a module.
    loading: Arc<Semaphore>,
    /// Places of those whose module is compiled and who wait for anything below.
    waiting: Arc<Semaphore>,
    /// Orders that fetch inputs, or have them and wait.
    fetching: Arc<Semaphore>,
    /// Bytes of output that may lie unread, in units.
    output: Arc<Semaphore>,
    /// Bytes of memory of running jobs, in units.
    memory: Arc<Semaphore>,
    /// Jobs that run.
    slots: Arc<Semaphore>,
    places: [usize; 2],
}

/// What a running job holds.
pub(super) struct Room {
    /// For its output, until nobody can read it any more.
    pub(super) output: OwnedSemaphorePermit,
    /// Until it has ended: memory and a slot.
    pub(super) run: [OwnedSemaphorePermit; 2],
}

impl Shares {
    pub(super) fn new(config: &RunnerConfig) -> Self {
        let semaphore = |permits: u64| {
            let permits = usize::try_from(permits).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)))
        };
        let slots = config.slots.max(1);
        let places = [config.waiting.saturating_add(slots), config.waiting.max(1)];
        let [loading, waiting] = places.map(|places| semaphore(places as u64));
        // One job must find room, however little is given to all.
        let of =
            |all: u64, one: u32, unit: u32| (all / u64::from(unit)).max(units(one, unit).into());
        let limits = &config.limits;
        Self {
            loading,
            waiting,
            fetching: semaphore(slots as u64),
            output: semaphore(of(config.output, limits.output, OUTPUT_UNIT)),
            memory: semaphore(of(config.memory, limits.memory, MEMORY_UNIT)),
            slots: semaphore(slots as u64),
            places,
        }
    }

    /// A place to fetch and compile a module.
    pub(super) fn load(&self) -> Result<Held, StartError> {
        let [waiting, _] = self.places;
        let place = Arc::clone(&self.loading).try_acquire_owned();
        place
            .map(Arc::new)
            .map_err(|_| StartError::Busy { waiting })
    }

    /// An order whose module is compiled.
    pub(super) fn order(&self) -> Order<'_> {
        Order {
            shares: self,
            place: None,
        }
    }
}

/// An order on its way. It needs a place only from when it finds something taken.
pub(super) struct Order<'a> {
    shares: &'a Shares,
    place: Option<OwnedSemaphorePermit>,
}

impl Order<'_> {
    /// Waits until it may fetch its inputs.
    pub(super) async fn fetch(&mut self) -> Result<Held, StartError> {
        let shares = self.shares;
        self.take(&shares.fetching, 1).await.map(Arc::new)
    }

    /// Waits until it may run.
    pub(super) async fn room(mut self, limits: &Limits) -> Result<Room, StartError> {
        let shares = self.shares;
        // In this order, so that only jobs that run hold a slot.
        let output = units(limits.output, OUTPUT_UNIT);
        let output = self.take(&shares.output, output).await?;
        let memory = units(limits.memory, MEMORY_UNIT);
        let memory = self.take(&shares.memory, memory).await?;
        let slot = self.take(&shares.slots, 1).await?;
        Ok(Room {
            output,
            run: [memory, slot],
        })
    }

    async fn take(
        &mut self,
        of: &Arc<Semaphore>,
        many: u32,
    ) -> Result<OwnedSemaphorePermit, StartError> {
        if let Ok(permit) = Arc::clone(of).try_acquire_many_owned(many) {
            return Ok(permit);
        }
        if self.place.is_none() {
            let [_, waiting] = self.shares.places;
            let place = Arc::clone(&self.shares.waiting).try_acquire_owned();
            self.place = Some(place.map_err(|_| StartError::Busy { waiting })?);
        }
        let permit = Arc::clone(of).acquire_many_owned(many).await;
        permit.map_err(|error| Fault::Runner(error.to_string()).into())
    }
}

fn units(bytes: u32, unit: u32) -> u32 {
    bytes.div_ceil(unit)
}
