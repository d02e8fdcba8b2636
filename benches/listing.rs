//! Time for listing 100,000 records from a fake server, 1000 per page, beside a loop of ureq with a
//! derived struct.

mod support;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use support::pages::{PageServer, bodies};
use support::{PlainPage, fake_server};
use twilio_room_recordings::{Client, Credentials, RoomSid};

const PAGES: usize = 100;

fn client(base_url: &str) -> Client {
    let account = fake_server::ACCOUNT.parse().expect("an account");
    let credentials = Credentials::auth_token(account, "a token");
    Client::builder(credentials).base_url(base_url).build().expect("a client")
}

fn list(client: &Client, page_size: u32) -> usize {
    let room: RoomSid = fake_server::ROOM.parse().expect("a room");
    let listing = client.recordings(room).page_size(page_size);
    listing.into_iter().inspect(|it| assert!(it.is_ok())).count()
}

fn by_hand(agent: &ureq::Agent, base_url: &str) -> usize {
    let first = format!("{base_url}/v1/Rooms/{}/Recordings?PageSize=1000", fake_server::ROOM);
    let (mut url, mut count) = (Some(first), 0);
    while let Some(current) = url {
        let response = agent.get(&current).header("Authorization", "Basic eA==").call();
        let mut body = response.expect("a response").into_body();
        let bytes = body.with_config().limit(1 << 30).read_to_vec().expect("a body");
        let page: PlainPage = serde_json::from_slice(&bytes).expect("a page");
        count += page.recordings.len();
        url =
            page.meta.next_page_url.map(|next| next.replace("https://video.twilio.com", base_url));
    }
    count
}

fn listing(criterion: &mut Criterion) {
    let PageServer { base_url, .. } = PageServer::start(bodies(PAGES, 1000), Duration::ZERO);
    let mut group = criterion.benchmark_group("100,000 records");
    group.sample_size(10);
    let client = self::client(&base_url);
    group.bench_function("the iterator", |bench| {
        bench.iter(|| assert_eq!(list(&client, 1000), PAGES * 1000));
    });
    let agent = ureq::Agent::new_with_defaults();
    group.bench_function("a loop of ureq by hand", |bench| {
        bench.iter(|| assert_eq!(by_hand(&agent, &base_url), PAGES * 1000));
    });
    group.finish();

    let mut group = criterion.benchmark_group("1000 records, 20 ms per request");
    group.sample_size(10);
    for page_size in [1000_u32, 50] {
        let bodies = bodies(1000 / page_size as usize, page_size as usize);
        let server = PageServer::start(bodies, Duration::from_millis(20));
        let client = self::client(&server.base_url);
        group.bench_function(format!("{page_size} per page"), |bench| {
            bench.iter(|| assert_eq!(list(&client, page_size), 1000));
        });
    }
    group.finish();
}

criterion_group!(benches, listing);
criterion_main!(benches);
