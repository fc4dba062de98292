use std::fmt::Write as _;

use super::escape::markup;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;

/// The colours of pictures and pages, for light screens and dark ones. Both of a pair keep a contrast of 4.5 to their ground.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--soft:#59636e;--grid:#d1d9e0;--good:#0b5cad;--bad:#b23a0a}
@media(prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--grid:#3d444d;--good:#6cb6ff;--bad:#f0883e}}
";

/// The shapes of pictures.
pub(super) const SHAPES: &str = "\
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
.ground{fill:var(--ground)}.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--grid);fill:none}
.line{stroke:var(--good);fill:none;stroke-width:2}.chance{stroke:var(--soft);fill:none;stroke-dasharray:4 4}
.dot{fill:var(--good)}.good{fill:var(--good);fill-opacity:.55}.bad{fill:var(--bad)}
";

/// A range of numbers along an axis, with where to write what.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Axis {
    /// From 0 to 1.
    pub(super) fn share(label: &'static str) -> Self {
        Self { label, from: 0.0, to: 1.0 }
    }

    /// Where a number lies, 0..=1.
    fn place(&self, value: f64) -> f64 {
        let place = (0.5 * value - 0.5 * self.from) / (0.5 * self.to - 0.5 * self.from);
        if place.is_nan() { 0.5 } else { place.clamp(0.0, 1.0) }
    }
}

/// A picture with two axes, being drawn.
#[derive(Debug)]
pub(super) struct Chart {
    across: Axis,
    up: Axis,
    body: String,
}

impl Chart {
    pub(super) fn new(across: Axis, up: Axis) -> Self {
        let mut chart = Self { across, up, body: String::new() };
        chart.frame();
        chart
    }

    /// A line through points.
    pub(super) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let places = points.into_iter().map(|(x, y)| format!("{:.1},{:.1}", self.x(x), self.y(y)));
        let places: Vec<String> = places.collect();
        self.draw(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", places.join(" ")));
    }

    /// A dot, the larger the greater its `weight` (0..=1) is.
    pub(super) fn dot(&mut self, x: f64, y: f64, weight: f64) {
        let (x, y, radius) = (self.x(x), self.y(y), 2.5 + 5.0 * weight.clamp(0.0, 1.0).sqrt());
        self.draw(format_args!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>"));
    }

    /// A bar from the bottom up.
    pub(super) fn bar(&mut self, class: &str, (from, to): (f64, f64), height: f64) {
        let (left, right, top) = (self.x(from), self.x(to), self.y(height));
        let (width, height) = (right - left, HEIGHT - BOTTOM - top);
        if height > 0.0 {
            self.draw(format_args!(
                "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            ));
        }
    }

    /// What colours mean, in the upper right corner.
    pub(super) fn legend(&mut self, entries: &[(&str, &str)]) {
        for (number, (class, text)) in entries.iter().enumerate() {
            let y = TOP + 8.0 + 18.0 * number as f64;
            let x = WIDTH - RIGHT - 110.0;
            self.draw(format_args!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"12\" height=\"12\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 18.0,
                y + 10.0,
                markup(text)
            ));
        }
    }

    /// What is inside the `svg` element, and how wide and high it is.
    pub(super) fn finish(self) -> (String, f64, f64) {
        (self.body, WIDTH, HEIGHT)
    }

    fn frame(&mut self) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for quarter in 0..=4 {
            let share = f64::from(quarter) / 4.0;
            let (x, y) = (LEFT + (right - LEFT) * share, bottom - (bottom - TOP) * share);
            let across = short(self.across.from + (self.across.to - self.across.from) * share);
            let up = short(self.up.from + (self.up.to - self.up.from) * share);
            self.draw(format_args!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}M{x:.1} {TOP}V{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{across}</text>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{up}</text>",
                bottom + 16.0,
                LEFT - 6.0,
                y + 4.0
            ));
        }
        let (middle, centre) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let (across, up) = (markup(self.across.label), markup(self.up.label));
        self.draw(format_args!(
            "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>\
             <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{across}</text>\
             <text transform=\"translate(14 {centre:.1}) rotate(-90)\" text-anchor=\"middle\">{up}</text>",
            HEIGHT - 8.0
        ));
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - RIGHT - LEFT) * self.across.place(value)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * self.up.place(value)
    }

    fn draw(&mut self, shape: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{shape}");
    }
}

/// A number in few characters.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(0.001..100_000.0).contains(&size) {
        format!("{value:.1e}")
    } else {
        let places = if size >= 1_000.0 { 0 } else { 3 };
        let text = format!("{value:.places$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.25, -12.5, 1234.0, 1e9, 1.23e-7, 0.1 + 0.2, 99_999.9].map(short);
        assert_eq!(texts, ["0", "0.25", "-12.5", "1234", "1.0e9", "1.2e-7", "0.3", "100000"]);
    }

    #[test]
    fn no_number_leaves_the_picture() {
        let mut chart = Chart::new(Axis { label: "a", from: 1.0, to: 1.0 }, Axis::share("b"));
        chart.line("line", [(f64::NAN, f64::INFINITY), (f64::MAX, f64::MIN), (1.0, 0.5)]);
        chart.bar("bad", (f64::MIN, f64::MAX), 0.5);
        let (body, _, _) = chart.finish();
        assert!(!body.contains("NaN") && !body.contains("inf"), "{body}");
    }
}
