//! Files and functions stay small, and comments stay with them.
//!
//! A line counts as code when it holds more than a comment; inline tests do not count.

use super::crates::MEMBERS;
use super::source::{Source, braced, filled_lines, line, split_word, words};

/// A measured figure beside the bound it keeps or misses.
#[derive(Debug)]
pub struct Bar {
    name: &'static str,
    measured: f64,
    unit: &'static str,
    bound: Bound,
    /// What to look at when it is missed, worst first.
    offenders: Vec<String>,
}

#[derive(Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Most offenders named a bar.
const NAMED: usize = 15;

/// The size bars that are missed, each with its offenders. How much is commented is reported, not held: a sentence
/// written to please a counter helps nobody.
pub fn violations(sources: &[Source<'_>]) -> Vec<String> {
    let missed = size_bars(sources).into_iter().filter(|bar| !bar.is_kept());
    missed.map(|bar| format!("{}:\n    {}", bar.line(), bar.offenders.join("\n    "))).collect()
}

/// All the bars, one line each.
pub fn report(sources: &[Source<'_>]) -> String {
    let bars = size_bars(sources).into_iter().chain(comment_bar(&product(sources)));
    bars.map(|bar| bar.line() + "\n").collect()
}

fn product<'s, 'a>(sources: &'s [Source<'a>]) -> Vec<&'s Source<'a>> {
    sources.iter().filter(|source| is_product(source.path)).collect()
}

fn size_bars(sources: &[Source<'_>]) -> Vec<Bar> {
    let product = product(sources);
    let files = product.iter().map(|source| (source.code_lines(), source.path.to_owned())).collect();
    let functions = product.iter().flat_map(|source| functions(source)).collect();
    let (files, functions) = (Distribution::new(files), Distribution::new(functions));
    vec![
        files.bar("house/file-median", 0.5, 120),
        files.bar("house/file-p90", 0.9, 300),
        files.bar("house/file-largest", 1.0, 500),
        functions.bar("house/function-p90", 0.9, 25),
        functions.bar("house/function-largest", 1.0, 60),
    ]
}

impl Bar {
    fn is_kept(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.measured <= bound,
            Bound::AtLeast(bound) => self.measured >= bound,
        }
    }

    fn line(&self) -> String {
        let Self { name, measured, unit, .. } = self;
        let asks = match self.bound {
            Bound::AtMost(bound) => format!("<={bound}"),
            Bound::AtLeast(bound) => format!(">={bound}"),
        };
        let result = if self.is_kept() { "ok" } else { "missed" };
        format!("bar {name} measured {measured} {unit} asks {asks} {result}")
    }
}

/// Sizes in lines with the names of what has them, largest first.
struct Distribution(Vec<(usize, String)>);

impl Distribution {
    fn new(mut sizes: Vec<(usize, String)>) -> Self {
        sizes.sort_unstable_by(|left, right| right.cmp(left));
        Self(sizes)
    }

    /// The bar that the size at `share` of the whole, by nearest rank, keeps below `bound`.
    fn bar(&self, name: &'static str, share: f64, bound: usize) -> Bar {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        let measured = self.0.get(self.0.len() - rank).map_or(0, |(size, _)| *size);
        let above = self.0.iter().take_while(|(size, _)| *size > bound).take(NAMED);
        let offenders = above.map(|(size, name)| format!("{size} lines: {name}")).collect();
        Bar { name, measured: measured as f64, unit: "lines", bound: Bound::AtMost(bound as f64), offenders }
    }
}

/// Lines of comments to lines of code in the crates that are read most.
fn comment_bar(product: &[&Source<'_>]) -> Option<Bar> {
    let read = ["autosec-core/src/", "autosec-integrations/src/"];
    let measured = product.iter().filter(|source| read.iter().any(|root| source.path.starts_with(root)));
    let counts = measured.map(|source| (source.comment_lines(), source.code_lines()));
    let (comments, code) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    if code == 0 {
        return None;
    }
    Some(Bar {
        name: "house/comment-to-code",
        measured: (comments as f64 / code as f64 * 100.0).floor() / 100.0,
        unit: "ratio",
        bound: Bound::AtLeast(0.4),
        offenders: Vec::new(),
    })
}

/// Whether the file is a source of a member of the workspace, and not a file of tests.
fn is_product(path: &str) -> bool {
    let inside = MEMBERS.iter().find_map(|member| path.strip_prefix(member)?.strip_prefix("/src/"));
    inside.is_some_and(|inside| !inside.split('/').any(|part| part == "tests" || part == "tests.rs"))
}

/// The lines of code of each function's body, and where it stands.
fn functions(source: &Source<'_>) -> Vec<(usize, String)> {
    let code = source.product();
    let bodies = words(code, "fn").filter_map(|at| {
        let (name, _) = split_word(code[at + "fn".len()..].trim_start().trim_start_matches('$'));
        let body = &code[braced(code, body_start(code, at)?)?];
        let place = format!("{}:{}", source.path, line(code, at));
        (!name.is_empty()).then(|| (filled_lines(body), format!("{place} `{name}`")))
    });
    bodies.collect()
}

/// The brace that opens the body of the function at `at`; none if it has no body.
fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ if depth < 0 => return None,
            _ => {}
        }
    }
    None
}

