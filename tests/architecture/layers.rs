//! Imports inside the crates point downwards.

use super::source::{Source, braced, split_word, words};

/// A list of modules, lowest first, and the module they are children of.
struct Ladder {
    /// The sources of the crate.
    root: &'static str,
    within: &'static [&'static str],
    levels: &'static [Level],
}

/// Modules of one height. Every one may import all that is on a lower level.
enum Level {
    /// Each may also import those to its left.
    Row(&'static [&'static str]),
    /// None imports another.
    Siblings(&'static [&'static str]),
}

use Level::{Row, Siblings};

const CORE: Ladder = Ladder {
    root: CORE_ROOT,
    within: &[],
    levels: &[
        Row(&["time", "measure", "net", "entity"]),
        Row(&["event"]),
        Row(&["finding", "sketch", "store", "observe"]),
        Row(&["enrich"]),
        Siblings(&["rule", "intel", "behavior"]),
        Row(&["score"]),
        Row(&["decision"]),
        Row(&["enforce"]),
        Row(&["engine"]),
    ],
};

const RULE: Ladder = Ladder {
    root: CORE_ROOT,
    within: &["rule"],
    levels: &[
        Row(&["list", "operator", "model", "starter"]),
        Row(&["lang", "sigma", "image"]),
        Row(&["plan"]),
        Row(&["state", "run", "explain"]),
        Row(&["set", "backtest"]),
    ],
};

const ML: Ladder = Ladder {
    root: ML_ROOT,
    within: &[],
    levels: &[
        Row(&["random", "order", "matrix"]),
        Siblings(&["evaluate", "feature", "simulate"]),
        Row(&["model"]),
        Row(&["isolation"]),
        Row(&["anomaly"]),
        Siblings(&["online", "cluster", "statistic"]),
        Row(&["temporal"]),
        Row(&["calibrate"]),
        Row(&["ensemble"]),
        Siblings(&["detector", "drift", "champion"]),
    ],
};

const PLUGIN: Ladder = Ladder {
    root: INTEGRATIONS_ROOT,
    within: &["plugin"],
    levels: &[
        Row(&["interface"]),
        Row(&["manifest"]),
        Row(&["gate"]),
        Siblings(&["native", "wasm"]),
        Row(&["firewall"]),
        Row(&["registry"]),
        Row(&["loader"]),
    ],
};

const CORE_ROOT: &str = "autosec-core/src/";
const INTEGRATIONS_ROOT: &str = "autosec-integrations/src/";
const ML_ROOT: &str = "autosec-ml/src/";

/// Every import that points upwards, sideways or to a name the lists do not know.
pub fn violations(sources: &[Source<'_>]) -> Vec<String> {
    let roots = [CORE_ROOT, INTEGRATIONS_ROOT, ML_ROOT].into_iter();
    roots
        .flat_map(|root| sources.iter().map(move |source| (root, source)))
        .filter(|(root, source)| source.path.starts_with(root))
        .flat_map(|(root, source)| {
            let module = module(root, source.path);
            let references = references(source, &module);
            let ladders = [CORE, RULE, PLUGIN, ML].into_iter().filter(|ladder| ladder.root == root);
            let climbs = ladders.flat_map(|ladder| ladder.violations(source, &module, &references));
            climbs.chain(escapes(root, source, &references)).collect::<Vec<_>>()
        })
        .collect()
}

impl Ladder {
    fn violations(&self, source: &Source<'_>, module: &[&str], references: &[Reference<'_>]) -> Vec<String> {
        let Some(importer) = child(module, self.within) else { return Vec::new() };
        if self.rank(importer).is_none() {
            return vec![format!("{}: {}", source.path, self.unknown(importer))];
        }
        let refused = references.iter().filter_map(|reference| {
            let imported = child(reference.path.as_deref()?, self.within)?;
            self.refusal(importer, imported).map(|why| format!("{}: {why}", source.place(reference.at)))
        });
        refused.collect()
    }

    fn refusal(&self, importer: &str, imported: &str) -> Option<String> {
        let (level, place) = self.rank(importer)?;
        let Some((target, target_place)) = self.rank(imported) else {
            return Some(self.unknown(imported));
        };
        let sideways = matches!(self.levels[level], Row(_)) && target_place < place;
        let allowed = importer == imported || target < level || (target == level && sideways);
        (!allowed).then(|| format!("`{importer}` (layer {level}) imports `{imported}` (layer {target})"))
    }

    fn unknown(&self, name: &str) -> String {
        let within = ["crate"].iter().chain(self.within).copied().collect::<Vec<_>>().join("::");
        format!(
            "`{within}::{name}` is not in the list of layers: import a type by the path of its module, \
             and give a new module its place in tests/architecture/layers.rs"
        )
    }

    fn rank(&self, name: &str) -> Option<(usize, usize)> {
        self.levels.iter().enumerate().find_map(|(level, modules)| {
            let (Row(modules) | Siblings(modules)) = modules;
            modules.iter().position(|module| *module == name).map(|place| (level, place))
        })
    }
}

