//! `noema up`: a network on this machine, until Ctrl-C.

use std::io::{self, IsTerminal, Write};

use noema_local_net::{Error as NetError, LocalNet, LogEvent};
use serde_json::{json, Value};
use tokio::signal::unix::{signal, Signal, SignalKind};

use crate::{
    args::up::Up,
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

pub(crate) async fn run(session: &Session, up: &Up) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let output = session.output;
    let mut builder = LocalNet::builder()
        .providers(up.providers)
        .validators(up.validators)
        .tls(up.tls)
        .compute(up.compute)
        .seats(up.da.unwrap_or(0))
        .on_progress(move |step| output.note(format_args!("{step} ...")));
    if !up.tmp {
        builder = builder.data_dir(&up.data_dir);
    }
    let net = tokio::select! {
        // Dropping what has started so far kills it.
        () = signals.next() => return Err(Failure::interrupted()),
        started = builder.start() => started?,
    };
    // Before the answer, so that nothing is missed between the two.
    let mut logs = net.logs();
    for note in net.notes() {
        output.warn(note);
    }
    let peer = net.node(0).address().await?;
    output.answer(&describe(&net, &peer, up.tmp))?;

    let printer = LogPrinter::new(&net, output.is_json());
    let end = loop {
        tokio::select! {
            biased;
            () = signals.next() => break None,
            crash = net.next_crash() => break Some(crash),
            event = logs.next() => if let Some(event) = event {
                printer.print(&event);
            },
        }
    };
    output.note("stopping (Ctrl-C again kills at once) ...");
    tokio::select! {
        () = net.shutdown() => {}
        () = signals.next() => {}
    }
    match end {
        None => Ok(()),
        Some(crash) => Err(NetError::from(crash).into()),
    }
}

