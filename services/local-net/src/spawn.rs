//! Starting a child so that it cannot outlive us.

use std::{
    io,
    process::{Child, Command},
    sync::{mpsc, OnceLock},
    thread,
};

struct Job {
    command: Command,
    reply: mpsc::SyncSender<io::Result<Child>>,
}

/// Starts `command` as a child that the kernel kills when this process ends, however it ends
/// (Linux; elsewhere only an orderly end stops the children).
///
/// The kernel's rule speaks of the *thread* that started the child, and threads of an asynchronous
/// runtime come and go. So one thread that lives as long as this process starts every child.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();

    die_with_parent(&mut command);
    let spawner = SPAWNER.get_or_init(|| {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("spawner".into())
            .spawn(move || {
                for mut job in inbox {
                    // The asker waits for the reply; if it is gone the child has no owner.
                    if let Err(mpsc::SendError(Ok(mut child))) = job.reply.send(job.command.spawn())
                    {
                        let _ = child.kill();
                        let _ = child.wait();
                    }
                }
            })
            .expect("a thread can be started at the beginning of the process");
        jobs
    });
    let (reply, answer) = mpsc::sync_channel(1);
    spawner
        .send(Job { command, reply })
        .map_err(|_| io::Error::other("the thread that starts processes is gone"))?;
    answer
        .recv()
        .map_err(|_| io::Error::other("the thread that starts processes is gone"))?
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use nix::{
        errno::Errno,
        sys::{prctl, signal::Signal},
        unistd,
    };

    let parent = unistd::getpid();
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe
    // functions are allowed. It makes two system calls (prctl, getppid), allocates nothing and takes
    // no lock.
    unsafe {
        command.pre_exec(move || {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The parent may have died before the line above took effect.
            if unistd::getppid() == parent {
                Ok(())
            } else {
                Err(Errno::ESRCH.into())
            }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}