/// The name that follows `within` in `path`.
fn child<'p>(path: &[&'p str], within: &[&'static str]) -> Option<&'p str> {
    path.strip_prefix(within)?.first().copied()
}

/// The module that a file of the crate at `root` is.
fn module<'p>(root: &str, path: &'p str) -> Vec<&'p str> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut parts: Vec<&str> = inside.strip_suffix(".rs").unwrap_or(inside).split('/').collect();
    if matches!(parts.last(), Some(&"mod" | &"lib")) {
        parts.pop();
    }
    parts
}

/// A path in the code that begins with `crate` or `super`.
struct Reference<'s> {
    at: usize,
    /// The parts from the root of the crate; none if it climbs out of it.
    path: Option<Vec<&'s str>>,
}

fn references<'s>(source: &'s Source<'_>, module: &[&'s str]) -> Vec<Reference<'s>> {
    let code = source.code.as_str();
    let from_root = words(code, "crate").filter_map(|at| {
        let tail = code[at + "crate".len()..].trim_start().strip_prefix("::")?;
        Some((at, Some(Vec::new()), tail))
    });
    let from_here = words(code, "super").filter(|at| !code[..*at].ends_with("super::")).filter_map(|at| {
        let (height, tail) = climb(&code[at..])?;
        let here = [module, &enclosing_modules(code, at)].concat();
        let base = here.len().checked_sub(height).map(|length| here[..length].to_vec());
        Some((at, base, tail))
    });
    let mut references = Vec::new();
    for (at, base, tail) in from_root.chain(from_here) {
        let whole = |path: Vec<&'s str>| base.as_ref().map(|base| [base.as_slice(), &path].concat());
        references.extend(tree(tail).0.into_iter().map(|path| Reference { at, path: whole(path) }));
    }
    references
}

/// How many `super::` `rest` begins with, and what follows them; none for a bare `super`, as in `pub(super)`.
fn climb(rest: &str) -> Option<(usize, &str)> {
    let mut tail = rest;
    let mut height = 0;
    while let Some(after) = tail.strip_prefix("super").and_then(|after| after.strip_prefix("::")) {
        (height, tail) = (height + 1, after);
    }
    (height > 0).then_some((height, tail))
}

/// The inline modules around byte `at`, outermost first.
fn enclosing_modules(code: &str, at: usize) -> Vec<&str> {
    words(&code[..at], "mod")
        .filter_map(|found| {
            let (name, after) = split_word(code[found + "mod".len()..].trim_start());
            let after = after.trim_start();
            let open = after.starts_with('{').then_some(code.len() - after.len())?;
            braced(code, open)?.contains(&at).then_some(name)
        })
        .collect()
}

/// The paths of a use tree such as `a::{b, c::d}`, and what follows it.
fn tree(rest: &str) -> (Vec<Vec<&str>>, &str) {
    let rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        return group(inside);
    }
    if let Some(after) = rest.strip_prefix('*') {
        return (vec![vec!["*"]], after);
    }
    let (name, after) = split_word(rest);
    match after.trim_start().strip_prefix("::").filter(|tail| !tail.trim_start().starts_with('<')) {
        None => (vec![vec![name]], after),
        Some(tail) => {
            let (paths, after) = tree(tail);
            (paths.into_iter().map(|path| [&[name], path.as_slice()].concat()).collect(), after)
        }
    }
}

fn group(inside: &str) -> (Vec<Vec<&str>>, &str) {
    let mut paths = Vec::new();
    let mut rest = inside.trim_start();
    while !rest.is_empty() && !rest.starts_with('}') {
        let (found, after) = tree(rest);
        paths.extend(found);
        let end = after.find([',', '}']).unwrap_or(after.len());
        rest = after[end..].trim_start_matches(',').trim_start();
    }
    (paths, rest.strip_prefix('}').unwrap_or(rest))
}

/// Ways round the lists.
fn escapes(root: &str, source: &Source<'_>, references: &[Reference<'_>]) -> Vec<String> {
    let itself = root.trim_end_matches("/src/").replace('-', "_");
    let ways = ["extern crate", itself.as_str(), "#[path"].into_iter();
    let hidden = ways.flat_map(|way| source.code.match_indices(way));
    let hidden =
        hidden.map(|(at, way)| format!("{}: `{way}` hides where an import points", source.place(at)));
    let outside = references.iter().filter(|reference| reference.path.is_none());
    let outside = outside.map(|out| format!("{}: `super` climbs out of the crate", source.place(out.at)));
    hidden.chain(outside).collect()
}

mod tests {
    use super::super::tests::{assert_clean, assert_found};

    #[test]
    fn refuses_imports_upwards() {
        let refused = [
            ("enrich/geo.rs", "use crate::engine::Engine;", "`enrich` (layer 3) imports `engine` (layer 8)"),
            ("event/mod.rs", "fn a() { crate::score::b() }", "`event` (layer 1) imports `score` (layer 5)"),
            ("event/mod.rs", "use crate::{net, engine::{Engine}};", "imports `engine`"),
            ("event/mod.rs", "use crate::{\n    time::{self, Clock as C},\n    rule,\n};", "imports `rule`"),
            ("event/field.rs", "use super::super::finding::Finding;", "imports `finding`"),
            ("event/mod.rs", "mod tests { use super::super::finding::A; }", "imports `finding`"),
            ("event/mod.rs", "macro_rules! m { () => { $crate::finding::A } }", "imports `finding`"),
        ];
        for (file, text, what) in refused {
            assert_found(&format!("autosec-core/src/{file}"), text, what);
        }
    }

