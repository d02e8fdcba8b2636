//! Connections that resolve the host name only when they are opened, and keep its addresses.
//!
//! ureq resolves the host name of each request, even if a connection is open. Its interfaces for
//! another behaviour are not stable, so this is a feature.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport, time,
};
use ureq::{Agent, Error, Timeout};

/// As long as curl keeps addresses.
const LIFETIME: Duration = Duration::from_secs(60);

/// The number of addresses that ureq takes.
const MAX_ADDRESSES: usize = 16;

pub(super) fn agent(config: Config) -> Agent {
    let connector =
        LateConnector { inner: DefaultConnector::new(), addresses: Addresses::default() };
    Agent::with_parts(config, connector, NoResolver)
}

/// ureq calls the resolver before it looks for an open connection.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

#[derive(Debug)]
struct LateConnector {
    inner: DefaultConnector,
    addresses: Addresses,
}

impl Connector for LateConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let addrs = match details.config.proxy() {
            // The proxy resolves the name.
            Some(proxy) if !proxy.resolve_target() => self.addresses.empty(),
            _ => self.addresses.resolve(details.uri, details.config, details.timeout)?,
        };
        let now = (details.current_time)();
        let timeout = remaining(details, now)?;

        let connected = self.inner.connect(
            &ConnectionDetails {
                uri: details.uri,
                addrs,
                config: details.config,
                // No request has another TLS configuration than the agent, which ureq then keeps.
                request_level: false,
                resolver: &self.addresses,
                now,
                timeout,
                current_time: Arc::clone(&details.current_time),
                run_connector: Arc::clone(&details.run_connector),
                register_shutdown: Arc::clone(&details.register_shutdown),
            },
            chained,
        );
        if connected.is_err() {
            self.addresses.forget(details.uri);
        }
        connected
    }
}

/// What is left of the time for connecting.
fn remaining(details: &ConnectionDetails, now: time::Instant) -> Result<NextTimeout, Error> {
    let (time::Duration::Exact(limit), time::Instant::Exact(start), time::Instant::Exact(now)) =
        (details.timeout.after, details.now, now)
    else {
        return Ok(details.timeout);
    };

    match limit.saturating_sub(now.saturating_duration_since(start)) {
        Duration::ZERO => Err(Error::Timeout(details.timeout.reason)),
        after => Ok(NextTimeout { after: time::Duration::Exact(after), ..details.timeout }),
    }
}

/// The addresses of hosts, each with a port.
#[derive(Clone, Debug, Default)]
struct Addresses(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lookups: Mutex<HashMap<String, Lookup>>,
    ended: Condvar,
}

#[derive(Debug)]
enum Lookup {
    /// A thread looks the name up. There is one at most for each name, also if it never ends.
    Running,
    Ended {
        at: Instant,
        result: io::Result<Vec<SocketAddr>>,
    },
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let name = name(uri).ok_or(Error::HostNotFound)?;
        let found = match name.parse() {
            Ok(address) => vec![address],
            Err(_) => self.look_up(&name, timeout)?,
        };

        let mut addresses = self.empty();
        let family = config.ip_family();
        family.keep_wanted(found.into_iter()).take(MAX_ADDRESSES).for_each(|it| addresses.push(it));
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

impl Addresses {
    fn look_up(&self, name: &str, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
        let start = Instant::now();
        let mut lookups = self.lock();
        loop {
            match lookups.get(name) {
                Some(Lookup::Running) => {}
                Some(Lookup::Ended { at, result: Ok(found) }) if at.elapsed() < LIFETIME => {
                    return Ok(found.clone());
                }
                Some(Lookup::Ended { at, result: Err(error) }) if *at >= start => {
                    return Err(io::Error::new(error.kind(), error.to_string()).into());
                }
                _ => {
                    self.start(name.to_owned())?;
                    lookups.insert(name.to_owned(), Lookup::Running);
                }
            }

            let left = timeout.after.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(Error::Timeout(match timeout.reason {
                    Timeout::Connect => Timeout::Resolve,
                    reason => reason,
                }));
            }
            let waited = self.0.ended.wait_timeout(lookups, left);
            lookups = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Starts a thread, because the operating system's lookup takes no time limit.
    fn start(&self, name: String) -> io::Result<()> {
        let addresses = self.clone();
        let look_up = move || {
            let result = name.to_socket_addrs().map(Iterator::collect);
            addresses.lock().insert(name, Lookup::Ended { at: Instant::now(), result });
            addresses.0.ended.notify_all();
        };
        thread::Builder::new().spawn(look_up).map(drop).map_err(|error| {
            io::Error::new(io::ErrorKind::WouldBlock, format!("could not start a thread: {error}"))
        })
    }

    fn forget(&self, uri: &Uri) {
        let Some(name) = name(uri) else { return };
        let mut lookups = self.lock();
        if matches!(lookups.get(&name), Some(Lookup::Ended { .. })) {
            lookups.remove(&name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.0.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host and port.
fn name(uri: &Uri) -> Option<String> {
    DefaultResolver::host_and_port(uri.scheme()?, uri.authority()?)
}
