use crate::workload::*;
use crate::{Peer, Variant, alloc::counted};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The processor's time of this thread: others may use the machine too.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// ns an operation: warm up, then the least of eleven short batches (five of the long ones were not
/// enough on a machine whose two cores others use too).
pub fn bench(ops_a_call: u64, mut f: impl FnMut()) -> f64 {
    let (warm, began) = (Instant::now(), cpu());
    let mut calls = 0u64;
    while calls < 1 || warm.elapsed() < Duration::from_millis(200) {
        f();
        calls += 1;
    }
    let a_call = (cpu() - began).as_secs_f64() / calls as f64;
    let n = ((0.06 / a_call).ceil() as u64).max(1);
    let mut best = f64::MAX;
    for _ in 0..11 {
        let t = cpu();
        for _ in 0..n {
            f();
        }
        best = best.min((cpu() - t).as_secs_f64() * 1e9 / (n * ops_a_call) as f64);
    }
    best
}

fn row(peer: &str, workload: &str, metric: &str, value: f64) {
    println!("{peer:<14} {workload:<6} {metric:<22} {value:.3}");
}

fn check<P: Peer>(what: &str, w: &Workload, xs: &[Ctx], ons: usize) {
    let what = &format!("{} {what}", P::NAME);
    let (mean, sd) = expected(w, xs, P::SEMANTICS);
    let mut tol = 5.0 * sd + 0.002 * mean + 0.5;
    if P::SHARED_BUCKET && w.flags.len() > 1 {
        tol = tol.max(mean * 5.0 / (xs.len() as f64).sqrt());
    }
    assert!(
        (ons as f64 - mean).abs() <= tol,
        "{what}: {ons} on, expected {mean:.1} within {tol:.1} of {}",
        xs.len() * w.flags.len()
    );
    eprintln!("# {what}: {ons} on of {}, expected {mean:.1} ± {tol:.1}", xs.len() * w.flags.len());
}

