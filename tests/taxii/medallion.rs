//! A real TAXII server on loopback.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::python;

pub const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

/// A server that ends with the test.
pub struct Medallion {
    process: Child,
    pub port: u16,
    folder: PathBuf,
}

impl Medallion {
    /// Starts one that has these objects and the times when they were added; none where there is no Python.
    pub fn start(test: &str, objects: &[(Value, &str)]) -> Option<Self> {
        let programs = python::programs(test)?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("autosec-medallion-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (config, store) = (folder.join("config.json"), folder.join("data.json"));
        fs::write(&store, data(port, objects).to_string()).unwrap();
        let settings = json!({
            "backend": {
                "module": "medallion.backends.memory_backend", "module_class": "MemoryBackend",
                "filename": store, "session_timeout": 2, "check_interval": 1,
            },
            "users": {"admin": "Password0"},
            "taxii": {"max_page_size": 3},
        });
        fs::write(&config, settings.to_string()).unwrap();
        let mut command = Command::new(programs.join("medallion"));
        command.args(["--port", &port.to_string()]).arg(&config);
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, port, folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(120), "the server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Medallion {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        let removed = fs::remove_dir_all(&self.folder);
        assert!(ended.is_ok() && removed.is_ok(), "{ended:?} {removed:?}");
    }
}

fn data(port: u16, objects: &[(Value, &str)]) -> Value {
    let manifest: Vec<Value> = objects
        .iter()
        .map(|(object, added)| {
            json!({
                "date_added": added, "id": object["id"], "media_type": "application/stix+json;version=2.1",
                "version": object["modified"],
            })
        })
        .collect();
    let objects: Vec<&Value> = objects.iter().map(|(object, _)| object).collect();
    let root = |title: &str, collections: Value| {
        let versions = ["application/taxii+json;version=2.1"];
        let information = json!({"title": title, "versions": versions, "max_content_length": 9_765_625});
        json!({"information": information, "status": [], "collections": collections})
    };
    let collection = json!({
        "id": COLLECTION, "title": "Indicators", "can_read": true, "can_write": true,
        "media_types": ["application/stix+json;version=2.1"], "objects": objects, "manifest": manifest,
    });
    json!({
        "/discovery": {
            "title": "A server", "default": format!("http://127.0.0.1:{port}/api1/"),
            "api_roots": [format!("http://127.0.0.1:{port}/api1/"), format!("http://localhost:{port}/api2/")],
        },
        "api1": root("The first", json!([collection])),
        "api2": root("The second", json!([])),
    })
}
