//! Each side's rules, made from the same texts.

use autosec_core::event::Schema;
use autosec_core::rule::{LogSourceRouting, RuleErrors, RuleSet, RuleSetBuilder};
use rsigma_eval::{Engine, compile_rule};
use rsigma_parser::{SigmaCollection, parse_sigma_yaml};

/// The fields that name an event's category, product and service.
pub(super) const SOURCE_FIELDS: [&str; 3] = ["logsource.category", "logsource.product", "logsource.service"];

/// Our rule set. The texts are given away, as a program does that has just read them from files.
pub(super) fn ours(files: Vec<(String, String)>) -> Result<RuleSet, RuleErrors> {
    build(&Schema::ecs(), files, None)
}

/// The same for events that name their log source: without rules of a conflicting one, or, if `strict`, with those alone
/// whose whole log source is the event's.
pub(super) fn ours_routed(files: Vec<(String, String)>, strict: bool) -> Result<RuleSet, RuleErrors> {
    let [category, product, service] = SOURCE_FIELDS;
    let routing = LogSourceRouting::by_fields(category, product, service);
    build(&Schema::ecs(), files, Some(if strict { routing.strict() } else { routing }))
}

fn build(
    schema: &Schema,
    files: Vec<(String, String)>,
    routing: Option<LogSourceRouting>,
) -> Result<RuleSet, RuleErrors> {
    let builder =
        files.into_iter().fold(RuleSet::builder(schema), |builder, (name, text)| builder.sigma(name, text));
    let builder = routing.into_iter().fold(builder, RuleSetBuilder::route_by_logsource);
    builder.placeholder("known_cdcs", ["none"]).build()
}

/// The peer's syntax trees of all files.
pub(super) fn rsigma_parsed(files: &[(String, String)]) -> Result<SigmaCollection, String> {
    let mut all = SigmaCollection::new();
    for (name, text) in files {
        let mut one = parse_sigma_yaml(text).map_err(|error| format!("{name}: {error}"))?;
        all.rules.append(&mut one.rules);
        all.filters.append(&mut one.filters);
        all.errors.append(&mut one.errors);
    }
    Ok(all)
}

/// The peer's engine with everything at its default. All rules are added at once, which is what it does fastest.
pub(super) fn rsigma_compiled(parsed: &SigmaCollection) -> Result<Engine, String> {
    let mut engine = Engine::new();
    engine.add_collection(parsed).map_err(|error| error.to_string())?;
    Ok(engine)
}

/// The peer's engine from texts.
pub(super) fn rsigma(files: &[(String, String)]) -> Result<Engine, String> {
    rsigma_compiled(&rsigma_parsed(files)?)
}

/// The peer's engine as small as it gets: made of compiled rules, without what [`Engine`] keeps to save them again.
pub(super) fn rsigma_lean(files: &[(String, String)]) -> Result<Engine, String> {
    let parsed = rsigma_parsed(files)?;
    let compiled: Result<Vec<_>, _> = parsed.rules.iter().map(compile_rule).collect();
    let mut engine = Engine::new();
    engine.extend_compiled_rules(compiled.map_err(|error| error.to_string())?);
    Ok(engine)
}
