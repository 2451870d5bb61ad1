//! The compute market by the command line, as two people who do not trust each other use it: a service is offered, a thousand requests are paid by four claims in one
//! call, one is claimed too high and costs the provider, and what is left comes back. To the unit.

use std::{path::Path, time::Duration};

use anyhow::{ensure, Context};
use noema_chain_client::{
    compute::{Claim, SignedReceipt, SignedVoucher},
    AccountState, Hash, SigningKey,
};
use noema_compute_primitives::{
    request_hash, response_hash, LaneId, Price, Receipt, Usage, Voucher,
};
use noema_local_net::LocalNet;
use noema_tests::{
    cli::Noema,
    network::{self, account, balance},
};
use serde_json::{json, Value};
use tempfile::TempDir;

/// One token, in the smallest unit.
const NOEMA: u128 = 10_u128.pow(18);
/// What the channel reserves.
const CAP: u128 = 10 * NOEMA;
/// The provider's bond.
const BOND: u128 = 500 * NOEMA;
/// Requests at a time.
const LANES: LaneId = 4;
/// Requests that each lane has.
const REQUESTS: u64 = 250;
/// What one may cost at most.
const MAXIMUM: u128 = NOEMA / 100;
const ROUTE: &str = "POST /v1/chat/completions";
const ASKED: &[u8] = br#"{"model":"tiny/1","messages":[]}"#;
const ANSWERED: &[u8] = br#"{"choices":[]}"#;
/// For a million tokens.
const PRICE: Price = Price::Tokens {
    input: NOEMA / 5,
    cached: NOEMA / 20,
    output: 4 * NOEMA / 5,
};
/// How long the lock may take: a minute of ticks, and blocks that are none.
const LOCK: Duration = Duration::from_secs(240);

/// A network with a compute provider, Bob, whose transactions Charlie's key sends, and a buyer, Dave.
struct Market {
    net: LocalNet,
    dir: TempDir,
    genesis: Hash,
    bob: Noema,
    charlie: Noema,
    dave: Noema,
    eve: Noema,
    /// What Dave has paid for transactions.
    fees: u128,
}

impl Market {
    async fn start() -> anyhow::Result<Self> {
        let net = network::start(0).await?;
        let alice = Noema::of(&net)?;
        Ok(Self {
            dir: tempfile::tempdir()?,
            genesis: net.client().genesis_hash(),
            bob: alice.dev("Bob"),
            charlie: alice.dev("Charlie"),
            dave: alice.dev("Dave"),
            eve: alice.dev("Eve"),
            net,
            fees: 0,
        })
    }

    fn path(&self, name: &str) -> anyhow::Result<String> {
        let path = self.dir.path().join(name);
        Ok(path.to_str().context("a path in UTF-8")?.to_owned())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<String> {
        let path = self.path(name)?;
        std::fs::write(&path, content)?;
        Ok(path)
    }

    async fn money(&self, name: &str) -> anyhow::Result<AccountState> {
        balance(&self.net, &account(name)?).await
    }

    /// A command that changes the chain; its answer, once this test sees the block as well.
    async fn change(&self, who: &Noema, arguments: &[&str]) -> anyhow::Result<Value> {
        let answer = who.ask(arguments).await?;
        let block = answer["block"]["number"].as_u64().context("a block")?;
        self.net.client().wait_finalized(block.try_into()?).await?;
        Ok(answer)
    }

    /// A command of Dave's, whose fee is added up.
    async fn buy(&mut self, arguments: &[&str]) -> anyhow::Result<Value> {
        let answer = self.change(&self.dave, arguments).await?;
        self.fees += units(&answer["fee"])?;
        Ok(answer)
    }

    /// Bob registers and offers a service; its number.
    async fn offer(&self, key_file: &str) -> anyhow::Result<String> {
        let operator = account("Charlie")?.to_string();
        let register = [
            "provider",
            "register",
            "--role",
            "compute",
            "--bond",
            "500",
            "--operator",
            &operator,
            "--endpoint",
            "http://127.0.0.1:1",
            "--capacity",
            "1GiB",
        ];
        self.bob.ask(&register).await?;
        let announce = [
            "compute",
            "announce",
            "--kind",
            "chat",
            "--model",
            "tiny/1",
            "--endpoint",
            "http://127.0.0.1:2",
            "--input",
            "0.2",
            "--cached",
            "0.05",
            "--output",
            "0.8",
            "--capacity",
            "4",
            "--key-file",
            key_file,
        ];
        let said = self.charlie.refused(&announce).await?;
        ensure!(said.contains("ProviderInactive"), "{said}");
        let made = self.bob.ask(&announce).await?;
        let service = &made["service"];
        ensure!(service["verification"] == "unverified", "{made}");
        let list = self
            .dave
            .ask(&[
                "compute",
                "services",
                "--kind",
                "chat",
                "--max-output",
                "0.8",
            ])
            .await?;
        ensure!(list["services"] == json!([service]), "{list}");
        let dearer = ["compute", "services", "--max-output", "0.79"];
        let none = self.dave.ask(&dearer).await?;
        ensure!(none["services"] == json!([]), "{none}");
        Ok(service["service"].to_string())
    }
}

/// An amount in an answer.
fn units(value: &Value) -> anyhow::Result<u128> {
    let text = value
        .as_str()
        .with_context(|| format!("expected an amount, found {value}"))?;
    Ok(text.parse()?)
}

fn key(path: &str) -> anyhow::Result<SigningKey> {
    Ok(SigningKey::from_suri(&std::fs::read_to_string(path)?)?)
}

/// Both ends of a lane.
struct Lane {
    lane: LaneId,
    nonce: u64,
    owed: u128,
}

/// A request that was answered.
struct Answered {
    voucher: SignedVoucher,
    receipt: SignedReceipt,
}

/// What two parties have agreed on, and their keys.
struct Channel<'a> {
    channel: u64,
    service: u64,
    genesis: &'a Hash,
    buyer: &'a SigningKey,
    provider: &'a SigningKey,
}

