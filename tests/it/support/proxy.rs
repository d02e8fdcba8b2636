//! A CONNECT proxy on localhost.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::read_head;

/// A proxy that connects every request to one port of localhost, whatever host it names.
pub struct ConnectProxy {
    /// Its host and port.
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    pub fn start(target: u16) -> Self {
        Self::start_with("200 OK", target)
    }

    /// A proxy that responds to CONNECT with this status.
    pub fn start_with(status: &'static str, target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut client = stream.expect("a connection");
                let head = read_head(&mut client);
                log.lock().expect("a log").push(head);
                // The client may be gone.
                let _ = write!(client, "HTTP/1.1 {status}\r\n\r\n");
                if status.starts_with("200") {
                    thread::spawn(move || tunnel(&client, target));
                }
            }
        });
        Self { address, heads }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("a log").clone()
    }

    /// The hosts and ports of the CONNECT requests so far.
    pub fn targets(&self) -> Vec<String> {
        let target = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.heads().iter().map(target).collect()
    }
}

/// Copies in both directions until both have ended.
pub fn tunnel(client: &TcpStream, target: u16) {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).expect("the target");
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        // Either side may reset the connection.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(client, &server));
        copy(&server, client);
    });
}
