//! The simulator's HTTP server, and a client that speaks plain HTTP to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use autosec_integrations::transport::HttpClient;
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::device::{Console, Device, Fault};

/// `Basic` with the user and password of the HTTPS interface.
const BASIC: &str = "Basic YXV0b3NlYzp3ZWItU2VjcmV0LTc=";

/// A server that runs until the test ends.
#[derive(Clone, Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// Every request and its answer, with what follows `Authorization:` left out.
    pub transcript: Arc<Mutex<String>>,
}

struct Asked {
    line: String,
    headers: String,
    body: String,
}

impl Server {
    pub async fn start(device: &Device) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), transcript: Arc::default() };
        let (device, transcript) = (device.clone(), Arc::clone(&server.transcript));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (device, transcript) = (device.clone(), Arc::clone(&transcript));
                tokio::spawn(async move {
                    // A client that went away is no failure of the device.
                    if let Ok(asked) = read(&mut stream).await {
                        let _ = answer(&device, &transcript, &asked, &mut stream).await;
                    }
                });
            }
        });
        server
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let length = header(headers, "content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body = String::from_utf8(bytes[end..].to_vec()).unwrap();
    Ok(Asked { line: line.to_owned(), headers: headers.to_owned(), body })
}

fn header<'h>(headers: &'h str, name: &str) -> Option<&'h str> {
    headers.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

async fn answer(
    device: &Device,
    transcript: &Mutex<String>,
    asked: &Asked,
    stream: &mut TcpStream,
) -> io::Result<()> {
    let fault = device.web_fault();
    let (status, extra, body) = match fault {
        Some(Fault::Status(status, after)) => (
            status,
            after.map_or_else(String::new, |after| format!("Retry-After: {after}\r\n")),
            String::new(),
        ),
        _ => match carry_out(device, asked).await {
            Some((status, body)) => (status, String::new(), body),
            None => return Ok(()),
        },
    };
    let shown: Vec<String> = asked
        .headers
        .lines()
        .filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("host:"))
        .map(|line| match line.split_once(": ") {
            Some((name, _)) if name.eq_ignore_ascii_case("authorization") => format!("{name}: (a secret)"),
            _ => line.to_owned(),
        })
        .collect();
    transcript.lock().unwrap().push_str(&format!(
        "{}\n{}\n{}-> {status}\n{}\n\n",
        asked.line,
        shown.join("\n"),
        asked.body,
        body.trim_end()
    ));
    let missing = usize::from(fault == Some(Fault::Truncated)) * 10;
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len() + missing
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// The status and the body; none if the connection is cut.
async fn carry_out(device: &Device, asked: &Asked) -> Option<(u16, String)> {
    if header(&asked.headers, "user-agent") != Some("ASDM") {
        return Some((400, String::new()));
    }
    if header(&asked.headers, "authorization") != Some(BASIC) {
        return Some((401, String::new()));
    }
    let mut console = Console::privileged(device);
    let target = asked.line.split(' ').nth(1).unwrap();
    let lines: Vec<String> = match (asked.line.split(' ').next(), target.strip_prefix("/admin/exec/")) {
        (Some("GET"), Some(commands)) => commands.split('/').map(decoded).collect(),
        (Some("POST"), None) if target == "/admin/config" => {
            console.enter("configure terminal");
            asked.body.lines().map(str::to_owned).collect()
        }
        _ => return Some((404, String::new())),
    };
    let mut body = String::new();
    for line in lines {
        let mishap = device.mishap(&line);
        tokio::time::sleep(mishap.delay).await;
        if mishap.is_cut_before {
            return None;
        }
        let answer = mishap.answer.map_or_else(|| console.enter(&line), str::to_owned);
        if mishap.is_cut_after {
            return None;
        }
        if !answer.is_empty() {
            body.push_str(&answer);
            body.push('\n');
        }
    }
    Some((200, body))
}

fn decoded(part: &str) -> String {
    let mut text = String::new();
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        rest = &rest[1..];
        match first {
            '+' => text.push(' '),
            '%' => {
                text.push(char::from(u8::from_str_radix(&rest[..2], 16).unwrap()));
                rest = &rest[2..];
            }
            other => text.push(other),
        }
    }
    text
}

/// Plain HTTP over a connection a request.
#[derive(Debug)]
pub struct PlainClient;

#[async_trait]
impl HttpClient for PlainClient {
    async fn send(&self, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        let mut stream = TcpStream::connect(request.uri().authority().unwrap().as_str()).await?;
        let mut head = format!("{} {} HTTP/1.1\r\nhost: asa\r\n", request.method(), request.uri().path());
        for (name, value) in request.headers() {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        if !request.body().is_empty() {
            head.push_str(&format!("content-length: {}\r\n", request.body().len()));
        }
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
        stream.write_all(request.body()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        response(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the answer breaks off"))
    }
}

fn response(bytes: &[u8]) -> Option<Response<Vec<u8>>> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = bytes[end..].to_vec();
    let mut headers = HeaderMap::new();
    let mut response = Response::builder().status(head.split(' ').nth(1)?);
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let name: http::HeaderName = name.parse().ok()?;
        headers.insert(name.clone(), value.parse().ok()?);
        response = response.header(name, value);
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    (body.len() == length).then(|| response.body(body).ok())?
}
