//! Tokens that keep an object open, and its closing: `source.rs`.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use crate::source::Source;
use crate::world::{check, world};

#[test]
#[expect(clippy::arc_with_non_send_sync, reason = "loom runs its threads on one")]
fn an_object_is_closed_after_all_use_under_a_token_or_not_at_all() {
    check(3, || {
        let source = Arc::new(Source::new(world().1));
        // Its use and its closing; loom tells if they are not ordered.
        let object = Arc::new(UnsafeCell::new(()));
        let threads = [(), ()].map(|()| {
            let (source, object) = (Arc::clone(&source), Arc::clone(&object));
            thread::spawn(move || {
                let token = source.keep_open();
                if token.is_some() {
                    object.with(|_| ());
                }
                drop(token);
            })
        });
        if source.close_tokens() == 0 {
            object.with_mut(|_| ());
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(source.keep_open().is_none());
        assert_eq!(source.close_tokens(), 0);
    });
}
