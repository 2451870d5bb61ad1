//! What the README shows is compiled: as the example, of which `models/build.sh --job` makes a job.

#[test]
fn readme_shows_the_example() {
    let readme = include_str!("../README.md");
    let example = include_str!("../examples/words.rs");
    let (_, shown) = readme
        .split_once("```rust,ignore\n")
        .expect("a block of Rust");
    let (shown, _) = shown.split_once("```").expect("its end");
    let (_, compiled) = example
        .split_once("#![cfg(target_arch = \"wasm32\")]\n\n")
        .expect("what it begins with");
    assert_eq!(shown, format!("#![no_std]\n{compiled}"));
}
