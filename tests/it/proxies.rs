//! The choice of a proxy. The environment's is tested in processes of their own.

use std::env;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use twilio_room_recordings::{ErrorKind, RetryPolicy, RootCertificates};

use crate::authority::Authority;
use crate::support::fake_server::recording;
use crate::support::proxy::ConnectProxy;
use crate::support::{RawServer, builder, close, http, in_process, ok, page, room};

/// An API and a storage with TLS on one port of localhost. Only a proxy leads to their names, and
/// the address 0.0.0.0, which is no loopback address, leads to them without one.
pub struct Servers {
    authority: Authority,
    pub port: u16,
}

const MEDIA: &[u8] = &[7; 1000];

impl Servers {
    /// Starts the servers. The media is on this host.
    pub fn start(storage_host: &'static str) -> Self {
        let authority = Authority::new();
        let hosts = ["video.example.test", "storage.example.test", "0.0.0.0"];
        let own_port = Arc::new(OnceLock::new());
        let known = Arc::clone(&own_port);
        let port = authority.serve(&hosts, 2099, move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            match path.split('?').next().unwrap_or_default() {
                "/media" => http("200 OK", "", MEDIA),
                path if path.ends_with("/Media") => {
                    let authority = format!("{storage_host}:{}", known.wait());
                    let location = format!("Location: https://{authority}/media?Signature=x\r\n");
                    http("302 Found", &location, b"")
                }
                _ => {
                    let mut recording = recording(0);
                    recording["size"] = json!(MEDIA.len());
                    ok(&page(&[recording], Value::Null))
                }
            }
        });
        own_port.set(port).expect("the first port");
        Self { authority, port }
    }

    /// Lists and downloads in a process with this environment, and returns what it prints.
    pub fn list(&self, host: &str, variables: &[(&str, &str)]) -> String {
        let base_url = format!("https://{host}:{}", self.port);
        let test = [("BASE_URL", base_url.as_str()), ("ROOT", &self.authority.pem)];
        in_process("proxies::lists_by_the_environment", &[variables, &test].concat())
    }
}

#[test]
#[ignore = "other tests run it in a process of its own"]
fn lists_by_the_environment() {
    let base_url = env::var("BASE_URL").unwrap();
    let mut builder = builder(&base_url).retry(RetryPolicy::off());
    if let Ok(root) = env::var("ROOT") {
        builder = builder.root_certificates(RootCertificates::Pem(root.into()));
    }
    match env::var("PROXY").as_deref() {
        Err(_) => {}
        Ok("none") => builder = builder.no_proxy(),
        Ok(url) => builder = builder.proxy(url),
    }
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return println!("rejected: {error} {:?}", error.kind()),
    };

    for item in client.recordings(room()) {
        let recording = match item {
            Ok(recording) => recording,
            Err(error) => return println!("failed: {error}"),
        };
        println!("listed {}", recording.sid);
        match client.media(&recording).write_to(&mut std::io::sink()) {
            Ok(done) => println!("downloaded {}", done.size),
            Err(error) => println!("not downloaded: {error}, requests: {}.", error.attempts()),
        }
    }
}

#[test]
fn api_and_storage_are_reached_through_the_proxy() {
    let servers = Servers::start("storage.example.test");
    let proxy = ConnectProxy::start(servers.port);
    let url = format!("http://us%65r:p%40ss@{}", proxy.address);
    let shown = servers.list("video.example.test", &[("HTTPS_PROXY", &url)]);
    assert!(shown.contains("listed RT") && shown.contains("downloaded 1000"), "{shown}");

    let port = servers.port;
    let targets = [format!("video.example.test:{port}"), format!("storage.example.test:{port}")];
    assert_eq!(proxy.targets(), targets);
    for head in proxy.heads() {
        assert!(head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), "{head}");
        assert!(!head.to_lowercase().contains("\r\nauthorization"), "{head}");
    }
}

#[test]
fn first_variable_that_is_set_is_the_proxy() {
    let servers = Servers::start("storage.example.test");
    let good = ConnectProxy::start(servers.port);
    let bad = ConnectProxy::start_with("502 Bad Gateway", 0);
    let (url, other) = (good.url(), bad.url());
    let with_slash = format!("{url}/");
    let cases: [&[(&str, &str)]; 14] = [
        &[("https_proxy", &url)],
        &[("HTTPS_PROXY", &url)],
        &[("all_proxy", &url)],
        &[("ALL_PROXY", &url)],
        &[("https_proxy", &url), ("HTTPS_PROXY", &other)],
        &[("all_proxy", &url), ("ALL_PROXY", &other)],
        &[("HTTPS_PROXY", &url), ("all_proxy", &other), ("ALL_PROXY", &other)],
        &[("https_proxy", ""), ("HTTPS_PROXY", &url)],
        &[("HTTPS_PROXY", ""), ("ALL_PROXY", &url)],
        &[("https_proxy", &url), ("all_proxy", "socks5://127.0.0.1:1")],
        &[("https_proxy", &url), ("all_proxy", "http//typo")],
        &[("HTTPS_PROXY", &url), ("HTTP_PROXY", &other), ("http_proxy", &other)],
        &[("HTTPS_PROXY", &good.address)],
        &[("HTTPS_PROXY", &with_slash)],
    ];
    for variables in cases {
        let shown = servers.list("video.example.test", variables);
        assert!(shown.contains("downloaded 1000"), "{variables:?}: {shown}");
    }
    assert!(bad.heads().is_empty());
}

