//! Serves the recordings of a room as web pages with the links "Previous" and "Next", until it is
//! interrupted. The links hold resume points, and the server keeps no state.
//!
//! It serves one request at a time. In a web framework, `show` is the handler.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use setup::Setup;
use twilio_room_recordings::{Client, Error, ErrorKind, Page, ResumePoint, RoomSid};

mod setup;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setup = Setup::from_arguments()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        if let Err(error) = stream.and_then(|stream| respond(&stream, &setup.client, setup.room)) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn respond(mut stream: &TcpStream, client: &Client, room: RoomSid) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    // GET /?at=POINT&at=POINT HTTP/1.1
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}

    let target = request.split(' ').nth(1).unwrap_or_default();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let (status, html) = match show(client, room, query) {
        Ok(html) => ("200 OK", html),
        Err(error) => match error.kind() {
            ErrorKind::InvalidInput(_) => ("400 Bad Request", "Invalid link".to_owned()),
            // Page tokens expire.
            ErrorKind::InvalidPageToken(_) => {
                ("410 Gone", "This link has expired. <a href=\"/\">First page</a>".to_owned())
            }
            _ => {
                eprintln!("{error}");
                ("502 Bad Gateway", "The recordings cannot be listed now".to_owned())
            }
        },
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{html}",
        html.len()
    )
}

fn show(client: &Client, room: RoomSid, query: &str) -> Result<String, Error> {
    let points = query.split('&').filter_map(|pair| pair.strip_prefix("at="));
    let stack: Vec<ResumePoint> = points.map(str::parse).collect::<Result<_, _>>()?;

    let mut listing = client.recordings(room).page_size(20);
    if let Some(point) = stack.last() {
        listing = listing.continue_at(point.clone());
    }
    let page = listing.pages().next().transpose()?;
    Ok(page.map(|page| render(&page, stack)).unwrap_or_default())
}

fn render(page: &Page, mut stack: Vec<ResumePoint>) -> String {
    let mut html = format!("<h1>Page {}</h1><ul>", page.number + 1);
    for recording in &page.recordings {
        match recording {
            Ok(recording) => {
                html += &format!("<li>{} {}</li>", recording.date_created, recording.sid);
            }
            // Text from the network would need escaping here: it goes to the log.
            Err(error) => {
                eprintln!("{error}");
                html += "<li>(an invalid record)</li>";
            }
        }
    }
    html += "</ul>";

    let mut next = stack.clone();
    if stack.pop().is_some() {
        html += &link("Previous", &stack);
    }
    if let Some(point) = &page.next {
        next.push(point.clone());
        html += &link("Next", &next);
    }
    html
}

fn link(text: &str, stack: &[ResumePoint]) -> String {
    let query: Vec<String> = stack.iter().map(|point| format!("at={point}")).collect();
    format!("<a href=\"/?{}\">{text}</a> ", query.join("&amp;"))
}
