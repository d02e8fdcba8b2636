//! The time and the connections of `archive --jobs N`: 100 recordings, 50 ms per request.

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::gated_service::GatedService;

const RECORDINGS: usize = 100;
const DELAY: Duration = Duration::from_millis(50);

fn main() {
    println!("| jobs | time | times as fast as 1 job | connections: API | storage |");
    println!("|---|---|---|---|---|");
    let mut one_job = None;

    for jobs in [1, 2, 4, 8, 16] {
        let service = GatedService::start(RECORDINGS, DELAY);
        let start = Instant::now();
        service.archive(jobs, &[]);
        let seconds = start.elapsed().as_secs_f64();

        let times = *one_job.get_or_insert(seconds) / seconds;
        let (api, storage) = (service.api.connections(), service.storage.connections());
        println!("| {jobs} | {seconds:.2} s | {times:.1} | {api} | {storage} |");
    }
}
