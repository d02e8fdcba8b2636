//! `NO_PROXY`: the hosts that are reached without the environment's proxy.

use std::net::IpAddr;

use ureq::http::Uri;

use super::url::ip_address;

/// A list of hosts, networks and `*`.
#[derive(Default)]
pub(crate) struct NoProxy(Vec<Entry>);

struct Entry {
    hosts: Hosts,
    /// The only port that the entry is about, if it names one.
    port: Option<u16>,
}

enum Hosts {
    All,
    /// A domain in lower case, with everything below it.
    Domain(String),
    Network {
        address: IpAddr,
        prefix: u32,
    },
}

impl NoProxy {
    /// Parses a list that commas and spaces separate. An entry in a form that only other programs
    /// know matches no host, so that the proxy is used.
    pub(super) fn parse(list: &str) -> Self {
        let is_separator = |char: char| char == ',' || char.is_whitespace();
        Self(
            list.split(is_separator).filter(|it| !it.is_empty()).filter_map(Entry::parse).collect(),
        )
    }

    pub(super) fn contains(&self, uri: &Uri) -> bool {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(443);
        self.0
            .iter()
            .any(|entry| entry.port.is_none_or(|it| it == port) && entry.hosts.contain(host))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let network = |text: &str| {
            let (address, prefix) = match text.split_once('/') {
                Some((address, prefix)) => (ip_address(address)?, prefix.parse().ok()?),
                None => (ip_address(text)?, u32::MAX),
            };
            Some(Hosts::Network { address, prefix })
        };
        // The colons of an IPv6 address without brackets separate no port.
        if let Some(hosts) = network(text) {
            return Some(Self { hosts, port: None });
        }

        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let domain = host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host);
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
        let hosts = match network(host) {
            Some(hosts) => hosts,
            None if host == "*" => Hosts::All,
            None => Hosts::Domain(domain),
        };
        Some(Self { hosts, port })
    }
}

impl Hosts {
    fn contain(&self, host: &str) -> bool {
        match (self, ip_address(host)) {
            (Self::All, _) => true,
            (Self::Network { address, prefix }, Some(host)) => is_within(host, *address, *prefix),
            (Self::Domain(domain), None) => {
                let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
                let above = host.strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Network { .. }, None) | (Self::Domain(_), Some(_)) => false,
        }
    }
}

/// Returns `true` if the first `prefix` bits of both addresses are equal.
fn is_within(host: IpAddr, network: IpAddr, prefix: u32) -> bool {
    let differing_from = match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            (host.to_bits() ^ network.to_bits()).leading_zeros().min(32)
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            (host.to_bits() ^ network.to_bits()).leading_zeros()
        }
        _ => return false,
    };
    let bits = if host.is_ipv4() { 32 } else { 128 };
    differing_from >= prefix.min(bits)
}
