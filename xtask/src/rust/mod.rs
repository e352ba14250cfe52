//! Enough of Rust's grammar to count and to check, and no more.
//!
//! The checks ask where a file has code, `unsafe`, attributes and functions. That needs a faithful
//! lexer ([`lexer`]), `cfg` predicates ([`mod@cfg`]), and the ends of items ([`source`], [`items`],
//! [`modules`]); it needs no types, no expressions and no macro expansion, so there is no parser
//! here and no dependency.

pub(crate) mod cfg;
pub(crate) mod items;
pub(crate) mod lexer;
pub(crate) mod modules;
pub(crate) mod source;
