use crate::random::Random;

/// Draws rows without replacement, in memory of a bit a row: Floyd's way (Bentley and Floyd, "A sample of brilliance",
/// CACM 1987).
#[derive(Debug)]
pub(crate) struct Sampler {
    drawn: Vec<u64>,
    rows: usize,
    sample: Vec<usize>,
}

impl Sampler {
    pub(crate) fn new(rows: usize) -> Self {
        Self { drawn: vec![0; rows.div_ceil(64)], rows, sample: Vec::new() }
    }

    /// `count` different rows, all of them if there are no more.
    pub(crate) fn draw(&mut self, count: usize, random: &mut Random) -> &[usize] {
        self.sample.clear();
        for last in self.rows.saturating_sub(count)..self.rows {
            let row = random.below(last + 1);
            let row = if self.mark(row) { row } else { last };
            self.mark(row);
            self.sample.push(row);
        }
        for row in &self.sample {
            if let Some(word) = self.drawn.get_mut(row / 64) {
                *word = 0;
            }
        }
        &self.sample
    }

    /// Whether the row had not been drawn yet.
    fn mark(&mut self, row: usize) -> bool {
        let Some(word) = self.drawn.get_mut(row / 64) else { return false };
        let before = *word;
        *word |= 1 << (row % 64);
        *word != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_every_row_equally_often() {
        let (mut random, mut sampler) = (Random::new(3, 0), Sampler::new(130));
        let mut counts = [0_i32; 130];
        for _ in 0..13_000 {
            let sample = sampler.draw(20, &mut random);
            sample.iter().for_each(|row| counts[*row] += 1);
        }
        assert!(counts.iter().all(|count| (count - 2_000).abs() < 200), "{counts:?}");
        let mut all = sampler.draw(500, &mut random).to_vec();
        all.sort_unstable();
        assert_eq!(all, (0..130).collect::<Vec<_>>());
    }
}
