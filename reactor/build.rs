//! Nothing to build: cargo wants a build script in a package that says `links`.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
