//! The evaluation module and the tooling module for JavaScript engines.
//!
//! Neither decides anything: they carry what [`downhaul_core`] does over the boundary.
//! Without features this is the *evaluation* module (`hot`): plain exports, numbers only, program bytes in, decisions out.
//! With `tooling` it is the lazily loaded second module: documents, diagnostics and explanations, by wasm-bindgen.
#![cfg_attr(all(target_arch = "wasm32", not(feature = "tooling")), no_std)]

#[cfg(not(feature = "tooling"))]
extern crate alloc;

#[cfg(not(feature = "tooling"))]
mod hot;
#[cfg(feature = "tooling")]
pub mod tooling;
