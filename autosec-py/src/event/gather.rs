//! The first step of reading a dict: which of its values are wanted, and what for.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use smallvec::SmallVec;

use super::ReadError;
use super::tree::{Flat, Node, Target, Tree};
use super::value::{is_exactly_plain, is_plain, plain, wants_out};

/// The most levels of dicts and lists, as in JSON.
const DEEPEST: usize = 64;

/// The most values of one event.
const MOST: usize = 1 << 16;

/// A wanted value, kept alive.
#[derive(Debug)]
pub(super) struct Held<'py> {
    pub(super) target: Target,
    pub(super) how: How,
    pub(super) value: Bound<'py, PyAny>,
}

/// What the value does to what its field holds already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    /// It takes the place.
    Put,
    /// A list of it takes the place.
    First,
    /// It is added, which makes a list of what is held.
    Add,
}

/// Most events hold no more wanted values.
pub(super) type Gathered<'py> = SmallVec<[Held<'py>; 16]>;

#[derive(Debug)]
pub(super) struct Gathering<'t, 'py> {
    tree: &'t Tree,
    held: Gathered<'py>,
    /// Whether dicts are asked for names rather than read through.
    probing: bool,
}

/// Why gathering stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// It depends on the order of the keys what is meant: every dict has to be read through.
    Order,
    Wrong(ReadError),
}

type Step = Result<(), Stop>;

/// Takes the wanted values of a dict that has them under their dotted names, as plain values: most are like that. They
/// are what [`gather`] would give; false if the dict is another one.
pub(super) fn flat<'py>(tree: &Tree, event: &Bound<'py, PyDict>, held: &mut Gathered<'py>) -> bool {
    if !tree.can_probe() {
        return false;
    }
    let (py, Flat { inner, wanted }) = (event.py(), tree.flat(event));
    if inner.len() + wanted.len() > event.len() {
        return false;
    }
    for name in inner {
        if event.contains(name.bind(py)).unwrap_or_else(|raised| passed(py, raised)) {
            return false;
        }
    }
    for (name, target) in wanted {
        let Some(value) = asked(event, name.bind(py)) else { continue };
        if !is_exactly_plain(&value) {
            return false;
        }
        if !value.is_none() {
            held.push(Held { target: *target, how: How::Put, value });
        }
    }
    true
}

/// The wanted values of an event, in the order in which they count.
pub(super) fn gather<'py>(tree: &Tree, event: &Bound<'py, PyDict>) -> Result<Gathered<'py>, ReadError> {
    let Some(root) = tree.root() else { return Ok(Gathered::new()) };
    for probing in [tree.can_probe(), false] {
        let mut gathering = Gathering { tree, held: Gathered::new(), probing };
        match gathering.object(root, event, false, 0) {
            Ok(()) => return Ok(gathering.held),
            Err(Stop::Wrong(error)) => return Err(error),
            Err(Stop::Order) => {}
        }
    }
    Ok(Gathered::new())
}

