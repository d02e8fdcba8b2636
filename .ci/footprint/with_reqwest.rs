//! Lists the recordings of a room with reqwest's blocking client, without retries and validation.

use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    meta: Meta,
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
struct Meta {
    next_page_url: Option<String>,
}

#[derive(Deserialize)]
struct Recording {
    sid: String,
    status: String,
    duration: Option<u64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = reqwest::blocking::Client::new();
    let account = std::env::var("TWILIO_ACCOUNT_SID")?;
    let token = std::env::var("TWILIO_AUTH_TOKEN")?;
    let room = std::env::args().nth(1).unwrap_or_default();
    let first = format!("https://video.twilio.com/v1/Rooms/{room}/Recordings?PageSize=1000");
    let mut next = Some(first);
    while let Some(url) = next {
        let response = client.get(url).basic_auth(&account, Some(&token)).send()?;
        let page: Page = response.error_for_status()?.json()?;
        for recording in page.recordings {
            println!("{} {} {:?}", recording.sid, recording.status, recording.duration);
        }
        next = page.meta.next_page_url;
    }
    Ok(())
}
