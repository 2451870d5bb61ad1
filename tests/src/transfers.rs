//! One account that sends tokens without a pause, and remembers what became final.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use noema_chain_client::{Call, ChainClient, SigningKey, Submitter};
use tokio::{sync::Notify, task::JoinHandle};

use crate::books::Transfer;

/// What each transfer moves, in the smallest unit: one token.
pub const AMOUNT: u128 = 10_u128.pow(18);

/// What came of the transfers of an account.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Those that were reported final, in order.
    pub transfers: Vec<Transfer>,
    /// Why others were not: of these nothing was promised.
    pub failures: Vec<String>,
}

/// Sends one token after the other to fresh accounts, each when the one before is final.
#[derive(Debug)]
pub struct Transfers {
    end: Arc<Notify>,
    made: Arc<Mutex<Made>>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Transfers {
    /// Begins, over this connection, from the account of `sender`. The receivers are named after `tag`, which nobody else may use in the same network.
    pub fn start(client: ChainClient, sender: SigningKey, tag: String) -> Self {
        let submitter = Submitter::new(client, sender);
        let (end, made) = (Arc::new(Notify::new()), Arc::<Mutex<Made>>::default());
        let (at_end, to_made) = (end.clone(), made.clone());
        let task = tokio::spawn(async move {
            for number in 0_u64.. {
                let to = SigningKey::from_suri(&format!("//{tag}//{number}"))?.account();
                let call = Call::TransferKeepAlive { to, amount: AMOUNT };
                let done = tokio::select! {
                    () = at_end.notified() => return Ok(()),
                    done = submitter.submit(call) => done,
                };
                let mut made = locked(&to_made);
                match done {
                    Ok(done) => made.transfers.push(Transfer {
                        to,
                        amount: AMOUNT,
                        block: done.block,
                    }),
                    Err(e) => made.failures.push(e.to_string()),
                }
            }
            Ok(())
        });
        Self { end, made, task }
    }

    /// Ends without waiting for the transfer that is under way.
    pub async fn finish(self) -> anyhow::Result<Made> {
        self.end.notify_one();
        self.task.await??;
        let made = locked(&self.made).clone();
        Ok(made)
    }
}

fn locked(made: &Mutex<Made>) -> MutexGuard<'_, Made> {
    made.lock().unwrap_or_else(PoisonError::into_inner)
}