impl<'py> Gathering<'_, 'py> {
    /// Takes what is wanted of a dict; values from inside a list are `added`.
    fn object(&mut self, node: &Node, dict: &Bound<'py, PyDict>, added: bool, depth: usize) -> Step {
        check_depth(depth)?;
        // Asking for a name costs about as much as reading over a key.
        if self.probing && !added && node.probes().len() <= dict.len() {
            return self.probe(node, dict, depth);
        }
        // All of them first: to read a value may run Python code, which may change the dict.
        let entries: SmallVec<[_; 32]> = dict.iter().collect();
        for (key, value) in entries {
            let Ok(key) = key.cast_into::<PyString>() else { continue };
            let name = key.to_str().unwrap_or_default();
            let done = match self.tree.step(node, name) {
                Some(next) => self.value(next, value, added, depth + 1),
                None => self.unplaced(value, depth + 1),
            };
            done.map_err(|stop| stop.within(name))?;
        }
        Ok(())
    }

    fn probe(&mut self, node: &Node, dict: &Bound<'py, PyDict>, depth: usize) -> Step {
        for (name, next) in node.probes() {
            let name = name.bind(dict.py());
            let Some(value) = asked(dict, name) else { continue };
            let Some(next) = self.tree.node(*next) else { continue };
            let done = self.value(next, value, false, depth + 1);
            done.map_err(|stop| stop.within(name.to_str().unwrap_or_default()))?;
        }
        Ok(())
    }

    fn value(&mut self, node: &Node, value: Bound<'py, PyAny>, added: bool, depth: usize) -> Step {
        if is_plain(&value) {
            return match node.target {
                Some(target) => self.hold(target, if added { How::Add } else { How::Put }, value),
                None => self.rest(value),
            };
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return if node.is_inner() {
                self.object(node, dict, added, depth)
            } else {
                self.unplaced(value, depth)
            };
        }
        if is_list(&value) {
            return self.list(node, &value, added, depth);
        }
        match plain(&value).map_err(Stop::Wrong)? {
            Some(value) => self.value(node, value, added, depth),
            None => Ok(()),
        }
    }

    fn list(&mut self, node: &Node, list: &Bound<'py, PyAny>, added: bool, depth: usize) -> Step {
        let mut values = Vec::new();
        self.elements(node, list, &mut values, depth)?;
        for (index, value) in values.into_iter().enumerate() {
            let Some(target) = node.target else {
                self.rest(value)?;
                continue;
            };
            let how = if added || index > 0 { How::Add } else { How::First };
            self.hold(target, how, value)?;
        }
        Ok(())
    }

    /// Collects the plain values of a list, of lists in it too, and reads the dicts in it.
    fn elements(
        &mut self,
        node: &Node,
        list: &Bound<'py, PyAny>,
        values: &mut Vec<Bound<'py, PyAny>>,
        depth: usize,
    ) -> Step {
        check_depth(depth)?;
        for (index, element) in iterate(list).enumerate() {
            if values.len() >= MOST {
                return Err(too_many());
            }
            let done = if is_plain(&element) {
                values.push(element);
                Ok(())
            } else if let Ok(dict) = element.cast::<PyDict>() {
                self.element(node, dict, depth + 1)
            } else if is_list(&element) {
                self.elements(node, &element, values, depth + 1)
            } else {
                plain(&element).map(|plain| values.extend(plain)).map_err(Stop::Wrong)
            };
            done.map_err(|stop| stop.within(&index.to_string()))?;
        }
        Ok(())
    }

    /// A dict in a list adds to fields, so the order in which it is read matters.
    fn element(&mut self, node: &Node, dict: &Bound<'py, PyDict>, depth: usize) -> Step {
        match self.probing {
            true => Err(Stop::Order),
            false if node.is_inner() => self.object(node, dict, true, depth),
            false => self.unplaced(dict.clone().into_any(), depth),
        }
    }

    /// A value that has no place: kept only if there is a field for such values.
    fn unplaced(&mut self, value: Bound<'py, PyAny>, depth: usize) -> Step {
        if self.tree.rest.is_none() {
            return Ok(());
        }
        check_depth(depth)?;
        if is_plain(&value) {
            self.rest(value)
        } else if let Ok(dict) = value.cast::<PyDict>() {
            dict.values().iter().try_for_each(|value| self.unplaced(value, depth + 1))
        } else if is_list(&value) {
            iterate(&value).try_for_each(|value| self.unplaced(value, depth + 1))
        } else {
            // Nobody asked for it by name: what is no text is passed over.
            plain(&value).ok().flatten().map_or(Ok(()), |value| self.rest(value))
        }
    }

    fn rest(&mut self, value: Bound<'py, PyAny>) -> Step {
        let Some(rest) = self.tree.rest else { return Ok(()) };
        self.hold(Target::Field(rest, autosec_core::event::Kind::Text), How::Add, value)
    }

    fn hold(&mut self, target: Target, how: How, value: Bound<'py, PyAny>) -> Step {
        if value.is_none() {
            return Ok(());
        }
        if self.held.len() >= MOST {
            return Err(too_many());
        }
        if self.probing && how != How::Add && self.held.iter().any(|held| held.target == target) {
            return Err(Stop::Order);
        }
        self.held.push(Held { target, how, value });
        Ok(())
    }
}

/// What a dict has under this name.
fn asked<'py>(dict: &Bound<'py, PyDict>, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    dict.get_item(name).unwrap_or_else(|raised| passed(dict.py(), raised))
}

/// Nothing, where a key that is like no other raised when it was compared.
fn passed<T: Default>(py: Python<'_>, raised: PyErr) -> T {
    wants_out(py, raised);
    T::default()
}

impl Stop {
    fn within(self, name: &str) -> Self {
        match self {
            Stop::Order => Stop::Order,
            Stop::Wrong(error) => Stop::Wrong(error.within(name)),
        }
    }
}

fn check_depth(depth: usize) -> Step {
    if depth < DEEPEST {
        return Ok(());
    }
    let message = format!("more than {DEEPEST} nested dicts and lists: flatten the event");
    Err(Stop::Wrong(ReadError::limit("event-too-deep", message)))
}

fn too_many() -> Stop {
    Stop::Wrong(ReadError::limit("event-too-long", format!("more than {MOST} values in one event: split it")))
}

fn is_list(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>()
}

/// The elements of a list or a tuple as they are kept, whatever a subclass says of them.
fn iterate<'py>(list: &Bound<'py, PyAny>) -> impl Iterator<Item = Bound<'py, PyAny>> {
    let tuple = list.cast::<PyTuple>().ok().map(|tuple| tuple.iter());
    let list = list.cast::<PyList>().ok().map(|list| list.iter());
    list.into_iter().flatten().chain(tuple.into_iter().flatten())
}
