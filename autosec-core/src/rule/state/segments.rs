use std::sync::OnceLock;

/// How many things the first segment holds.
const FIRST: usize = 4;
const SEGMENTS: usize = 24;

/// A list that grows while others read it: what is in it never moves.
///
/// It is made of segments, each as long as all before it together.
#[derive(Debug)]
pub(super) struct Segments<T> {
    segments: [OnceLock<Box<[T]>>; SEGMENTS],
}

impl<T> Segments<T> {
    /// The most things it holds: 33 million.
    pub(super) const LIMIT: usize = FIRST << (SEGMENTS - 1);

    /// Nothing.
    pub(super) const fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS] }
    }

    /// The thing at this place, if there is one.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        let (segment, at) = place(at);
        self.segments.get(segment)?.get()?.get(at)
    }

    /// Sees to it that there is something at this place and before it.
    pub(super) fn reach(&self, at: usize)
    where
        T: Default,
    {
        for (number, segment) in self.segments.iter().enumerate().take(place(at).0 + 1) {
            let length = if number == 0 { FIRST } else { FIRST << (number - 1) };
            segment.get_or_init(|| (0..length).map(|_| T::default()).collect());
        }
    }
}

/// Which segment a place is in, and where.
#[inline]
fn place(at: usize) -> (usize, usize) {
    match (at / FIRST).checked_ilog2() {
        Some(doubled) => (doubled as usize + 1, at - (FIRST << doubled)),
        None => (0, at),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn grows_and_keeps_what_it_holds() {
        let list: Segments<AtomicUsize> = Segments::new();
        for at in 0..1_000 {
            assert!(at % 8 != 4 || list.get(at + 600).is_none());
            list.reach(at);
            list.get(at).unwrap().store(at, Ordering::Relaxed);
        }
        assert!((0..1_000).all(|at| list.get(at).unwrap().load(Ordering::Relaxed) == at));
        assert!(list.get(1_023).is_some() && list.get(1_024).is_none());
        assert!(list.get(usize::MAX).is_none() && Segments::<u8>::new().get(Segments::<u8>::LIMIT).is_none());
    }
}
