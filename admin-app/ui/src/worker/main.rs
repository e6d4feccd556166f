//! Works out blast radii in a Web Worker, so that the page never stalls: a program of its own, which the page loads when
//! someone edits.
#![expect(unreachable_pub, reason = "a program: nothing outside reaches any of it")]

mod work;

fn main() {}
