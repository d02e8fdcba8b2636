//! The hosts that `NO_PROXY` excludes from a proxy, in processes of their own.

use super::proxies::Servers;
use crate::support::proxy::ConnectProxy;

#[test]
fn host_in_no_proxy_is_reached_directly() {
    let servers = Servers::start("0.0.0.0");
    let port = servers.port.to_string();
    for list in [
        "0.0.0.0",
        "*",
        "a, 0.0.0.0",
        "a,0.0.0.0 ,b",
        "a 0.0.0.0",
        "0.0.0.0:PORT",
        "0.0.0.0:1,0.0.0.0:PORT",
        "*:PORT",
    ] {
        let list = list.replace("PORT", &port);
        for name in ["NO_PROXY", "no_proxy"] {
            let variables = [("HTTPS_PROXY", "http://127.0.0.1:1"), (name, list.as_str())];
            let shown = servers.list("0.0.0.0", &variables);
            assert!(shown.contains("downloaded 1000"), "{list}: {shown}");
        }
    }
}

#[test]
fn name_in_no_proxy_covers_the_names_below_it() {
    let servers = Servers::start("storage.example.test");
    let port = servers.port;
    let with_port =
        [format!("example.test:{port}"), format!("[::1]:80, video.example.test:{port}")];
    let lists = [
        "video.example.test",
        "VIDEO.Example.TEST",
        "video.example.test.",
        "example.test",
        ".example.test",
        "*.example.test",
        "test",
        "other, example.test",
        &with_port[0],
        &with_port[1],
    ];
    for list in lists {
        let variables = [("HTTPS_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", list)];
        let shown = servers.list("video.example.test", &variables);
        // The name does not exist, which shows when the proxy is not used.
        assert!(shown.contains("failed: ") && !shown.contains("through proxy"), "{list}: {shown}");
    }
}

#[test]
fn host_not_in_no_proxy_is_reached_through_the_proxy() {
    let servers = Servers::start("storage.example.test");
    let proxy = ConnectProxy::start(servers.port);
    for list in [
        "",
        ",",
        "xample.test",
        "o.example.test",
        "video.example",
        "video.example.test:1",
        "video.example.test.other",
        "www.video.example.test",
        "https://video.example.test",
        "0.0.0.0/0",
        "::/0",
        "example.test:99999",
        "10.*",
    ] {
        let variables = [("HTTPS_PROXY", proxy.url()), ("NO_PROXY", list.to_owned())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let shown = servers.list("video.example.test", &variables);
        assert!(shown.contains("downloaded 1000"), "{list}: {shown}");
    }

    let address = ConnectProxy::start(servers.port);
    let lists = ["0.0.0.1", "0.0.0.0:1", "1.0.0.0/8", "::", "[::]", "0.0.0.0/8"]
        .map(|list| ("0.0.0.0", list));
    let lists_for_ipv6 = ["0.0.0.0/0", "2001:db8::/32", "::1/128"].map(|list| ("[::]", list));
    for (host, list) in lists.into_iter().chain(lists_for_ipv6) {
        let variables = [("HTTPS_PROXY", address.url()), ("NO_PROXY", list.to_owned())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let before = address.heads().len();
        servers.list(host, &variables);
        // The storage's host is another one, and is reached through the proxy in any case.
        let request = format!("CONNECT {host}:");
        let heads = &address.heads()[before..];
        assert!(heads.iter().any(|head| head.starts_with(&request)), "{host}, {list}: {heads:?}");
    }
}

#[test]
fn lower_case_no_proxy_takes_precedence() {
    let servers = Servers::start("0.0.0.0");
    let proxy = ("HTTPS_PROXY", "http://127.0.0.1:1");
    let shown = servers.list("0.0.0.0", &[proxy, ("no_proxy", "*"), ("NO_PROXY", "other")]);
    assert!(shown.contains("downloaded 1000"), "{shown}");
    let shown = servers.list("0.0.0.0", &[proxy, ("no_proxy", "other"), ("NO_PROXY", "*")]);
    assert!(shown.contains("through proxy 127.0.0.1:1"), "{shown}");
    let shown = servers.list("0.0.0.0", &[proxy, ("no_proxy", ""), ("NO_PROXY", "*")]);
    assert!(shown.contains("downloaded 1000"), "{shown}");
}

#[test]
fn proxy_is_chosen_for_each_host() {
    let servers = Servers::start("0.0.0.0");
    let proxy = ConnectProxy::start(servers.port);
    let variables = [("HTTPS_PROXY", proxy.url()), ("NO_PROXY", "0.0.0.0".to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let shown = servers.list("video.example.test", &variables);
    assert!(shown.contains("downloaded 1000"), "{shown}");
    assert_eq!(proxy.targets(), [format!("video.example.test:{}", servers.port)]);

    let servers = Servers::start("storage.example.test");
    let shown = servers.list("video.example.test", &variables);
    assert!(shown.contains("not downloaded: ") || shown.contains("failed: "), "{shown}");
}