/// Ctrl-C, `kill`, and the end of the terminal.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|e| Failure::new("system", format!("cannot await signals: {e}")))
        };
        Ok(Self([
            on(SignalKind::interrupt())?,
            on(SignalKind::terminate())?,
            on(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// The endpoints.
fn describe(net: &LocalNet, peer: &str, temporary: bool) -> Answer {
    let apps = apps_link(&net.url());
    let mut text = Fields::new()
        .add("RPC", net.url())
        .add("Polkadot.js Apps", &apps);
    for node in &net.nodes()[1..] {
        text = text.add(format!("RPC of {}", node.name()), node.ws_url());
    }
    for provider in net.providers() {
        text = text.add(
            provider.name(),
            format!("{}  {}", provider.endpoint(), provider.account()),
        );
    }
    if let Some(market) = net.market() {
        let model = noema_local_net::MODEL;
        text = text
            .add(
                "gateway",
                format!("{}  {}", market.gateway_url(), market.provider()),
            )
            .add(
                "OpenAI's interface",
                format!("{}  model {model}", market.proxy_url()),
            );
    }
    if let Some(availability) = net.availability() {
        for seat in availability.seats() {
            text = text.add(
                seat.name(),
                format!("{}  {}", seat.endpoint(), seat.account()),
            );
        }
        text = text.add("gateway of blobs", availability.gateway_url());
    }
    for node in net.nodes() {
        text = text.add(format!("metrics of {}", node.name()), node.metrics_url());
    }
    for provider in net.providers() {
        text = text.add(
            format!("metrics of {}", provider.name()),
            provider.metrics_url(),
        );
    }
    let spec = net.data_dir().join("chain-spec.json");
    text = text
        .add("specification", spec.display())
        .add("node-1 for peers", peer);
    let kept = if temporary {
        " (thrown away at the end)"
    } else {
        ""
    };
    text = text.add("data", format!("{}{kept}", net.data_dir().display()));
    text = text.add("logs", net.data_dir().join("logs").display());

    let mut hint = String::new();
    if net.url() != crate::args::DEFAULT_URL {
        hint = format!("Other commands need: export NOEMA_URL={}\n", net.url());
    }
    if let Some(market) = net.market() {
        if market.proxy_url() != crate::args::compute::PROXY_URL {
            hint += &format!("export NOEMA_PROXY_URL={}\n", market.proxy_url());
        }
    }
    let text = format!("\n{text}\n{hint}Everything runs. Ctrl-C stops it.\n\n");

    let nodes: Vec<_> = net
        .nodes()
        .iter()
        .map(|node| {
            json!({
                "name": node.name(),
                "rpc": node.ws_url(),
                "metrics": node.metrics_url(),
                "pid": node.pid(),
            })
        })
        .collect();
    let providers: Vec<_> = net
        .providers()
        .iter()
        .map(|provider| {
            json!({
                "name": provider.name(),
                "endpoint": provider.endpoint(),
                "account": provider.account(),
                "operator": provider.operator_key().account(),
                "metrics": provider.metrics_url(),
                "pid": provider.pid(),
            })
        })
        .collect();
    Answer::new(
        text,
        json!({
            "ready": true,
            "rpc": net.url(),
            "apps": apps,
            "genesis": net.client().genesis_hash(),
            "chain_spec": spec,
            "peer": peer,
            "data_dir": net.data_dir(),
            "nodes": nodes,
            "providers": providers,
            "compute": net.market().map(|market| json!({
                "proxy": market.proxy_url(),
                "gateway": market.gateway_url(),
                "provider": market.provider(),
                "payer": market.payer(),
                "model": noema_local_net::MODEL,
            })),
            "da": net.availability().map(|availability| json!({
                "gateway": availability.gateway_url(),
                "payer": availability.payer(),
                "seats": availability.seats().iter().map(|seat| json!({
                    "name": seat.name(),
                    "endpoint": seat.endpoint(),
                    "account": seat.account(),
                    "operator": seat.operator_key().account(),
                    "metrics": seat.metrics_url(),
                    "pid": seat.pid(),
                })).collect::<Vec<_>>(),
            })),
            "notes": net.notes(),
        }),
    )
}

/// Polkadot.js Apps, connected to this node.
fn apps_link(url: &str) -> String {
    let mut encoded = String::new();
    for byte in url.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("https://polkadot.js.org/apps/?rpc={encoded}")
}

/// Prints the merged log: to standard output, or to standard error where the answer in JSON has
/// standard output for itself.
struct LogPrinter {
    to_stderr: bool,
    colour: bool,
    names: Vec<String>,
    width: usize,
}

impl LogPrinter {
    /// Colours that can be read on dark and light grounds.
    const COLOURS: [u8; 6] = [36, 33, 35, 32, 34, 31];

    fn new(net: &LocalNet, json: bool) -> Self {
        let nodes = net.nodes().iter().map(|node| node.name().to_owned());
        let providers = net
            .providers()
            .iter()
            .map(|provider| provider.name().to_owned());
        let availability = net.availability();
        let seats = availability.into_iter().flat_map(|all| all.seats());
        let seats = seats.map(|seat| seat.name().to_owned());
        let gateway = availability.map(|_| "da-gateway".to_owned());
        let market = net.market().map(|_| ["gateway", "proxy"]);
        let market = market.into_iter().flatten().map(str::to_owned);
        let names: Vec<String> = nodes
            .chain(providers)
            .chain(market)
            .chain(seats)
            .chain(gateway)
            .collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let terminal = if json {
            io::stderr().is_terminal()
        } else {
            io::stdout().is_terminal()
        };
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            to_stderr: json,
            colour,
            names,
            width,
        }
    }

    fn print(&self, event: &LogEvent) {
        let line = match event {
            LogEvent::Line(line) => self.line(&line.source, &line.text),
            LogEvent::Skipped(lines) => {
                format!("... {lines} lines are only in the log files: this output is too slow ...")
            }
        };
        // A closed output is no reason to stop the network.
        let _ = if self.to_stderr {
            writeln!(io::stderr(), "{line}")
        } else {
            writeln!(io::stdout(), "{line}")
        };
    }

    fn line(&self, source: &str, text: &str) -> String {
        let width = self.width;
        if !self.colour {
            return format!("{source:width$} | {text}");
        }
        let place = self
            .names
            .iter()
            .position(|name| name == source)
            .unwrap_or(0);
        let colour = Self::COLOURS[place % Self::COLOURS.len()];
        format!("\u{1b}[{colour}m{source:width$} |\u{1b}[0m {text}")
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        let message = error.to_string();
        match error {
            NetError::BadShape(_) => Self::usage(message),
            NetError::Locked { .. } => Self::new("locked", message),
            NetError::ForeignDirectory { .. } | NetError::OtherValidators { .. } => {
                Self::new("data_dir", message)
            }
            NetError::BinaryMissing { .. } => Self::new("not_built", message),
            NetError::Died(crash) => {
                let details: Value = json!({ "process": crash.name, "status": crash.status });
                Self::new("process_ended", message).with(details)
            }
            _ => Self::new("network", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_link_carries_the_address_escaped() {
        assert_eq!(
            apps_link("ws://127.0.0.1:9944"),
            "https://polkadot.js.org/apps/?rpc=ws%3A%2F%2F127.0.0.1%3A9944"
        );
    }

    #[test]
    fn lines_carry_the_name_of_their_process() {
        let mut printer = LogPrinter {
            to_stderr: false,
            colour: false,
            names: vec!["node-1".into(), "provider-1".into()],
            width: 10,
        };
        assert_eq!(printer.line("node-1", "x"), "node-1     | x");
        printer.colour = true;
        assert!(printer
            .line("provider-1", "x")
            .starts_with("\u{1b}[33mprovider-1 |"));
    }
}
