use autosec_core::net::network;
use autosec_core::rule::List;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error;
use crate::guard::detached;
use crate::turn::Turns;

/// The values of a named list: integers if all are, addresses and prefixes if all are, else texts.
pub(super) fn list(name: &str, values: &Bound<'_, PyAny>) -> PyResult<List> {
    let py = values.py();
    let mut turns = Turns::new(py)?;
    let values = values.try_iter()?.map(|value| turns.step().and(value)).collect::<PyResult<Vec<_>>>()?;
    // Who stops this at the first value that is none has no need of turns.
    let integers = values.iter().map(|value| value.extract::<i64>()).collect::<PyResult<Vec<_>>>();
    if let Ok(integers) = integers
        && !integers.is_empty()
    {
        return Ok(List::integers(integers));
    }
    let texts = values.iter().map(|value| turns.step().and_then(|()| text(name, value)));
    let texts = texts.collect::<PyResult<Vec<_>>>()?;
    Ok(detached(py, || {
        let networks = texts.iter().map(|text| network(text)).collect::<Result<Vec<_>, _>>();
        match networks {
            Ok(networks) if !networks.is_empty() => List::addresses(networks),
            _ => List::texts(texts),
        }
    }))
}

fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if !value.is_instance_of::<PyString>() && value.get_type().module()? != "ipaddress" {
        let message =
            format!("list `{name}` holds a `{}`: use texts, addresses or integers", value.get_type().name()?);
        return Err(error::config(value.py(), message));
    }
    Ok(value.str()?.to_str()?.to_owned())
}