/// Everything that is measured of one peer.
pub fn run<P: Peer>() {
    let name = P::NAME;
    let only = std::env::var("ONLY").unwrap_or_default();
    let want = |w: &str| only.is_empty() || only.split(',').any(|o| o == w);

    // W1
    if want("W1") {
        let w = w1();
        let xs = contexts(10_000, 1);
        let text = P::config(&w);
        let p = P::load(&text);
        let key = w.flags[0].key.as_str();
        let found = p.find(key);
        let prepared: Vec<P::Ctx<'_>> = xs.iter().map(|x| p.context(x)).collect();
        let ons =
            prepared.iter().filter(|x| p.evaluate(key, x) == Variant::On).count();
        check::<P>("W1", &w, &xs, ons);
        let n = xs.len() as u64;
        let t = bench(n, || {
            for x in &prepared {
                black_box(p.evaluate_found(black_box(key), black_box(found), black_box(x)));
            }
        });
        row(name, "W1", "ns/eval", t);
        // the same over few contexts, which stay in the cache, as one just built does
        let hot = &prepared[..100];
        let t = bench(n, || {
            for _ in 0..100 {
                for x in hot {
                    black_box(p.evaluate_found(black_box(key), black_box(found), black_box(x)));
                }
            }
        });
        row(name, "W1", "ns/eval(hot)", t);
        let t = bench(n, || {
            for x in &xs {
                let x = p.context(black_box(x));
                black_box(p.evaluate_found(black_box(key), black_box(found), &x));
            }
        });
        row(name, "W1", "ns/eval+ctx", t);
        let (_, c) = counted(|| {
            for x in &prepared {
                black_box(p.evaluate_found(black_box(key), black_box(found), black_box(x)));
            }
        });
        row(name, "W1", "allocs/eval", c.allocs as f64 / n as f64);
        row(name, "W1", "alloc_bytes/eval", c.bytes as f64 / n as f64);
        let (_, c) = counted(|| {
            for x in &xs {
                let x = p.context(black_box(x));
                black_box(p.evaluate_found(black_box(key), black_box(found), &x));
            }
        });
        row(name, "W1", "allocs/eval+ctx", c.allocs as f64 / n as f64);
    }

    // W2
    if want("W2") {
        let w = bulk(200, P::CAPS);
        let xs = contexts(500, 2);
        let text = P::config(&w);
        let p = P::load(&text);
        let prepared: Vec<P::Ctx<'_>> = xs.iter().map(|x| p.context(x)).collect();
        let keys: Vec<&str> = w.flags.iter().map(|f| f.key.as_str()).collect();
        let n = xs.len() as u64;
        if P::SINGLE {
            let mut ons = 0;
            for x in &prepared {
                ons += keys.iter().filter(|k| p.evaluate(k, x) == Variant::On).count();
            }
            check::<P>("W2", &w, &xs, ons);
            let t = bench(n, || {
                for x in &prepared {
                    for k in &keys {
                        black_box(p.evaluate(black_box(k), black_box(x)));
                    }
                }
            });
            row(name, "W2", "us/ctx(200 flags)", t / 1e3);
            let (_, c) = counted(|| {
                for x in &prepared {
                    for k in &keys {
                        black_box(p.evaluate(black_box(k), black_box(x)));
                    }
                }
            });
            row(name, "W2", "allocs/eval", c.allocs as f64 / (n * keys.len() as u64) as f64);
        }
        if P::BULK {
            let mut ons = 0;
            for x in &prepared {
                ons += p.evaluate_all(x);
            }
            check::<P>("W2 bulk API", &w, &xs, ons);
            let t = bench(n, || {
                for x in &prepared {
                    black_box(p.evaluate_all(black_box(x)));
                }
            });
            row(name, "W2", "us/ctx(bulk API)", t / 1e3);
            let (_, c) = counted(|| {
                for x in &prepared {
                    black_box(p.evaluate_all(black_box(x)));
                }
            });
            row(name, "W2", "allocs/ctx(bulk API)", c.allocs as f64 / n as f64);
        }
    }

    // W3
    if want("W3") {
        for flags in [200, 2000] {
            let w = bulk(flags, P::CAPS);
            let text = P::config(&w);
            row(name, "W3", &format!("text_kB({flags})"), text.len() as f64 / 1e3);
            let t = bench(1, || {
                black_box(P::load(black_box(&text)));
            });
            row(name, "W3", &format!("load_ms({flags})"), t / 1e6);
            if let Some(bytes) = P::binary(&text) {
                row(name, "W3", &format!("binary_kB({flags})"), bytes.len() as f64 / 1e3);
                let t = bench(1, || {
                    black_box(P::load_binary(black_box(&bytes)));
                });
                row(name, "W3", &format!("load_binary_ms({flags})"), t / 1e6);
            }
            if flags == 2000 {
                let (p, c) = counted(|| P::load(&text));
                row(name, "W3", "heap_kB(2000)", c.live as f64 / 1e3);
                row(name, "W3", "load_allocs(2000)", c.allocs as f64);
                // it did load
                let xs = contexts(20, 3);
                let ons = xs
                    .iter()
                    .map(|x| {
                        let x = p.context(x);
                        if P::SINGLE {
                            w.flags.iter().filter(|f| p.evaluate(&f.key, &x) == Variant::On).count()
                        } else {
                            p.evaluate_all(&x)
                        }
                    })
                    .sum();
                check::<P>("W3", &w, &xs, ons);
            }
        }
    }

    // W4
    if want("W4") {
        let w = w4(1000);
        let xs = w4_contexts(1000, 100);
        let text = P::config(&w);
        let p = P::load(&text);
        let key = w.flags[0].key.as_str();
        let found = p.find(key);
        let prepared: Vec<P::Ctx<'_>> = xs.iter().map(|x| p.context(x)).collect();
        let ons = prepared.iter().filter(|x| p.evaluate(key, x) == Variant::On).count();
        assert_eq!(ons, xs.len(), "{name} W4: the last rule matches every context");
        let mut miss = xs[0].clone();
        miss.tenant = "customer-none".into();
        let miss = p.context(&miss);
        assert!(p.evaluate(key, &miss) == Variant::Off, "{name} W4: no rule matches");
        let t = bench(xs.len() as u64, || {
            for x in &prepared {
                black_box(p.evaluate_found(black_box(key), black_box(found), black_box(x)));
            }
        });
        row(name, "W4", "us/eval", t / 1e3);
        let (_, c) = counted(|| {
            for x in &prepared {
                black_box(p.evaluate_found(black_box(key), black_box(found), black_box(x)));
            }
        });
        row(name, "W4", "allocs/eval", c.allocs as f64 / xs.len() as f64);
    }
}
