//! Allocations for decoding a page of 1000 records.

mod support;

use support::{DECODERS, KINDS, RECORDS, page_of};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    for (kind, recording) in KINDS {
        let body = page_of(recording);
        for (name, decode) in DECODERS {
            let profiler = dhat::Profiler::builder().testing().build();
            decode(&body);
            let counted = dhat::HeapStats::get();
            drop(profiler);
            println!(
                "{kind}/{name}: {:.2} allocations per record, {} bytes at the peak",
                counted.total_blocks as f64 / RECORDS as f64,
                counted.max_bytes,
            );
        }
    }
}
