//! The server: listeners, TLS, limits, and a shutdown that lets requests in flight finish.

use std::{
    fs::File, io::BufReader, net::SocketAddr, num::NonZeroUsize, path::Path, sync::Arc, time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{door::Door, guard::guard};
use crate::{
    config::Server,
    hub::Hub,
    kernel::{Code, Coded, Fault},
};

/// Why the hub cannot serve. Each is a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}; choose another server.address, or stop what listens there"
    )]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error(
        "cannot use {what} for TLS: {reason}; correct server.tls_certificate and server.tls_key, or empty both and let something in \
         front of the hub serve TLS; for server.client_ca, correct or empty that"
    )]
    Tls {
        /// The file.
        what: String,
        /// Why.
        reason: String,
    },
}

impl Coded for ServeError {
    fn code(&self) -> Code {
        match self {
            Self::Address { .. } => Code::new("server.address", Fault::Unavailable),
            Self::Tls { .. } => Code::new("server.tls", Fault::Malformed),
        }
    }
}

/// A server that runs: where, and how to stop it.
pub struct Serving {
    /// The address it listens on, with the port that was chosen when 0 was asked for.
    pub address: SocketAddr,
    /// Stops it.
    pub handle: ServerHandle,
    /// Ends when the server has ended.
    pub ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Begins to serve these routes. Stopping the handle gracefully lets requests in flight finish.
pub fn serve(hub: &Hub, routes: fn(&mut ServiceConfig)) -> Result<Serving, ServeError> {
    let settings = hub.settings();
    let (server, limits) = (settings.server.clone(), settings.limits.clone());
    let data = web::Data::new(hub.clone());
    let door = web::Data::new(Door::new(settings));
    let tidy = door.clone();
    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        workers => workers,
    };
    let app = move || {
        App::new()
            .app_data(data.clone())
            .app_data(door.clone())
            .app_data(web::FormConfig::default().limit(16_384))
            .wrap(from_fn(guard))
            .configure(routes)
    };
    let http = HttpServer::new(app)
        .keep_alive(Duration::from_secs(limits.keep_alive_seconds))
        .client_request_timeout(Duration::from_secs(limits.header_seconds))
        .workers(workers)
        // Counted by each worker for itself.
        .max_connections(limits.connections.div_ceil(workers))
        .shutdown_timeout(server.shutdown_seconds)
        .disable_signals();
    let unbound = |source| ServeError::Address { address: server.address, source };
    let http = if server.tls_certificate.as_os_str().is_empty() {
        http.bind_auto_h2c(server.address).map_err(unbound)?
    } else {
        let tls = tls(&server)?;
        http.bind_rustls_0_23(server.address, tls).map_err(unbound)?
    };
    let address = http.addrs().first().copied().unwrap_or(server.address);
    let running = http.run();
    let handle = running.handle();
    let ended = tokio::spawn(async move {
        let mut running = std::pin::pin!(running);
        let mut every = tokio::time::interval(Duration::from_secs(60));
        loop {
            tokio::select! {
                done = &mut running => return done,
                _ = every.tick() => tidy.tidy(),
            }
        }
    });
    Ok(Serving { address, handle, ended })
}

/// The one crypto provider of this process, for serving and for outgoing calls.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn refuse(what: &Path, reason: String) -> ServeError {
    ServeError::Tls { what: what.display().to_string(), reason }
}

fn open(path: &Path) -> Result<BufReader<File>, ServeError> {
    File::open(path).map(BufReader::new).map_err(|error| refuse(path, error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let chain = CertificateDer::pem_reader_iter(open(path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse(path, error.to_string()))?;
    if chain.is_empty() {
        return Err(refuse(path, String::from("it holds no certificate in PEM")));
    }
    Ok(chain)
}

fn tls(server: &Server) -> Result<ServerConfig, ServeError> {
    let (certificate, key) = (&server.tls_certificate, &server.tls_key);
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_reader(open(key)?).map_err(|error| {
        let none = matches!(error, pem::Error::NoItemsFound);
        let none = none.then(|| String::from("it holds no key in PEM, or one that a passphrase protects"));
        refuse(key, none.unwrap_or_else(|| error.to_string()))
    })?;
    let provider = provider();
    provider
        .key_provider
        .load_private_key(private.clone_key())
        .map_err(|error| refuse(key, error.to_string()))?;
    let callers = callers(&server.client_ca, &provider)?;
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_client_cert_verifier(callers).with_single_cert(chain, private))
        .map_err(|error| {
            if matches!(error, rustls::Error::InconsistentKeys(_)) {
                refuse(key, format!("it does not belong to the certificate in {}", certificate.display()))
            } else {
                refuse(certificate, error.to_string())
            }
        })
}

/// Who may connect: anybody, or whoever shows a certificate of one of these authorities.
fn callers(
    authorities: &Path,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ServeError> {
    if authorities.as_os_str().is_empty() {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate).map_err(|error| refuse(authorities, error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| refuse(authorities, error.to_string()))
}