    #[test]
    fn refuses_imports_sideways() {
        let refused = [
            ("time/mod.rs", "use crate::net::a;", "`time` (layer 0) imports `net` (layer 0)"),
            ("finding/mod.rs", "use crate::observe::A;", "`finding` (layer 2) imports `observe` (layer 2)"),
            ("rule/mod.rs", "use crate::intel::A;", "`rule` (layer 4) imports `intel` (layer 4)"),
            ("behavior/mod.rs", "use crate::rule::A;", "`behavior` (layer 4) imports `rule` (layer 4)"),
        ];
        for (file, text, what) in refused {
            assert_found(&format!("autosec-core/src/{file}"), text, what);
        }
    }

    #[test]
    fn refuses_imports_upwards_inside_rule() {
        let refused = [
            ("lang/parse.rs", "use crate::rule::plan::Plan;", "`lang` (layer 1) imports `plan` (layer 2)"),
            ("model.rs", "use super::set::RuleSet;", "`model` (layer 0) imports `set` (layer 4)"),
            ("run/mod.rs", "use super::RuleSet;", "`crate::rule::RuleSet` is not in the list"),
            ("other.rs", "", "`crate::rule::other` is not in the list"),
        ];
        for (file, text, what) in refused {
            assert_found(&format!("autosec-core/src/rule/{file}"), text, what);
        }
    }

    #[test]
    fn refuses_imports_upwards_inside_the_models() {
        let refused = [
            ("model/mod.rs", "use crate::drift::A;", "`model` (layer 2) imports `drift` (layer 9)"),
            (
                "evaluate/mod.rs",
                "use crate::simulate::A;",
                "`evaluate` (layer 1) imports `simulate` (layer 1)",
            ),
            ("lib.rs", "use autosec_ml::drift::A;", "`autosec_ml` hides"),
        ];
        for (file, text, what) in refused {
            assert_found(&format!("autosec-ml/src/{file}"), text, what);
        }
        assert_clean("autosec-ml/src/drift/mod.rs", "use autosec_core::event::Event;\nuse crate::model::A;");
    }

    #[test]
    fn refuses_imports_upwards_among_plugins() {
        let refused = [
            (
                "firewall/a.rs",
                "use crate::plugin::registry::A;",
                "`firewall` (layer 4) imports `registry` (layer 5)",
            ),
            ("wasm/guest.rs", "use crate::plugin::manifest::{A, B};", ""),
            (
                "interface/a.rs",
                "use super::super::gate::Gate;",
                "`interface` (layer 0) imports `gate` (layer 2)",
            ),
            ("wasm/a.rs", "use crate::plugin::native::A;", "`wasm` (layer 3) imports `native` (layer 3)"),
            ("other.rs", "", "`crate::plugin::other` is not in the list"),
        ];
        for (file, text, what) in refused {
            let path = format!("autosec-integrations/src/plugin/{file}");
            if what.is_empty() { assert_clean(&path, text) } else { assert_found(&path, text, what) }
        }
    }

    #[test]
    fn refuses_names_it_cannot_place() {
        let refused = [
            ("event/mod.rs", "use crate::Event;", "`crate::Event` is not in the list"),
            ("event/mod.rs", "use crate::*;", "`crate::*` is not in the list"),
            ("event/mod.rs", "use super::super::super::a;", "`super` climbs out of the crate"),
            ("helpers.rs", "", "`crate::helpers` is not in the list"),
            ("event/mod.rs", "extern crate self as core;", "`extern crate` hides"),
            ("event/mod.rs", "#[path = \"../engine/mod.rs\"]\nmod a;", "`#[path` hides"),
        ];
        for (file, text, what) in refused {
            assert_found(&format!("autosec-core/src/{file}"), text, what);
        }
    }

    #[test]
    fn accepts_imports_downwards() {
        let accepted = [
            ("lib.rs", "#![forbid(unsafe_code)]\npub use crate::engine::Engine;"),
            ("entity/mod.rs", "use crate::{net::canonical, time};"),
            ("observe/mod.rs", "use crate::finding::{Action, Fault};"),
            ("event/a.rs", "pub(crate) fn a() {}\npub(super) fn b() { super::c::<u8>() }"),
            ("event/a.rs", "// use crate::engine::Engine;\nconst A: &str = \"crate::engine\";"),
            ("event/a.rs", "#[cfg(test)]\nmod tests {\n    use super::super::field;\n    use super::*;\n}\n"),
            ("rule/set/mod.rs", "use crate::rule::{lang, run::Scratch};\nuse crate::enrich::A;"),
        ];
        for (file, text) in accepted {
            assert_clean(&format!("autosec-core/src/{file}"), text);
        }
    }
}