#[test]
fn http_proxy_is_not_used_for_https() {
    let servers = Servers::start("0.0.0.0");
    let proxy = ConnectProxy::start(servers.port);
    for name in ["HTTP_PROXY", "http_proxy"] {
        let shown = servers.list("0.0.0.0", &[(name, &proxy.url())]);
        assert!(shown.contains("downloaded 1000"), "{shown}");
    }
    assert!(proxy.heads().is_empty());
}

#[test]
fn unusable_proxy_is_rejected_by_its_variable_without_its_password() {
    let servers = Servers::start("0.0.0.0");
    for url in [
        "http//typo",
        "http:/typo",
        "ftp://proxy",
        "http://",
        "http://proxy:99999",
        "http://proxy:0",
        "http://proxy:",
        "http://proxy:+80",
        "http://proxy/path",
        "http://proxy?query",
        " http://proxy",
        "http://pro xy",
        "proxy:port",
        "user:secret@proxy:port",
        "http://user:secret@",
        "http://user:secret@proxy:70000",
        "http//user:secret@proxy:80",
        "http://user:secret/proxy",
        "user:secret",
        "http://user:%ff@proxy",
        "pröxy",
    ] {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let shown = servers.list("0.0.0.0", &[(name, url)]);
            assert!(shown.contains(&format!("rejected: invalid {name} ")), "{url}: {shown}");
            assert!(shown.contains("InvalidInput"), "{url}: {shown}");
            assert!(!shown.contains("secret"), "{url}: {shown}");
        }
    }
}

#[test]
#[cfg(not(feature = "socks-proxy"))]
fn socks_proxy_of_the_environment_needs_the_feature() {
    let servers = Servers::start("0.0.0.0");
    for url in ["socks5://127.0.0.1:1", "socks5h://p", "socks4://p", "socks4a://p", "socks://p:1"] {
        let shown = servers.list("0.0.0.0", &[("ALL_PROXY", url)]);
        assert!(shown.contains("rejected: invalid ALL_PROXY"), "{shown}");
        assert!(shown.contains(url) && shown.contains("feature socks-proxy"), "{shown}");
    }
}

#[test]
#[cfg(feature = "socks-proxy")]
fn socks_proxy_of_the_environment_is_used() {
    use std::io::{Read, Write};

    let servers = Servers::start("storage.example.test");
    let port = servers.port;
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("socks5h://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut client = stream.unwrap();
            let mut greeting = [0; 2];
            client.read_exact(&mut greeting).unwrap();
            client.read_exact(&mut vec![0; greeting[1].into()]).unwrap();
            client.write_all(&[5, 0]).unwrap();
            let mut request = [0; 5];
            client.read_exact(&mut request).unwrap();
            assert_eq!(request[3], 3, "a host name");
            client.read_exact(&mut vec![0; usize::from(request[4]) + 2]).unwrap();
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            std::thread::spawn(move || crate::support::proxy::tunnel(&client, port));
        }
    });
    let shown = servers.list("video.example.test", &[("all_proxy", &url)]);
    assert!(shown.contains("downloaded 1000"), "{shown}");
}

