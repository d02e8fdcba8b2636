//! Time for decoding a page of 1000 records, and instructions if the machine counts them.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{DECODERS, Decoder, KINDS, RECORDS, page_of};

fn decoding(criterion: &mut Criterion) {
    for (kind, recording) in KINDS {
        let body = page_of(recording);
        let mut group = criterion.benchmark_group(kind);
        group.throughput(Throughput::Bytes(body.len() as u64));
        for decoder in DECODERS {
            let (name, decode) = decoder;
            match instructions(decoder, &body) {
                Some(count) => {
                    println!("{kind}/{name}: {} instructions per record", count / RECORDS as u64);
                }
                None => println!("{kind}/{name}: this machine does not count instructions"),
            }
            group.bench_function(name, |bench| bench.iter(|| decode(&body)));
        }
        group.finish();
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "x86_64")))]
fn instructions((_, decode): Decoder, body: &[u8]) -> Option<u64> {
    use perf_event::Builder;
    use perf_event::events::Hardware;

    let mut counter = Builder::new(Hardware::INSTRUCTIONS).build().ok()?;
    decode(body);
    counter.enable().ok()?;
    decode(body);
    counter.disable().ok()?;
    counter.read().ok()
}

#[cfg(not(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "x86_64"))))]
fn instructions(_: Decoder, _: &[u8]) -> Option<u64> {
    None
}

criterion_group!(benches, decoding);
criterion_main!(benches);
