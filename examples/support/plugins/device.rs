//! A device on this machine that greets whoever asks, and notes what it was asked for.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The most that is read of a request: it is our own plugin's.
const REQUEST: usize = 2_048;

pub struct Device {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Device {
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let device = Self { address: listener.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&device.asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no matter of the next one.
                let _ = answer(stream, &asked).await;
            }
        });
        Ok(device)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut request = vec![0; REQUEST];
    let read = stream.read(&mut request).await?;
    request.truncate(read);
    let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await
}
