//! A fake account on localhost, for trying the command-line tool without an account. It prints the
//! lines that the tool's shell needs, and runs until it is interrupted.

use std::thread;

use serde_json::{Value, json};

#[path = "fake_server/mod.rs"]
mod fake_server;

use fake_server::{ACCOUNT, ROOM, recording_of, serve_room};

const OTHER_ROOM: &str = "RMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn main() {
    let processing = recording_of(OTHER_ROOM, 12);
    let server = serve_room(call().into_iter().chain([processing]).collect());

    eprintln!("# A fake account with the rooms {ROOM} and");
    eprintln!("# {OTHER_ROOM}. Paste these lines into another shell. Ctrl-C ends it.");
    println!("export TWILIO_VIDEO_BASE_URL={}", server.base_url());
    println!("export TWILIO_ACCOUNT_SID={ACCOUNT}");
    println!("export TWILIO_AUTH_TOKEN=the-fake-auth-token");
    loop {
        thread::park();
    }
}

/// A call of an hour. The second participant drops out and returns, the third only listens in.
fn call() -> Vec<Value> {
    let tracks = [
        ('1', "audio", 0, 3600),
        ('1', "video", 4, 3596),
        ('2', "audio", 184, 1046),
        ('2', "video", 186, 1044),
        ('2', "audio", 1480, 2115),
        ('2', "video", 1483, 2112),
        ('3', "audio", 2400, 421),
    ];
    let recordings = tracks.into_iter().enumerate().map(|(index, track)| {
        let (participant, kind, start, duration) = track;
        let is_audio = kind == "audio";
        let mut recording = recording_of(ROOM, index + 1);
        let changes = json!({
            "status": "completed",
            "type": kind,
            "codec": if is_audio { "opus" } else { "VP8" },
            "container_format": if is_audio { "mka" } else { "mkv" },
            "track_name": if is_audio { "microphone" } else { "camera" },
            "size": duration * if is_audio { 100 } else { 900 },
            "duration": duration,
            "date_created": format!("2026-11-27T12:{:02}:{:02}Z", start / 60, start % 60),
            "date_deleted": null,
            "grouping_sids": {"room_sid": ROOM, "participant_sid": format!("PA{}", participant.to_string().repeat(32))},
            "media_external_location": null,
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            recording[name.as_str()] = value.clone();
        }
        recording
    });
    recordings.collect()
}
