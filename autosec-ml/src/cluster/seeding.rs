use super::centroids::{Centroids, LANES, square};
use crate::random::Random;

/// The first centroids: each one a row, the farther from those there are, the likelier; of eight drawn the one after
/// which the rows are nearest to their centroids. Fewer than `count` if there are not as many different rows.
pub(super) fn seed(cells: &[f32], columns: usize, count: usize, random: &mut Random) -> Centroids {
    let row = |number: usize| cells.get(number * columns..(number + 1) * columns).unwrap_or_default();
    let first = row(random.below(cells.len() / columns));
    let mut centroids = Centroids::new([first].into_iter(), columns);
    let mut squares: Vec<f32> = cells.chunks_exact(columns).map(|cells| centroids.nearest(cells).1).collect();
    while centroids.len() < count {
        let total: f64 = squares.iter().copied().map(f64::from).sum();
        if total == 0.0 {
            break;
        }
        let drawn = draw(&squares, total, random);
        let candidates = Centroids::new(drawn.iter().map(|number| row(*number)), columns);
        let lane = best(cells, &squares, &candidates);
        let chosen = row(drawn.get(lane).copied().unwrap_or(0));
        centroids.push(chosen);
        for (cells, nearest) in cells.chunks_exact(columns).zip(&mut squares) {
            *nearest = nearest.min(square(cells, chosen));
        }
    }
    centroids
}

/// Numbers of rows, each drawn in proportion to its square.
fn draw(squares: &[f32], total: f64, random: &mut Random) -> [usize; LANES] {
    let mut marks = [0.0; LANES].map(|_: f64| random.fraction() * total);
    marks.sort_unstable_by(f64::total_cmp);
    // Rounding may put a mark at the very end.
    let last = squares.iter().rposition(|square| *square > 0.0).unwrap_or(0);
    let mut drawn = [last; LANES];
    let (mut sum, mut open) = (0.0, drawn.iter_mut().zip(marks).peekable());
    for (number, square) in squares.iter().enumerate() {
        sum += f64::from(*square);
        while let Some((place, _)) = open.next_if(|(_, mark)| *mark < sum) {
            *place = number;
        }
        if open.peek().is_none() {
            break;
        }
    }
    drawn
}

/// The lane of the candidate that leaves the least distances.
fn best(cells: &[f32], squares: &[f32], candidates: &Centroids) -> usize {
    let mut left = [0.0; LANES];
    for (cells, square) in cells.chunks_exact(candidates.columns()).zip(squares) {
        for (sum, new) in left.iter_mut().zip(candidates.squares(cells)) {
            *sum += f64::from(if new < *square { new } else { *square });
        }
    }
    let least = left.iter().enumerate().min_by(|(_, left), (_, right)| left.total_cmp(right));
    least.map_or(0, |(lane, _)| lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_in_different_groups() {
        let cells: Vec<f32> =
            (0..300_u16).map(|row| f32::from(row % 3) * 100.0 + f32::from(row % 7)).collect();
        for stream in 0..20 {
            let centroids = seed(&cells, 1, 3, &mut Random::new(1, stream));
            let mut groups: Vec<f32> =
                (0..3).flat_map(|number| centroids.row(number)).map(|cell| (cell / 100.0).floor()).collect();
            groups.sort_unstable_by(f32::total_cmp);
            assert_eq!(groups, [0.0, 1.0, 2.0]);
        }
    }

    #[test]
    fn takes_no_row_twice() {
        let cells = [1.0, 2.0, 1.0, 2.0, 5.0, 2.0];
        assert_eq!(seed(&cells, 2, 3, &mut Random::new(1, 0)).len(), 2);
        let squares = [0.0, 1.0, 0.0, 3.0, 0.0];
        let drawn = (0..50).flat_map(|stream| draw(&squares, 4.0, &mut Random::new(2, stream)));
        let thirds = drawn.inspect(|row| assert!([1, 3].contains(row))).filter(|row| *row == 3).count();
        assert!((260..340).contains(&thirds), "{thirds} of 400");
    }
}
