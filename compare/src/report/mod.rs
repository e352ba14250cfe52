//! What a person reads: tables on the terminal, and a page.

pub(crate) mod html;
mod plots;
pub(crate) mod table;
pub(crate) mod units;
