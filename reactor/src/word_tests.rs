//! Unit tests of `word.rs`, apart from it because that file is also part of the models.

use crate::word::Word;

#[test]
fn an_event_between_the_attempt_and_the_block_is_not_used_up() {
    let word = Word::new();
    let seen = word.tick();
    word.event(false);
    assert!(!word.blocked(seen));
    assert!(word.tick().is_ready());
    assert!(word.blocked(word.tick()));
    assert!(!word.tick().is_ready());
}

#[test]
fn a_short_read_does_not_use_up_the_end_but_would_block_does() {
    let word = Word::new();
    word.event(true);
    word.drained(word.tick());
    assert!(word.tick().is_ready() && word.tick().is_closed());
    assert!(word.blocked(word.tick()));
    assert!(!word.tick().is_closed(), "an error that was drained is no end");
}

#[test]
fn failure_is_never_used_up() {
    let word = Word::new();
    word.fail();
    assert!(!word.blocked(word.tick()));
    assert!(word.tick().is_failed() && word.tick().is_ready());
}
