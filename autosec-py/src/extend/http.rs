use std::io;

use async_trait::async_trait;
use autosec_integrations::transport::{AnswerTooLarge, HttpClient, Route, shown};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};

use super::part::{CALLS, Part, Unasked};
use super::raised::in_words;

/// The largest answer that is taken, in bytes, unless a route says less.
const LARGEST: usize = 16 << 20;

/// The module of the clients.
const MODULE: &str = "autosec._http";

/// How devices on a network are reached: an HTTP client written in Python, ours or a host's.
#[derive(Debug)]
pub(crate) struct PyClient(Part);

/// What a client gives: the status, the headers, the body.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

impl PyClient {
    /// A host's client.
    pub(crate) fn of(client: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(class) = client.cast::<PyType>() {
            let message = format!("`{}` is a class: give an object of it", class.name()?);
            return Err(PyTypeError::new_err(message));
        }
        if !client.hasattr("send")? {
            let name = client.get_type().name()?;
            return Err(PyTypeError::new_err(format!("`{name}` is no HTTP client: subclass `HttpClient`")));
        }
        Ok(Self(Part::new(client)))
    }

    /// Ours, which believes the authorities that Python believes, or these certificates alone.
    pub(crate) fn own(py: Python<'_>, fingerprints: Option<Vec<String>>) -> PyResult<Self> {
        let given = PyDict::new(py);
        given.set_item("fingerprints", fingerprints)?;
        let client = py.import(MODULE)?.getattr("HttpsClient")?.call((), Some(&given))?;
        Ok(Self(Part::new(&client)))
    }

    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        route: Option<Route>,
    ) -> io::Result<Response<Vec<u8>>> {
        let url = shown(request.uri());
        let largest = route.map_or(LARGEST, |route| route.largest_answer.min(LARGEST));
        let (head, body) = request.into_parts();
        let address = route.map(|route| route.address.to_string());
        let told = url.clone();
        let asked = self.0.ask(
            "_send",
            move |py| {
                let (method, target) = (head.method.as_str(), head.uri.to_string());
                let headers = worded(&head.headers);
                (method, target, headers, PyBytes::new(py, &body), address, largest).into_pyobject(py)
            },
            move |py, made| read(py, &told, largest, made),
        );
        asked.await.unwrap_or_else(|unasked| {
            Err(io::Error::other(match unasked {
                Unasked::Busy => format!("`{url}`: {CALLS} requests of its client have not come back"),
                Unasked::Gone(why) => format!("`{url}`: {why}"),
            }))
        })
    }
}

#[async_trait]
impl HttpClient for PyClient {
    async fn send(&self, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        self.exchange(request, None).await
    }

    async fn send_to(&self, request: Request<Vec<u8>>, route: Route) -> io::Result<Response<Vec<u8>>> {
        self.exchange(request, Some(route)).await
    }
}

/// Headers as Python has them: each byte a character.
fn worded(headers: &HeaderMap) -> Vec<(&str, String)> {
    let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect()
}

/// What a client of Python answered, of the kind that its exception is of.
fn read(
    py: Python<'_>,
    url: &str,
    largest: usize,
    made: PyResult<Bound<'_, PyAny>>,
) -> io::Result<Response<Vec<u8>>> {
    let answer = made.and_then(|answer| answer.extract::<Answer>());
    let (status, headers, body) = answer.map_err(|raised| failure(py, url, raised))?;
    if body.len() > largest {
        let too_large = AnswerTooLarge { url: url.to_owned(), largest };
        return Err(io::Error::new(io::ErrorKind::InvalidData, too_large));
    }
    let unfit = |what: String| io::Error::other(format!("`{url}`: its client gave {what}"));
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).map_err(|_| unfit(format!("`{status}` for a status")))?;
    for (name, value) in headers {
        // What cannot be a header, of a client that makes them up, is left out.
        let name = HeaderName::from_bytes(name.as_bytes());
        let value: Option<Vec<u8>> = value.chars().map(|letter| u8::try_from(letter).ok()).collect();
        let value = value.and_then(|value| HeaderValue::from_bytes(&value).ok());
        if let (Ok(name), Some(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

fn failure(py: Python<'_>, url: &str, raised: PyErr) -> io::Error {
    let words = in_words(py, &raised);
    io::Error::new(kind(py, raised), format!("`{url}`: {words}"))
}

/// Of TLS that fails `InvalidData`, unless the connection ended; of what may not be sent `InvalidInput`; and else what the
/// system said. TLS has numbers of its own, which are none of the system's.
fn kind(py: Python<'_>, raised: PyErr) -> io::ErrorKind {
    let is = |name: &str| {
        let kind = py.import("ssl").and_then(|ssl| ssl.getattr(name));
        kind.is_ok_and(|kind| raised.matches(py, kind).unwrap_or(false))
    };
    if is("SSLEOFError") || is("SSLZeroReturnError") || is("SSLSyscallError") {
        return io::ErrorKind::ConnectionAborted;
    }
    if is("SSLError") {
        return io::ErrorKind::InvalidData;
    }
    if raised.is_instance_of::<PyValueError>(py) {
        return io::ErrorKind::InvalidInput;
    }
    match raised.value(py).getattr("errno").and_then(|number| number.extract()) {
        Ok(number) => io::Error::from_raw_os_error(number).kind(),
        Err(_) => io::Error::from(raised).kind(),
    }
}
