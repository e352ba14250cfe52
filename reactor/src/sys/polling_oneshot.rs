//! `polling`, one-shot: everywhere, and the only mode on Windows.
pub(super) const MODE: polling::PollMode = polling::PollMode::Oneshot;
pub(super) const ONE_SHOT: bool = true;
