//! Clients that trust an authority of the tests, and a relay that damages what a server sends.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use twilio_room_recordings::{ClientBuilder, RootCertificates};

use crate::authority::Authority;
use crate::support::builder;

impl Authority {
    /// A builder for a client that trusts this authority.
    pub fn builder(&self, base_url: &str) -> ClientBuilder {
        builder(base_url).root_certificates(RootCertificates::Pem(self.pem.clone().into()))
    }
}

/// Runs `serve` for each connection, in a thread of its own. Returns the port.
pub fn accept(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.expect("a connection"), Arc::clone(&serve));
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Starts a relay to the port, and returns its own. In the first `connections` connections it
/// flips one bit of the byte at this offset of what the server sends.
pub fn flip_a_bit(port: u16, connections: usize, offset: usize) -> u16 {
    let number = AtomicUsize::new(0);
    accept(move |client| {
        let is_damaged = number.fetch_add(1, Ordering::SeqCst) < connections;
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        let mut upwards = (client.try_clone().expect("a handle"), server.try_clone().expect("one"));
        thread::spawn(move || {
            let _ = std::io::copy(&mut upwards.0, &mut upwards.1);
            let _ = upwards.1.shutdown(Shutdown::Write);
        });
        copy_with_damage(&server, &client, is_damaged.then_some(offset));
        let _ = client.shutdown(Shutdown::Write);
    })
}

fn copy_with_damage(mut from: &TcpStream, mut to: &TcpStream, damaged: Option<usize>) {
    let (mut buffer, mut position) = ([0; 4096], 0);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(offset) = damaged.and_then(|offset| offset.checked_sub(position))
            && offset < count
        {
            buffer[offset] ^= 0x10;
        }
        position += count;
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}
