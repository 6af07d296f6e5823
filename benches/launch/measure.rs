//! Runs commands in turn and compares them round by round, so that whatever else the machine does hits all of them.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What one run took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) wall: f64,
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Run {
    pub(crate) fn cpu(&self) -> f64 {
        self.user + self.system
    }
}

/// The runs of one command, in order.
pub(crate) struct Runs(Vec<Run>);

impl Runs {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self, of: fn(&Run) -> f64) -> f64 {
        median(self.0.iter().map(of).collect())
    }

    /// The median of the ratios of the rounds.
    pub(crate) fn ratio(&self, to: &Self, of: fn(&Run) -> f64) -> f64 {
        median(self.0.iter().zip(&to.0).map(|(run, other)| of(run) / of(other)).collect())
    }

    /// The part of all CPU time that was spent in the kernel.
    pub(crate) fn kernel_share(&self) -> f64 {
        let (system, cpu) = self.0.iter().fold((0.0, 0.0), |(system, cpu), run| (system + run.system, cpu + run.cpu()));
        system / cpu
    }
}

/// Runs each command in turn until the time is over.
pub(crate) fn in_turn(commands: &mut [Command], budget: Duration) -> io::Result<Vec<Runs>> {
    let mut runs: Vec<Runs> = commands.iter().map(|_| Runs(Vec::new())).collect();
    for command in &mut *commands {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        once(command)?;
    }
    let end = Instant::now() + budget;
    while Instant::now() < end {
        for (command, runs) in commands.iter_mut().zip(&mut runs) {
            runs.0.push(once(command)?);
        }
    }
    Ok(runs)
}

fn once(command: &mut Command) -> io::Result<Run> {
    let (before, start) = (children()?, Instant::now());
    let status = command.spawn()?.wait()?;
    let wall = start.elapsed().as_secs_f64() * 1e6;
    let after = children()?;
    if status.success() {
        return Ok(Run { wall, user: after.user - before.user, system: after.system - before.system });
    }
    Err(io::Error::other(format!("{command:?} ended with {status}")))
}

fn children() -> io::Result<Run> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "times of less than an hour")]
    let micros = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64;
    Ok(Run { wall: 0.0, user: micros(usage.user_time()), system: micros(usage.system_time()) })
}

/// The middle one; nothing has no middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
