//! Gateway and proxy as processes of their own, killed with SIGKILL at seeded moments: at the n-th durable step, and at any time in between. Whatever happens: what is redeemed is what
//! the receipts say, nothing is paid twice, and no lane has more than one request unpaid for each time that its gateway was killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::harness::*;
use noema_compute::{chain::ChannelState, gateway, proxy};
use noema_compute_primitives::ServiceKind;
use rand::{rngs::StdRng, Rng, SeedableRng};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tracing_subscriber::{layer::Context, prelude::*, Layer};

const LANES: u16 = 4;
/// What each request costs when it is answered as a whole: 10 tokens of input and 3 of output.
const COST: u128 = 16;

/// Kills this process at the n-th durable step.
struct KillAt {
    left: AtomicU64,
}

impl<S: tracing::Subscriber> Layer<S> for KillAt {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "noema_compute::durable"
            && self.left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            let me = nix::unistd::Pid::this();
            nix::sys::signal::kill(me, nix::sys::signal::Signal::SIGKILL).unwrap();
        }
    }
}

/// What a child is told, by its environment.
fn told(name: &str) -> String {
    std::env::var(format!("NOEMA_KILLS_{name}")).unwrap_or_default()
}

/// What the children of the tests beside it run; by itself it has nothing to do.
#[test]
fn child() {
    if told("ROLE").is_empty() {
        return;
    }
    let dir = PathBuf::from(told("DIR"));
    let steps: u64 = told("STEPS").parse().unwrap();
    tracing_subscriber::registry()
        .with(KillAt {
            left: AtomicU64::new(steps),
        })
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let chain_file = dir.join("chain");
    let address = dir.join(told("ROLE"));
    let announce = move |url: &str| {
        let beside = address.with_extension("new");
        fs::write(&beside, url).unwrap();
        fs::rename(&beside, &address).unwrap();
    };
    runtime.block_on(async {
        match told("ROLE").as_str() {
            "gateway" => {
                let provider = key("Bob");
                let chain = TestChain::at(&chain_file);
                let engine = told("ENGINE");
                let mut config = gateway_config(
                    &dir.join("provider"),
                    &provider,
                    &key("Charlie"),
                    &engine,
                    &[(CHAT, "tiny/1")],
                );
                config.listen = fs::read_to_string(dir.join("port"))
                    .unwrap()
                    .parse()
                    .unwrap();
                config.redeem.interval = Duration::from_millis(50);
                gateway::run(
                    chain.signed_by(provider.account()),
                    config,
                    Default::default(),
                    announce,
                )
                .await
                .unwrap();
            }
            "proxy" => {
                let config = proxy_config(&dir.join("buyer"));
                let chain = TestChain::at(&chain_file);
                proxy::run(
                    chain.signed_by(config.payer),
                    config,
                    Default::default(),
                    announce,
                )
                .await
                .unwrap();
            }
            other => panic!("no role {other:?}"),
        }
    });
}

struct Process {
    role: &'static str,
    child: Child,
    url: String,
}

