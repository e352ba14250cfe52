//! The trait may get provided methods, and a decorator that forgets one still compiles. So does a
//! suite: here each method of the trait as it is written has its clause, and reaches the backend
//! through the suite's own decorator.

use mini_reactor_conformance::decorator::Suite;

const TRAIT: &str = include_str!("../../reactor/src/backend.rs");
const PROBE: &str = include_str!("../src/backend/probe.rs");
const SPY: &str = include_str!("../src/decorator/spy.rs");

fn methods(source: &str, begins: &str) -> Vec<String> {
    let body = source.split_once(begins).expect("it is there").1;
    let body = body.split("\n}\n").next().expect("it ends");
    let lines = body.lines().filter_map(|line| line.strip_prefix("    fn "));
    lines.filter_map(|line| Some(line.split_once('(')?.0.to_owned())).collect()
}

#[test]
fn every_method_of_the_trait_is_checked_to_be_forwarded() {
    let of_trait = methods(TRAIT, "pub trait GlobalReactor");
    assert!(of_trait.len() >= 7, "{of_trait:?}");
    let suite = Suite::new(|spy| spy, module_path!());
    let clauses: Vec<_> = suite.claimed().collect();
    for method in &of_trait {
        let clause = format!("{method}_is_forwarded");
        assert!(clauses.contains(&clause.as_str()), "no clause {clause}");
    }
    assert_eq!(methods(SPY, "impl GlobalReactor for Spy"), of_trait);
    assert_eq!(methods(PROBE, "impl GlobalReactor for Probe"), of_trait);
}
