//! CPU time of this thread, and sides that take turns under it.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// Seconds of CPU time this thread has had.
pub(crate) fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of a bench, to the nanosecond")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

/// Seconds of CPU time that `run` takes; what it makes is dropped after the clock has stopped.
pub(crate) fn time<T>(run: impl FnOnce() -> T) -> f64 {
    let begin = cpu();
    let made = black_box(run());
    let spent = cpu() - begin;
    drop(made);
    spent
}

/// What each side took in each round, in seconds.
#[derive(Debug)]
pub(crate) struct Turns<const N: usize>([Vec<f64>; N]);

/// Lets every side time itself once a round, who goes first moving on by one each round; a round before is not counted.
pub(crate) fn turns<const N: usize>(rounds: usize, sides: [&mut dyn FnMut() -> f64; N]) -> Turns<N> {
    let mut taken = [const { Vec::new() }; N];
    let mut sides = sides.map(|side| {
        side();
        side
    });
    for round in 0..rounds {
        let (first, last) = (round % N, sides.len());
        for at in (first..last).chain(0..first) {
            if let (Some(side), Some(taken)) = (sides.get_mut(at), taken.get_mut(at)) {
                taken.push(side());
            }
        }
    }
    Turns(taken)
}

impl<const N: usize> Turns<N> {
    /// A side's median round.
    pub(crate) fn median(&self, side: usize) -> f64 {
        median(self.rounds(side).to_vec())
    }

    /// The median of what `side` took as a multiple of what `other` took in the same round.
    pub(crate) fn ratio(&self, side: usize, other: usize) -> f64 {
        let rounds = self.rounds(side).iter().zip(self.rounds(other));
        median(rounds.map(|(one, other)| one / other.max(1e-9)).collect())
    }

    fn rounds(&self, side: usize) -> &[f64] {
        self.0.get(side).map_or(&[], Vec::as_slice)
    }
}

/// The middle value, 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