#[test]
#[cfg(feature = "socks-proxy")]
fn socks_proxy_that_rejects_the_client_is_permanent_and_other_failures_of_it_are_retried() {
    use std::io::{Read, Write};

    let rejected = "failed: the proxy rejected the connection: ";
    let not_socks = "failed: the proxy is no SOCKS proxy: invalid response version (after";
    // The bytes after the greeting, after the user and password, and after the request.
    let cases: [(&[&[u8]], &str, bool); 6] = [
        (&[&[5, 0xff]], &format!("{rejected}no acceptable auth methods"), true),
        (&[&[5, 9]], &format!("{rejected}unknown auth method"), true),
        (&[&[5, 2], &[1, 1]], &format!("{rejected}password authentication failed"), true),
        (&[&[5, 0], &[5, 2, 0, 1]], &format!("{rejected}connection not allowed by ruleset"), true),
        (&[&[5, 0], &[5, 4, 0, 1]], "failed: host unreachable (after 2 attempts)", false),
        (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], not_socks, false),
    ];
    for (responses, expected, is_permanent) in cases {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let responses: Vec<Vec<u8>> = responses.iter().map(|bytes| bytes.to_vec()).collect();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut client = stream.unwrap();
                for response in &responses {
                    let _ = client.read(&mut [0; 1024]).unwrap();
                    client.write_all(response).unwrap();
                }
            }
        });
        let client = builder("https://video.example.test")
            .proxy(format!("socks5h://user:secret@{address}"))
            .retry(RetryPolicy::off().max_retries(1))
            .build()
            .unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(&format!("through proxy {address} {expected}")), "{shown}");
        assert_eq!(error.attempts(), if is_permanent { 1 } else { 2 }, "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn unusable_proxy_without_a_password_is_shown() {
    let servers = Servers::start("0.0.0.0");
    for url in ["http://proxy:0", "http://proxy:99999/", "http://proxy/path", "proxy:0"] {
        let shown = servers.list("0.0.0.0", &[("HTTPS_PROXY", url)]);
        let message = format!("rejected: invalid HTTPS_PROXY \"{url}\"");
        assert!(shown.contains(&message), "{url}: {shown}");
    }
}

#[test]
fn configured_proxy_takes_precedence_over_the_environment() {
    let servers = Servers::start("storage.example.test");
    let proxy = ConnectProxy::start(servers.port);
    for variable in ["http://127.0.0.1:1", "http//typo", "socks5://127.0.0.1:1"] {
        let variables = [("HTTPS_PROXY", variable), ("NO_PROXY", "*"), ("PROXY", &proxy.url())];
        let shown = servers.list("video.example.test", &variables);
        assert!(shown.contains("downloaded 1000"), "{variable}: {shown}");
    }
}

#[test]
fn configuration_without_a_proxy_connects_directly() {
    let servers = Servers::start("0.0.0.0");
    for name in ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"] {
        let shown = servers.list("0.0.0.0", &[(name, "http://127.0.0.1:1"), ("PROXY", "none")]);
        assert!(shown.contains("downloaded 1000"), "{shown}");
    }
}

#[test]
fn proxy_is_not_used_for_loopback_addresses() {
    let servers = [
        RawServer::start(vec![ok(&page(&[], Value::Null)); 3]),
        RawServer::start(vec![ok(&page(&[], Value::Null)); 3]),
    ];
    for (server, url) in servers.iter().zip(["http://127.0.0.1:1", "http//typo"]) {
        let by_name = server.base_url.replace("127.0.0.1", "localhost");
        for base_url in [&server.base_url, &by_name] {
            let variables = [("BASE_URL", base_url.as_str()), ("ALL_PROXY", url)];
            let shown = in_process("proxies::lists_by_the_environment", &variables);
            assert!(shown.contains("1 passed"), "{shown}");
            assert!(!shown.contains("failed: ") && !shown.contains("rejected: "), "{shown}");
        }
        assert_eq!(server.requests(), 2);

        let client = builder(&server.base_url).proxy("http://127.0.0.1:1").build().unwrap();
        assert!(client.recordings(room()).into_iter().all(|item| item.is_ok()));
    }
}

#[test]
fn unusable_proxy_is_an_error_of_media_beyond_a_loopback_api() {
    let mut recording = recording(0);
    recording["size"] = json!(1000);
    let redirect = http("302 Found", "Location: https://storage.example.test/media\r\n", b"");
    let listed = page(&[recording], Value::Null).to_string();
    let server = RawServer::start(vec![close("200 OK", "", listed.as_bytes()), redirect]);
    let variables = [("BASE_URL", server.base_url.as_str()), ("https_proxy", "http//typo")];
    let shown = in_process("proxies::lists_by_the_environment", &variables);
    let message = "not downloaded: invalid https_proxy \"http//typo\"";
    assert!(shown.contains("listed RT") && shown.contains(message), "{shown}");
    assert!(shown.contains("requests: 0."), "{shown}");
}

#[test]
fn error_names_the_proxy_without_its_password() {
    let refusing = ConnectProxy::start_with("407 Proxy Authentication Required", 0);
    for address in [refusing.address.as_str(), "127.0.0.1:1"] {
        let client = builder("https://video.example.test")
            .proxy(format!("http://user:secret@{address}"))
            .retry(RetryPolicy::off())
            .build()
            .unwrap();
        let error = client.recordings(room()).into_iter().next().unwrap().unwrap_err();
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
        assert_eq!(transport.host, "video.example.test");
        assert_eq!(transport.proxy.as_deref(), Some(address));
        let shown = format!("{error} {error:#?}");
        assert!(shown.contains(&format!("through proxy {address} failed")), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
