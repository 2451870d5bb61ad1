//! Links between nodes that can be cut and slowed, without any right over the machine.
//!
//! Each node reaches each other one through a relay of its own: a listener on the loopback that carries bytes to the other node's
//! port. What this models, and what not:
//!
//! - **A cut** is silent, as that of a cable: connections stay open and nothing arrives, new ones are taken and get no further. What was
//!   sent meanwhile arrives when the cut heals, if both ends still hold the connection, as TCP would send it again.
//! - **A delay** holds every piece of a connection back for the same time in each direction; order is kept, as in TCP. Nothing is lost, the
//!   line's rate has no limit, and a connection is opened without waiting: the first exchange on it is one round quicker than on a real line.
//!
//! That nodes take no other way is the matter of their flags and of the chain's type: see [`chain_spec`](crate::chain_spec). They still tell
//! each other the addresses of links, though, and a node that is cut off would dial its peers over links of others. So a link takes
//! only its own dialler, which it knows by the port: litep2p dials from the port that it listens at.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        TcpListener, TcpStream,
    },
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{sleep, sleep_until, Instant},
};

use crate::{
    ports::{Port, PortChoice},
    Error,
};

/// Most bytes of one piece.
const PIECE: usize = 16 << 10;
/// Pieces under way in one direction of a connection before its sender has to wait.
const UNDER_WAY: usize = 4096;
/// Pause after a connection could not be taken: the process has too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// The links between all nodes of a network, one for each pair and direction of dialling.
#[derive(Debug)]
pub struct Links {
    links: Vec<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Condition {
    cut: bool,
    delay: Duration,
}

/// The way by which one node dials another.
#[derive(Debug)]
struct Link {
    from: usize,
    to: usize,
    port: Port,
    condition: watch::Sender<Condition>,
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Links {
    /// Opens a link between any two of the nodes that listen on `ports`.
    pub(crate) async fn open(ports: &[u16], delay: Duration) -> Result<Self, Error> {
        let mut links = Vec::new();
        for dialler in ports.iter().copied().enumerate() {
            for target in ports.iter().copied().enumerate() {
                if dialler != target {
                    links.push(Link::open(dialler, target, delay).await?);
                }
            }
        }
        Ok(Self { links })
    }

    /// The port at which `from` finds `to`.
    pub(crate) fn port(&self, from: usize, to: usize) -> Option<u16> {
        self.links
            .iter()
            .find(|link| link.from == from && link.to == to)
            .map(|link| link.port.number())
    }

    /// Cuts the node with this place, from 0, off from all others.
    pub fn cut(&self, node: usize) {
        self.change(node, true);
    }

    /// Ends the cut of this node.
    pub fn heal(&self, node: usize) {
        self.change(node, false);
    }

    fn change(&self, node: usize, cut: bool) {
        for link in &self.links {
            if link.from == node || link.to == node {
                link.condition.send_modify(|condition| condition.cut = cut);
            }
        }
    }

    /// Delays what is sent from now on over any link, in each direction.
    pub fn delay(&self, delay: Duration) {
        for link in &self.links {
            link.condition
                .send_modify(|condition| condition.delay = delay);
        }
    }
}

impl Link {
    /// The way from one node to another, each given by place and port.
    async fn open(
        (from, dialler): (usize, u16),
        (to, target): (usize, u16),
        delay: Duration,
    ) -> Result<Self, Error> {
        let port = Port::choose(PortChoice::Free, 0, "a link between nodes")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number()))
            .await
            .map_err(|_| Error::NoPort {
                what: "a link between nodes",
            })?;
        let (condition, state) = watch::channel(Condition { cut: false, delay });
        let task = tokio::spawn(serve(listener, dialler, target, state));
        Ok(Self {
            from,
            to,
            port,
            condition,
            task,
        })
    }
}

