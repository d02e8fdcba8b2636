//! A gate in front of a server: it counts connections, and delays each request.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Forwards every connection to a server on localhost.
pub struct Gate {
    pub base_url: String,
    connections: Arc<AtomicUsize>,
}

impl Gate {
    pub fn start(server_url: &str, delay: Duration) -> Self {
        let address = server_url.strip_prefix("http://").expect("a URL of a server");
        let server: SocketAddr = address.parse().expect("an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);

        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                // A side that hangs up ends the connection.
                thread::spawn(move || forward(client, server, delay));
            }
        });
        Self { base_url, connections }
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn forward(mut client: TcpStream, server: SocketAddr, delay: Duration) -> io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
        copied
    });

    // A request without a body arrives in one piece.
    let mut request = [0; 16 * 1024];
    loop {
        let length = client.read(&mut request)?;
        if length == 0 {
            return server.shutdown(Shutdown::Write);
        }
        thread::sleep(delay);
        server.write_all(&request[..length])?;
    }
}
