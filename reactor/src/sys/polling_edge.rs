//! `polling`, edge-triggered: epoll and kqueue.
pub(super) const MODE: polling::PollMode = polling::PollMode::Edge;
pub(super) const ONE_SHOT: bool = false;