/// Takes connections from the dialler; all end when this does.
async fn serve(
    listener: TcpListener,
    dialler: u16,
    target: u16,
    condition: watch::Receiver<Condition>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                // Dropped, which closes it.
                Ok((_, stranger)) if stranger.port() != dialler => {
                    tracing::debug!(%stranger, "a link is dialled by somebody else");
                }
                Ok((near, _)) => {
                    connections.spawn(carry(near, target, condition.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a link takes no connection");
                    sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until both directions have ended.
async fn carry(near: TcpStream, target: u16, mut condition: watch::Receiver<Condition>) {
    whole(&mut condition).await;
    // Nobody listens there: closing the near end says so.
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else {
        return;
    };
    // Votes are small and must not wait to be joined.
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    let (from_near, to_near) = near.into_split();
    let (from_far, to_far) = far.into_split();
    tokio::join!(
        pass(from_near, to_far, condition.clone()),
        pass(from_far, to_near, condition),
    );
}

/// Passes one direction on, each piece when its time has come and the link is whole.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    condition: watch::Receiver<Condition>,
) {
    let (queue, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let mut at_end = condition.clone();
    let read = async move {
        let mut piece = vec![0; PIECE];
        loop {
            // An empty piece says that the sender has closed; so does its failure.
            let length = from.read(&mut piece).await.unwrap_or(0);
            let due = Instant::now() + condition.borrow().delay;
            let bytes = piece.get(..length).unwrap_or_default().to_vec();
            if queue.send((due, bytes)).await.is_err() || length == 0 {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            whole(&mut at_end).await;
            if bytes.is_empty() || to.write_all(&bytes).await.is_err() {
                // The receiver is gone, or is told that the sender is.
                let _ = to.shutdown().await;
                return;
            }
        }
    };
    tokio::join!(read, write);
}

/// Waits while the link is cut.
async fn whole(condition: &mut watch::Receiver<Condition>) {
    // The sender lives as long as the task that waits here.
    let _ = condition.wait_for(|condition| !condition.cut).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{net::TcpSocket, task::yield_now, time::timeout};

    const DELAY: Duration = Duration::from_millis(60);
    /// Long enough for anything that is not held back.
    const SOON: Duration = Duration::from_secs(10);

    /// Two ends that echo what they get, with links between them.
    struct Ends {
        links: Links,
        ports: Vec<u16>,
        echoes: Vec<JoinHandle<()>>,
    }

    /// A socket with this port, which others of this test may have as well.
    fn socket(port: u16) -> TcpSocket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
        socket
    }

    impl Ends {
        async fn new(delay: Duration) -> Self {
            let (mut ports, mut echoes) = (Vec::new(), Vec::new());
            for _ in 0..2 {
                let listener = socket(0).listen(8).unwrap();
                ports.push(listener.local_addr().unwrap().port());
                echoes.push(tokio::spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        tokio::spawn(async move {
                            let (mut read, mut write) = stream.split();
                            let _ = tokio::io::copy(&mut read, &mut write).await;
                        });
                    }
                }));
            }
            Self {
                links: Links::open(&ports, delay).await.unwrap(),
                ports,
                echoes,
            }
        }

        /// Dials as litep2p does, from the port that the end listens at.
        async fn dial(&self, from: usize, to: usize) -> TcpStream {
            let link = self.links.port(from, to).unwrap();
            let socket = socket(self.ports[from]);
            let target = (Ipv4Addr::LOCALHOST, link).into();
            socket.connect(target).await.unwrap()
        }
    }

    async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
        let mut answer = vec![0; length];
        timeout(SOON, stream.read_exact(&mut answer))
            .await
            .expect("an answer")
            .unwrap();
        answer
    }

    async fn echoed(stream: &mut TcpStream, word: &[u8]) -> Vec<u8> {
        stream.write_all(word).await.unwrap();
        read(stream, word.len()).await
    }

    /// Whether nothing arrives, for long enough to tell.
    async fn silent(stream: &TcpStream) -> bool {
        timeout(Duration::from_millis(200), stream.peek(&mut [0]))
            .await
            .is_err()
    }

    /// Waits until the other side has closed without a word.
    async fn closed(mut stream: TcpStream) {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = timeout(SOON, stream.read_to_end(&mut rest))
            .await
            .expect("an end");
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn each_direction_is_delayed_and_order_kept() {
        let ends = Ends::new(DELAY).await;
        let mut stream = ends.dial(0, 1).await;
        let began = Instant::now();
        assert_eq!(echoed(&mut stream, b"to and fro").await, b"to and fro");
        assert!(began.elapsed() >= DELAY * 2, "{:?}", began.elapsed());
        ends.links.delay(Duration::ZERO);
        let long: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut read, mut write) = stream.split();
        let mut answer = vec![0; long.len()];
        let (sent, got) = tokio::join!(write.write_all(&long), read.read_exact(&mut answer));
        sent.unwrap();
        got.unwrap();
        assert_eq!(answer, long);
    }

    #[tokio::test]
    async fn a_cut_holds_everything_back_until_it_heals() {
        let ends = Ends::new(Duration::ZERO).await;
        let mut stream = ends.dial(0, 1).await;
        assert_eq!(echoed(&mut stream, b"before").await, b"before");
        ends.links.cut(1);
        stream.write_all(b"during").await.unwrap();
        let mut new = ends.dial(1, 0).await;
        new.write_all(b"new").await.unwrap();
        assert!(silent(&stream).await && silent(&new).await);
        ends.links.heal(1);
        assert_eq!(read(&mut stream, 6).await, b"during");
        assert_eq!(read(&mut new, 3).await, b"new");
    }

    #[tokio::test]
    async fn an_end_is_passed_on() {
        let ends = Ends::new(Duration::ZERO).await;
        let mut stream = ends.dial(0, 1).await;
        assert_eq!(echoed(&mut stream, b"x").await, b"x");
        stream.shutdown().await.unwrap();
        closed(stream).await;
        for echo in &ends.echoes {
            echo.abort();
        }
        while !ends.echoes.iter().all(JoinHandle::is_finished) {
            yield_now().await;
        }
        // Nobody listens any more, and who dials is told.
        closed(ends.dial(1, 0).await).await;
    }

    #[tokio::test]
    async fn a_link_is_closed_to_others_than_its_dialler() {
        let ends = Ends::new(Duration::ZERO).await;
        let link = ends.links.port(0, 1).unwrap();
        let stranger = TcpStream::connect((Ipv4Addr::LOCALHOST, link)).await;
        closed(stranger.unwrap()).await;
        let mut dialler = ends.dial(0, 1).await;
        assert_eq!(echoed(&mut dialler, b"mine").await, b"mine");
    }
}
