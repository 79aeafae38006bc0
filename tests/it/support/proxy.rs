//! A line to PostgreSQL that can be cut, refused, kept silent, or lost at the moment of a COMMIT.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What happens on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Everything passes.
    Good,
    /// Connections stay, and nothing passes.
    Silent,
    /// The next COMMIT reaches the server, which does it; the connection breaks before the answer. Then all is good again.
    LosesAnswer,
    /// The connection breaks before the next COMMIT reaches the server. Then all is good again.
    LosesCommit,
}

/// The line. Dropping it ends it.
pub(crate) struct Proxy {
    address: SocketAddr,
    ends: Arc<Ends>,
    accepting: Option<JoinHandle<()>>,
}

struct Ends {
    server: String,
    line: watch::Sender<Line>,
    /// Counts how often every connection was cut.
    cuts: watch::Sender<usize>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
        self.cut();
    }
}

impl Proxy {
    /// A good line to a server, `HOST:PORT`.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ends = Ends {
            server: server.to_owned(),
            line: watch::Sender::new(Line::Good),
            cuts: watch::Sender::new(0),
        };
        let (address, ends) = (listener.local_addr().unwrap(), Arc::new(ends));
        let accepting = Some(tokio::spawn(Arc::clone(&ends).accept(listener)));
        Self { address, ends, accepting }
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, line: Line) {
        self.ends.line.send_replace(line);
    }

    /// Whether a COMMIT that should be lost was lost.
    pub(crate) fn is_good(&self) -> bool {
        *self.ends.line.borrow() == Line::Good
    }

    /// Breaks every connection; new ones are taken.
    pub(crate) fn cut(&self) {
        self.ends.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Breaks every connection; new ones are refused.
    pub(crate) async fn down(&mut self) {
        let accepting = self.accepting.take().unwrap();
        accepting.abort();
        let _aborted = accepting.await;
        self.cut();
    }

    /// Takes connections again.
    pub(crate) async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accepting = Some(tokio::spawn(Arc::clone(&self.ends).accept(listener)));
    }
}

impl Ends {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let mut cuts = self.cuts.subscribe();
            let ends = Arc::clone(&self);
            tokio::spawn(async move {
                tokio::select! {
                    () = ends.pass(client) => {}
                    _ = cuts.changed() => {}
                }
            });
        }
    }

    /// Passes everything on until one side ends.
    async fn pass(&self, mut client: TcpStream) {
        let mut line = self.line.subscribe();
        let mut server = TcpStream::connect(&self.server).await.unwrap();
        let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            let (read, to, bytes) = tokio::select! {
                read = client.read(&mut asked) => (read, &mut server, &asked),
                read = server.read(&mut answered) => (read, &mut client, &answered),
            };
            let Ok(read @ 1..) = read else { return };
            let bytes = &bytes[..read];
            let now = *line.wait_for(|line| *line != Line::Silent).await.unwrap();
            // A command of its own, as libpq sends it: Q, the length, the text, a zero.
            let is_commit = bytes == b"Q\0\0\0\x0bCOMMIT\0";
            if is_commit && now != Line::Good {
                self.line.send_replace(Line::Good);
                if now == Line::LosesAnswer {
                    server.write_all(bytes).await.unwrap();
                    assert!(server.read(&mut answered).await.unwrap() > 0);
                }
                return;
            }
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }
}
