//! The kernel's own hook for system calls: a filter on one thread, and a descriptor that others
//! answer its calls by.
//!
//! seccomp(2) with `SECCOMP_RET_USER_NOTIF`: the calls listed in the filter stop until somebody has
//! said "go on" or "fail with this error". The filter holds for the thread that installs it and for
//! those it starts, never for the rest of the process, and the program under test knows nothing of
//! it. No privileges are needed; a sandbox may refuse it all the same.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_long, c_ulong};
use rustix::event::{PollFd, PollFlags, poll};

/// One system call that waits for its answer.
pub(crate) struct Notification {
    id: u64,
    pub(crate) number: c_long,
    pub(crate) arguments: [u64; 6],
}

/// What becomes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// The kernel executes it.
    GoOn,
    /// It is not executed, and returns this error number.
    Fail(c_int),
}

/// The descriptor that the calls of the filtered threads are answered by.
pub(crate) struct Listener(OwnedFd);

/// Has the calls with these `numbers`, made by this thread and those it starts from now on, wait
/// for an answer. There is no way back.
///
/// # Errors
///
/// If the kernel, or a sandbox around this process, refuses.
pub(crate) fn filter_this_thread(numbers: &[c_long]) -> io::Result<Listener> {
    let mut program = program(numbers);
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).expect("a few dozen instructions"),
        filter: program.as_mut_ptr(),
    };
    no_new_privileges()?;
    #[expect(unsafe_code, reason = "seccomp(2), which has no safe wrapper")]
    // SAFETY: `program` points to `len` instructions, which live through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    let raw = c_int::try_from(checked(result)?).expect("a descriptor fits");
    #[expect(unsafe_code, reason = "the descriptor that the kernel just made")]
    // SAFETY: `raw` is open and nobody else's: the kernel made it for this call.
    let listener = unsafe { OwnedFd::from_raw_fd(raw) };
    Ok(Listener(listener))
}

/// Without privileges a filter may be installed only by who can never get more.
fn no_new_privileges() -> io::Result<()> {
    let [one, zero]: [c_ulong; 2] = [1, 0];
    #[expect(unsafe_code, reason = "prctl(2), which the filter demands before it")]
    // SAFETY: this request takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, one, zero, zero, zero) };
    checked(result.into()).map(drop)
}

/// "Load the number; if it is one of these, notify; else allow", for the kernel's BPF machine.
fn program(numbers: &[c_long]) -> Vec<libc::sock_filter> {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    let instruction = |code: u32, jump: usize, operand: u32| libc::sock_filter {
        code: code as u16,
        jt: u8::try_from(jump).expect("a short program"),
        jf: 0,
        k: operand,
    };
    // The number is the first field of `seccomp_data`.
    let mut program = vec![instruction(LOAD, 0, 0)];
    for (index, number) in numbers.iter().enumerate() {
        program.push(instruction(IF_EQUAL, numbers.len() - index, *number as u32));
    }
    program.push(instruction(RETURN, 0, libc::SECCOMP_RET_ALLOW));
    program.push(instruction(RETURN, 0, libc::SECCOMP_RET_USER_NOTIF));
    program
}

impl Listener {
    /// The next call that waits; `None` once no filtered thread is left.
    pub(crate) fn next(&self) -> io::Result<Option<Notification>> {
        loop {
            let mut set = [PollFd::new(&self.0, PollFlags::IN)];
            poll(&mut set, None)?;
            if !set[0].revents().contains(PollFlags::IN) {
                return Ok(None);
            }
            let mut call = libc::seccomp_notif {
                id: 0,
                pid: 0,
                flags: 0,
                data: libc::seccomp_data { nr: 0, arch: 0, instruction_pointer: 0, args: [0; 6] },
            };
            #[expect(unsafe_code, reason = "the request that takes a call; no safe wrapper")]
            // SAFETY: `call` is the structure that this request fills, zeroed as it demands.
            let result = unsafe {
                libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut call)
            };
            match checked(result.into()) {
                Ok(_) => {
                    let number = call.data.nr.into();
                    let arguments = call.data.args;
                    return Ok(Some(Notification { id: call.id, number, arguments }));
                }
                // It was interrupted before it was taken.
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets the call go its way. One that was interrupted meanwhile needs no answer.
    pub(crate) fn answer(&self, call: &Notification, answer: Answer) -> io::Result<()> {
        let (error, flags) = match answer {
            Answer::GoOn => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Fail(error) => (-error, 0),
        };
        let mut answer = libc::seccomp_notif_resp { id: call.id, val: 0, error, flags };
        #[expect(unsafe_code, reason = "the request that answers a call; no safe wrapper")]
        // SAFETY: `answer` is the structure that this request reads.
        let result = unsafe {
            libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer)
        };
        match checked(result.into()) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(()),
        }
    }
}

fn checked(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
