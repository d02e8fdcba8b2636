//! A storage that fails as a test wants it to, and an API that redirects to it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::fake_server::{ROOM, Server, json_response, media_redirect};
use super::{http, read_head};

/// The response to one request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The complete media, or the requested range.
    Serve,
    /// The same, but the connection ends after so many bytes of the body.
    CutAfter(usize),
    /// The same with this entity tag, or without one.
    Tagged(Option<&'static str>),
    /// The same with this entity tag, and the connection ends after so many bytes of the body.
    TaggedAndCut(&'static str, usize),
    /// Another version of the media.
    Version(Version),
    /// The complete media, even if a range was requested.
    IgnoreRange,
    /// Headers and so many bytes, and then nothing more until the other side hangs up.
    StallAfter(usize),
    /// These bytes.
    Raw(Vec<u8>),
}

/// Media of another content than the storage's own.
#[derive(Clone, Debug)]
pub struct Version {
    pub media: Vec<u8>,
    pub tag: Option<&'static str>,
    /// The number of bytes of the body after which the connection ends.
    pub served: usize,
}

/// A storage on localhost.
pub struct Storage {
    pub url: String,
    pub heads: Arc<Mutex<Vec<String>>>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    stalled: Receiver<()>,
}

pub const SIGNATURE: &str = "X-Signature=s3cr3t-of-the-url";

impl Storage {
    /// A storage of one media, with these responses to the first requests. It serves all requests
    /// after them.
    pub fn start(media: Vec<u8>, fates: Vec<Fate>) -> Self {
        let storage = Self::of(move |_| media.clone());
        storage.expect(fates);
        Self { url: format!("{}/bucket/media?{SIGNATURE}", storage.url), ..storage }
    }

    /// A storage with a media for each path. Its URL ends with the port.
    pub fn of(media: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (heads, fates) =
            (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<VecDeque<_>>>::default());
        let (stall, stalled) = channel();
        let storage = Self { url, heads: Arc::clone(&heads), fates: Arc::clone(&fates), stalled };
        let media = Arc::new(media);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let head = read_head(&mut stream);
                if head.is_empty() {
                    // A client that was killed before it sent a request.
                    continue;
                }
                heads.lock().expect("a log").push(head.clone());
                let fate = fates.lock().expect("the fates").pop_front().unwrap_or(Fate::Serve);
                let (media, stall) = (Arc::clone(&media), stall.clone());
                thread::spawn(move || {
                    let path = head.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
                    respond(&mut stream, &head, &media(&path), fate, &stall)
                });
            }
        });
        storage
    }

    /// Adds the responses to the next requests.
    pub fn expect(&self, fates: impl IntoIterator<Item = Fate>) {
        self.fates.lock().expect("the fates").extend(fates);
    }

    /// Serves all requests from now on.
    pub fn forget_expected(&self) {
        self.fates.lock().expect("the fates").clear();
    }

    /// Waits until a transfer has stalled.
    pub fn wait_for_a_stall(&self) {
        self.stalled.recv_timeout(Duration::from_secs(60)).expect("a stalled transfer");
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("a log").clone()
    }

    /// The first byte of each requested range.
    pub fn ranges(&self) -> Vec<usize> {
        self.heads().iter().map(|head| range(head).unwrap_or(0)).collect()
    }
}

fn range(head: &str) -> Option<usize> {
    let (_, range) = head.split_once("range: bytes=")?;
    range.split_once('-')?.0.parse().ok()
}

fn respond(
    stream: &mut TcpStream,
    head: &str,
    media: &[u8],
    fate: Fate,
    stall: &Sender<()>,
) -> std::io::Result<()> {
    let range = range(head).filter(|_| !matches!(fate, Fate::IgnoreRange));
    let (media, tag) = match &fate {
        Fate::Raw(bytes) => return stream.write_all(bytes),
        Fate::Tagged(tag) => (media, *tag),
        Fate::TaggedAndCut(tag, _) => (media, Some(*tag)),
        Fate::Version(version) => (&version.media[..], version.tag),
        _ => (media, Some("\"one\"")),
    };

    let mut headers = "Connection: close\r\n".to_owned();
    if let Some(tag) = tag {
        headers += &format!("ETag: {tag}\r\n");
    }
    let (status, body) = match range {
        None => ("200 OK", media),
        Some(from) if from < media.len() => {
            let (last, length) = (media.len() - 1, media.len());
            headers += &format!("Content-Range: bytes {from}-{last}/{length}\r\n");
            ("206 Partial Content", &media[from..])
        }
        Some(_) => ("416 Range Not Satisfiable", &[][..]),
    };

    let complete = http(status, &headers, body);
    let until = |bytes: usize| complete.len() - body.len() + bytes.min(body.len());
    match &fate {
        Fate::CutAfter(bytes) | Fate::TaggedAndCut(_, bytes) => {
            stream.write_all(&complete[..until(*bytes)])
        }
        Fate::Version(version) => stream.write_all(&complete[..until(version.served)]),
        Fate::StallAfter(bytes) => {
            let bytes = (*bytes).min(body.len().saturating_sub(1));
            stream.write_all(&complete[..until(bytes)])?;
            // A test that does not wait for it may be over.
            let _ = stall.send(());
            stream.read(&mut [0]).map(drop)
        }
        _ => stream.write_all(&complete),
    }
}

/// An API with one recording, whose media is in the storage.
pub fn api(recording: Value, storage_url: impl Into<String>) -> Server {
    let url = storage_url.into();
    let path = format!("/v1/Rooms/{ROOM}/Recordings/{}", recording["sid"].as_str().expect("a SID"));
    Server::start(move |request| match request.uri.path().strip_prefix(&path) {
        Some("/Media") => media_redirect(&url),
        _ => json_response(200, &recording),
    })
}
