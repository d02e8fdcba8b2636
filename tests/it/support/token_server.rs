//! A fake OAuth token endpoint, which keeps the requests with their bodies.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::{ok, read_head};

/// A token request as it was received.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub head: String,
    pub form: String,
}

/// A token endpoint on localhost. Each connection serves one request, in its own thread.
pub struct TokenServer {
    pub base_url: String,
    requests: Arc<Mutex<Vec<TokenRequest>>>,
}

impl TokenServer {
    /// Starts an endpoint. `respond` makes the response to each request, counted from 1.
    pub fn start(respond: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::<Mutex<Vec<TokenRequest>>>::default();
        let (log, respond) = (Arc::clone(&requests), Arc::new(respond));

        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let (log, respond) = (Arc::clone(&log), Arc::clone(&respond));
                thread::spawn(move || {
                    let Some(request) = receive(&mut stream) else { return };
                    let number = {
                        let mut log = log.lock().expect("a log");
                        log.push(request);
                        log.len()
                    };
                    let response = closing(&respond(number));
                    // The client may have closed the connection.
                    let _ = stream.write_all(&response);
                });
            }
        });
        Self { base_url, requests }
    }

    /// Starts an endpoint whose tokens `access-token-1`, `access-token-2` and so on live for an hour.
    pub fn of_tokens() -> Self {
        Self::start(|number| token_response(&format!("access-token-{number}"), 3600))
    }

    pub fn requests(&self) -> Vec<TokenRequest> {
        self.requests.lock().expect("a log").clone()
    }
}

/// The response with a header that keeps the client from using the connection again.
fn closing(response: &[u8]) -> Vec<u8> {
    let status_line = response.iter().take_while(|&&byte| byte != b'\n').count() + 1;
    let (status_line, rest) = response.split_at(status_line);
    [status_line, b"Connection: close\r\n", rest].concat()
}

fn receive(stream: &mut TcpStream) -> Option<TokenRequest> {
    let head = read_head(stream);
    let (_, length) = head.split_once("content-length: ")?;
    let mut form = vec![0; length.lines().next()?.parse().ok()?];
    stream.read_exact(&mut form).ok()?;
    Some(TokenRequest { head, form: String::from_utf8(form).ok()? })
}

/// The response with a token of that lifetime in seconds.
pub fn token_response(token: &str, expires_in: impl Into<Value>) -> Vec<u8> {
    ok(&json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in.into()}))
}