impl Process {
    /// Starts a child that kills itself after so many durable steps, and waits until it answers or is dead.
    fn start(role: &'static str, dir: &Path, engine: &str, steps: u64) -> Self {
        let address = dir.join(role);
        let _ = fs::remove_file(&address);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kills::child",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env("NOEMA_KILLS_DIR", dir)
            .env("NOEMA_KILLS_ROLE", role)
            .env("NOEMA_KILLS_ENGINE", engine)
            .env("NOEMA_KILLS_STEPS", steps.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let url = loop {
            if let Ok(url) = fs::read_to_string(&address) {
                break url;
            }
            if child.try_wait().unwrap().is_some() {
                break String::new();
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the {role} does not start"
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Self { role, child, url }
    }

    fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Scene {
    dir: tempfile::TempDir,
    chain: TestChain,
    engine: TestEngine,
    client: Client,
    random: StdRng,
    gateway: Process,
    proxy: Process,
    gateway_deaths: u128,
    proxy_deaths: u128,
}

impl Scene {
    async fn new(seed: u64) -> Self {
        noema_transport::install_crypto();
        let dir = tempfile::tempdir().unwrap();
        let chain = TestChain::at(&dir.path().join("chain"));
        chain.change(|state| state.tick = 1_000);
        chain.offer(
            CHAT,
            ServiceKind::Chat,
            &key("Bob"),
            &key("Charlie"),
            "tiny/1",
            PRICE,
        );
        chain.channel(
            CHANNEL,
            CHAT,
            &key("Alice"),
            &key("Dave"),
            10_000_000,
            LANES,
        );
        // A port of its own, which the gateway has again when it starts again.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        fs::write(dir.path().join("port"), port.to_string()).unwrap();
        chain.set_endpoint(CHAT, &format!("http://{port}"));
        let engine = TestEngine::start().await;
        let mut random = StdRng::seed_from_u64(seed);
        let gateway = Process::start("gateway", dir.path(), &engine.url, random.gen_range(3..40));
        let proxy = Process::start("proxy", dir.path(), &engine.url, random.gen_range(3..40));
        Self {
            dir,
            chain,
            engine,
            client: Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
            random,
            gateway,
            proxy,
            gateway_deaths: 0,
            proxy_deaths: 0,
        }
    }

    /// Starts what is dead again, with another moment to die.
    fn revive(&mut self) {
        let steps = self.random.gen_range(1..60);
        if self.gateway.is_dead() {
            self.gateway_deaths += 1;
            self.gateway =
                Process::start(self.gateway.role, self.dir.path(), &self.engine.url, steps);
        }
        if self.proxy.is_dead() {
            self.proxy_deaths += 1;
            self.proxy = Process::start(self.proxy.role, self.dir.path(), &self.engine.url, steps);
        }
    }

    /// Sends some requests at once. How many had a complete, good answer.
    async fn round(&mut self, stream: bool) -> u128 {
        self.revive();
        let url = format!("{}/chat/completions", self.proxy.url);
        let body = if stream {
            chat_stream("words 3", false)
        } else {
            chat("words 3")
        };
        let asked = (0..LANES + 2).map(|_| {
            let asking = self.client.post(&url).body(body.clone());
            async move {
                // As OpenAI's clients do: what is refused for want of a lane or a provider is asked for again.
                for _ in 0..80 {
                    let Ok(response) = asking.try_clone().unwrap().send().await else {
                        return false;
                    };
                    let status = response.status();
                    if [
                        StatusCode::TOO_MANY_REQUESTS,
                        StatusCode::SERVICE_UNAVAILABLE,
                    ]
                    .contains(&status)
                    {
                        tokio::time::sleep(Duration::from_millis(25)).await;
                        continue;
                    }
                    let Ok(text) = response.bytes().await else {
                        return false;
                    };
                    return status == StatusCode::OK
                        && (!stream || text.ends_with(b"data: [DONE]\n\n"));
                }
                false
            }
        });
        let kill = match self.random.gen_range(0..4) {
            0 => Some(true),
            1 => Some(false),
            _ => None,
        };
        let after = Duration::from_millis(self.random.gen_range(0..60));
        let answers = tokio::spawn(futures::future::join_all(asked.collect::<Vec<_>>()));
        if let Some(gateway) = kill {
            tokio::time::sleep(after).await;
            match gateway {
                true => self.gateway.kill(),
                false => self.proxy.kill(),
            }
        }
        let answers = answers.await.unwrap();
        answers.iter().filter(|good| **good).count() as u128
    }

    /// Lets both live, until every receipt has come and everything is redeemed. What the buyer's book says that it owes.
    async fn settle(&mut self) -> u128 {
        let never = u64::MAX;
        self.gateway.kill();
        self.proxy.kill();
        self.gateway_deaths += 1;
        self.gateway = Process::start("gateway", self.dir.path(), &self.engine.url, never);
        self.proxy = Process::start("proxy", self.dir.path(), &self.engine.url, never);
        let url = self.proxy.url.replace("/v1", "/health");
        let mut health = Value::Null;
        for _ in 0..600 {
            health = self
                .client
                .get(&url)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            if health["receipts_awaited"] == 0 && health["promised"] == "0" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(health["promised"], "0", "{health}");
        assert_eq!(health["liars"].as_array().unwrap().len(), 0, "{health}");
        let spent: u128 = health["spent"].as_str().unwrap().parse().unwrap();
        for _ in 0..400 {
            if self.redeemed() == spent {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        spent
    }

    fn redeemed(&self) -> u128 {
        (0..LANES)
            .map(|lane| self.chain.redeemed(CHANNEL, lane))
            .sum()
    }
}

async fn killed_at_seeded_moments(seed: u64, stream: bool, rounds: usize) {
    let mut scene = Scene::new(seed).await;
    let mut good = 0;
    for _ in 0..rounds {
        good += scene.round(stream).await;
    }
    let spent = scene.settle().await;
    let state = scene.chain.state();
    let paid: u128 = state.paid.iter().map(|(_, paid)| paid).sum();
    let worked = scene.engine.seen.count() as u128;
    let told = format!(
        "seed {seed}: {good} good answers, {worked} worked on, {spent} by receipts, {paid} paid, {} and {} deaths",
        scene.gateway_deaths, scene.proxy_deaths
    );
    eprintln!("{told}");
    // Never less than was signed, and nothing twice.
    assert_eq!((scene.redeemed(), paid), (spent, spent), "{told}");
    // Every answer that an application has is paid for.
    assert!(paid >= good * COST, "{told}");
    assert!(
        good > 0 && scene.gateway_deaths > 1 && scene.proxy_deaths > 0,
        "{told}"
    );
    if !stream {
        // Each that was worked on is paid for once, but for one of each lane for each death.
        assert!(paid <= worked * COST, "{told}");
        let unpaid = worked - paid / COST;
        assert!(unpaid <= scene.gateway_deaths * u128::from(LANES), "{told}");
        assert_eq!(paid % COST, 0, "{told}");
    }
    // A claim that is made again after a death finds nothing due; that is all that may be refused.
    assert!(
        state.refused.iter().all(|reason| reason == "NothingDue"),
        "{:?}",
        state.refused
    );
    scene.chain.edit(CHANNEL, |channel| {
        channel.state = ChannelState::Settled { at: 1_000 }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_answers_are_paid_exactly_whenever_either_side_is_killed() {
    for seed in [1, 2] {
        killed_at_seeded_moments(seed, false, 12).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_paid_exactly_whenever_either_side_is_killed() {
    for seed in [3, 4] {
        killed_at_seeded_moments(seed, true, 12).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_size_kills_of_either_side_leave_every_answer_paid_exactly() {
    for seed in 10..20 {
        killed_at_seeded_moments(seed, seed % 2 == 0, 40).await;
    }
}