impl Channel<'_> {
    /// One request more: a voucher, and the receipt of its answer.
    fn request(&self, lane: &mut Lane, maximum: u128, usage: Usage) -> anyhow::Result<Answered> {
        lane.nonce += 1;
        let voucher = Voucher {
            channel: self.channel,
            session: 0,
            lane: lane.lane,
            nonce: lane.nonce,
            service: self.service,
            paid: lane.owed,
            maximum,
            request: request_hash(ROUTE, ASKED)?,
            expires: u64::MAX,
            price: PRICE,
        };
        let amount = PRICE.cost(&usage)?.min(maximum);
        lane.owed += amount;
        let receipt = Receipt {
            channel: self.channel,
            session: 0,
            lane: lane.lane,
            nonce: lane.nonce,
            service: self.service,
            request: voucher.request,
            response: response_hash(200, ANSWERED),
            response_bytes: ANSWERED.len() as u64,
            model: b"tiny/1".to_vec().try_into().expect("it is short"),
            usage,
            price: PRICE,
            amount,
            cumulative: lane.owed,
            time: 1_764_500_000_000,
        };
        Ok(Answered {
            voucher: SignedVoucher::sign(self.buyer, &self.genesis.0, voucher),
            receipt: SignedReceipt::sign(self.provider, &self.genesis.0, receipt),
        })
    }

    /// What the provider claims of it.
    fn claim(&self, answered: &Answered, amount: u128) -> Claim {
        Claim::of(answered.voucher, amount).demanded(self.provider, &self.genesis.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_settle_in_one_call_and_too_much_costs_the_provider(
) -> anyhow::Result<()> {
    let mut market = Market::start().await?;
    let (service_key, session_key) = (market.path("service.key")?, market.path("session.key")?);
    let service = market.offer(&service_key).await?;
    let before = market.money("Dave").await?;

    let small = ["compute", "open", &service, "--cap", "0.0001", "--key-file"];
    let said = market
        .dave
        .refused(&[&small[..], &[session_key.as_str()]].concat())
        .await?;
    ensure!(said.contains("at least 0.01 NOEMA"), "{said}");
    ensure!(
        !Path::new(&session_key).exists(),
        "a key was made for nothing"
    );
    let lanes = LANES.to_string();
    let open = [
        "compute",
        "open",
        &service,
        "--cap",
        "10",
        "--lanes",
        &lanes,
        "--per-request",
        "1",
        "--key-file",
        &session_key,
    ];
    let opened = market.buy(&open).await?;
    let number = opened["channel"]["channel"].to_string();
    ensure!(opened["channel"]["left"] == CAP.to_string(), "{opened}");
    let held = market.money("Dave").await?.reserved - before.reserved;
    ensure!(held > CAP, "the purse and deposits are held");

    let (buyer, provider, genesis) = (key(&session_key)?, key(&service_key)?, market.genesis);
    let channel = Channel {
        channel: number.parse()?,
        service: service.parse()?,
        genesis: &genesis,
        buyer: &buyer,
        provider: &provider,
    };
    let mut lanes: Vec<Lane> = (0..LANES)
        .map(|lane| Lane {
            lane,
            nonce: 0,
            owed: 0,
        })
        .collect();
    let gross = settle_a_thousand(&market, &channel, &mut lanes).await?;
    let back = claim_too_much(&market, &channel, &mut lanes[0], gross).await?;
    let gross = gross + back.taken;

    // Nobody leaves while channels stand on the bond.
    let said = market
        .bob
        .refused(&["provider", "unbond", "all", "--role", "compute"])
        .await?;
    ensure!(said.contains("StillReserved"), "{said}");
    close(&mut market, &number, gross).await?;
    let after = market.money("Dave").await?;
    ensure!(after.reserved == before.reserved, "everything came back");
    let expected = before.free - gross - market.fees + back.paid_back;
    ensure!(
        after.free == expected,
        "expected {expected}, found {}: {gross} were redeemed, {} paid back, fees were {}",
        after.free,
        back.paid_back,
        market.fees
    );

    market
        .change(&market.bob, &["compute", "retire", &service])
        .await?;
    let gone = market
        .bob
        .refused(&["compute", "service", &service])
        .await?;
    ensure!(gone.contains("no service"), "{gone}");
    let bond = market.money("Bob").await?.reserved;
    ensure!(bond == BOND - back.slashed, "the service's deposit is back");
    market
        .bob
        .ask(&["provider", "unbond", "all", "--role", "compute"])
        .await?;
    market.net.shutdown().await;
    Ok(())
}

/// A thousand requests in four lanes, and one call. Returns what the payer paid.
async fn settle_a_thousand(
    market: &Market,
    channel: &Channel<'_>,
    lanes: &mut [Lane],
) -> anyhow::Result<u128> {
    let mut claims = Vec::new();
    let mut last = None;
    for lane in lanes.iter_mut() {
        for request in 0..REQUESTS {
            let usage = Usage::Tokens {
                input: 100 + request % 7,
                cached: request % 3,
                output: 50 + request % 11,
            };
            last = Some(channel.request(lane, MAXIMUM, usage)?);
        }
        let answered = last.as_ref().context("there were requests")?;
        claims.push(channel.claim(answered, lane.owed));
    }
    let gross: u128 = lanes.iter().map(|lane| lane.owed).sum();
    verify(market, &last.context("there were requests")?).await?;

    // One more that nobody signed: it is refused by itself.
    let mut forged = claims.clone();
    let mut wrong = claims[0];
    wrong.voucher.voucher.lane = 1;
    wrong.voucher.voucher.nonce += 1;
    wrong.amount = lanes[1].owed + 1;
    forged.push(wrong);
    let file: Vec<_> = forged.iter().map(Claim::to_json).collect();
    let file = market.write("claims.json", json!(file).to_string())?;
    let (bob, dave) = (market.money("Bob").await?, market.money("Dave").await?);
    let done = market
        .change(&market.charlie, &["compute", "redeem", &file])
        .await?;
    let cut: u128 = lanes.iter().map(|lane| lane.owed.div_ceil(100)).sum();
    ensure!(done["redeemed"] == gross.to_string(), "{done}");
    ensure!(done["cut"] == cut.to_string(), "{done}");
    let refused = done["refused"].as_array().context("refused")?;
    ensure!(
        refused.len() == 1 && refused[0]["index"] == 4 && refused[0]["error"] == "BadSignature",
        "{done}"
    );
    // The operator pays the fee, the bonded account is paid.
    ensure!(market.money("Bob").await?.free == bob.free + gross - cut);
    ensure!(market.money("Dave").await?.reserved == dave.reserved - gross);

    // Once more is for nothing, and changes nothing.
    let said = market
        .charlie
        .refused(&["compute", "redeem", &file])
        .await?;
    ensure!(said.contains("NothingDue"), "{said}");
    ensure!(market.money("Bob").await?.free == bob.free + gross - cut);
    Ok(gross)
}

/// A receipt is good with its answer, and not with another.
async fn verify(market: &Market, answered: &Answered) -> anyhow::Result<()> {
    let receipt = market.write("receipt.json", answered.receipt.to_json().to_string())?;
    let voucher = market.write("voucher.json", answered.voucher.to_json().to_string())?;
    let (asked, answer) = (
        market.write("request", ASKED)?,
        market.write("response", ANSWERED)?,
    );
    let verify = ["compute", "verify-receipt", &receipt, "--voucher", &voucher];
    let whole = ["--request", &asked, "--route", ROUTE, "--response", &answer];
    let good = market.dave.ask(&[&verify[..], &whole].concat()).await?;
    ensure!(
        good["good"] == true && good["response"] == "matches",
        "{good}"
    );
    let without = market.dave.ask(&verify).await?;
    ensure!(without["response"] == "unverified", "{without}");
    let mut edited = ANSWERED.to_vec();
    edited[0] ^= 1;
    let edited = market.write("edited", edited)?;
    let said = market
        .dave
        .refused(&[&verify[..], &["--response", &edited]].concat())
        .await?;
    ensure!(said.contains("another response"), "{said}");
    let mut overstated = answered.receipt.to_json();
    overstated["receipt"]["amount"] = json!("999");
    let overstated = market.write("overstated.json", overstated.to_string())?;
    let said = market
        .dave
        .refused(&[
            "compute",
            "verify-receipt",
            &overstated,
            "--voucher",
            &voucher,
        ])
        .await?;
    ensure!(said.contains("not signed by"), "{said}");
    Ok(())
}

/// What came of a claim that was too high.
struct TooMuch {
    taken: u128,
    slashed: u128,
    paid_back: u128,
}

/// The provider claims all that a voucher covers, and its own receipt says less.
async fn claim_too_much(
    market: &Market,
    channel: &Channel<'_>,
    lane: &mut Lane,
    redeemed: u128,
) -> anyhow::Result<TooMuch> {
    let owed = lane.owed;
    let usage = Usage::Tokens {
        input: 1_000,
        cached: 0,
        output: 10,
    };
    let answered = channel.request(lane, NOEMA, usage)?;
    let receipt = market.write("proof.json", answered.receipt.to_json().to_string())?;
    let said = market.eve.refused(&["compute", "report", &receipt]).await?;
    ensure!(said.contains("does not show"), "{said}");

    let claim = channel.claim(&answered, owed + NOEMA);
    let file = market.write("ceiling.json", claim.to_json().to_string())?;
    let done = market
        .change(&market.charlie, &["compute", "redeem", &file])
        .await?;
    ensure!(done["redeemed"] == NOEMA.to_string(), "{done}");
    let excess = owed + NOEMA - lane.owed;

    let (dave, eve) = (market.money("Dave").await?, market.money("Eve").await?);
    let reported = market
        .change(&market.eve, &["compute", "report", &receipt])
        .await?;
    let slashed = 6 * excess;
    let paid_back = slashed / 5;
    ensure!(reported["excess"] == excess.to_string(), "{reported}");
    ensure!(reported["slashed"] == slashed.to_string(), "{reported}");
    ensure!(reported["to_payer"] == paid_back.to_string(), "{reported}");
    ensure!(paid_back >= excess, "the payer is made whole");
    ensure!(market.money("Dave").await?.free == dave.free + paid_back);
    ensure!(
        market.money("Eve").await?.free == eve.free,
        "a report that proves something is free"
    );
    let bob = account("Bob")?.to_string();
    let status = market
        .eve
        .ask(&["provider", "status", &bob, "--role", "compute"])
        .await?;
    ensure!(
        status["bond"] == (BOND - slashed).to_string() && status["status"] == "jailed",
        "{status}"
    );
    ensure!(status["compute"]["room"] == "0", "{status}");
    let said = market.eve.refused(&["compute", "report", &receipt]).await?;
    ensure!(said.contains("punished already"), "{said}");
    let number = channel.channel.to_string();
    let channel = market.dave.ask(&["compute", "channel", &number]).await?;
    ensure!(
        channel["channel"]["redeemed"] == (redeemed + NOEMA).to_string(),
        "{channel}"
    );
    Ok(TooMuch {
        taken: NOEMA,
        slashed,
        paid_back,
    })
}

/// The payer closes, waits for the lock, and has everything back.
async fn close(market: &mut Market, number: &str, gross: u128) -> anyhow::Result<()> {
    let closing = market.buy(&["compute", "close", number]).await?;
    let until = closing["channel"]["until"].as_u64().context("a lock")?;
    let said = market.eve.refused(&["compute", "settle", number]).await?;
    ensure!(said.contains(&format!("ends at tick {until}")), "{said}");
    network::until("end of the lock", LOCK, || async {
        let tick = market.net.client().at_finalized().await?.tick().await?;
        Ok((tick >= until).then_some(()))
    })
    .await?;
    let settled = market.eve.ask(&["compute", "settle", number]).await?;
    ensure!(settled["channel"]["state"] == "settled", "{settled}");
    let purse = market.dave.ask(&["compute", "purse"]).await?;
    ensure!(
        purse["purse"]["unreserved"] == (CAP - gross).to_string(),
        "{purse}"
    );
    market.buy(&["compute", "withdraw", "all"]).await?;
    market.buy(&["compute", "remove", number]).await?;
    let provider = account("Bob")?.to_string();
    market.buy(&["compute", "forget", &provider]).await?;
    Ok(())
}