mod tests {
    use super::super::tests::{assert_clean, assert_found};
    use super::*;

    const FILE: &str = "autosec-core/src/net/set.rs";

    fn function(lines: usize) -> String {
        format!("fn long(a: [u8; 2]) -> u8 {{\n{}}}\n", "    call(\"}\");\n".repeat(lines))
    }

    #[test]
    fn refuses_large_files() {
        let filling = |lines| "const A: u8 = 1;\n".repeat(lines);
        assert_found(FILE, &filling(121), "bar house/file-median measured 121 lines asks <=120 missed");
        assert_found(FILE, &filling(301), "bar house/file-p90 measured 301 lines asks <=300 missed");
        assert_found(FILE, &filling(501), "501 lines: autosec-core/src/net/set.rs");
        assert_clean(FILE, &filling(120));
    }

    #[test]
    fn leaves_comments_and_inline_tests_out() {
        let tests = "const A: u8 = 1;\n".repeat(600);
        assert_clean(FILE, &format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n{tests}}}\n"));
        assert_clean(FILE, &"// Words.\n\n".repeat(600));
        assert_clean("autosec-core/src/net/tests.rs", &tests);
    }

    #[test]
    fn refuses_large_functions() {
        let long = function(61);
        assert_found(FILE, &long, "bar house/function-largest measured 61 lines asks <=60 missed");
        assert_found(FILE, &long, "61 lines: autosec-core/src/net/set.rs:");
        assert_found(FILE, &function(26), "bar house/function-p90 measured 26 lines asks <=25 missed");
        assert_clean(FILE, &function(25));
        assert_clean(FILE, &format!("{}{}", "fn a() {}\n".repeat(9), function(60)));
    }

    #[test]
    fn finds_the_body_of_a_function() {
        let text = "trait T { fn a(&self); fn b() -> [u8; 2] { [1, 2] } }\ntype F = fn(u8) -> u8;\nfn c()\nwhere\n    A: B,\n{\n    x\n\n    // no\n}\n";
        let source = Source::new(FILE, text);
        let found = functions(&source);
        assert_eq!(found, [(1, format!("{FILE}:1 `b`")), (1, format!("{FILE}:3 `c`"))]);
    }

    #[test]
    fn reports_how_much_is_commented() {
        let bare = "const A: u8 = 1;\n".repeat(10);
        for (comments, expected) in
            [(3, "measured 0.3 ratio asks >=0.4 missed"), (4, "measured 0.4 ratio asks >=0.4 ok")]
        {
            let text = format!("{}{bare}", "// Words.\n".repeat(comments));
            let report = report(&[Source::new(FILE, &text)]);
            assert!(report.contains(&format!("bar house/comment-to-code {expected}")), "{report}");
        }
    }
}
