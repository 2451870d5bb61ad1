//! The job of `README.md`. `models/build.sh --job` compiles it as jobs are compiled.

#![cfg_attr(target_arch = "wasm32", no_std)]
// A job that nothing calls must not compile.
#![deny(dead_code)]
#![cfg(target_arch = "wasm32")]

extern crate alloc;

noema_job::job!(run);

fn run() {
    // Inputs are numbered as whoever ordered the job gave them.
    let Some(text) = noema_job::input(0) else {
        noema_job::fail("this job needs one input: the text");
    };
    let words = text.split(|byte| byte.is_ascii_whitespace());
    let words = words.filter(|word| !word.is_empty()).count();
    noema_job::write(alloc::format!("{words}\n").as_bytes());
}
