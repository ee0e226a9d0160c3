//! Debian's mosquitto: its clients at our door, and our rules in its broker. Skipped, and said so, where it is not installed.

mod lab;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use device::authority::{Issued, KeyKind};
use device::kind::Kinds;
use device::mosquitto_files;
use lab::{Lab, now, until};

/// Files as one would hand them to a device.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(lab: &Lab) -> Files {
        let files = Files { folder: tempfile::tempdir().unwrap() };
        files.write("authority.pem", lab.authority.certificate_pem());
        files
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn thing(&self, id: &str, issued: &Issued) {
        self.write(&format!("{id}.pem"), &issued.certificate_pem);
        self.write(&format!("{id}-key.pem"), &issued.private_key_pem);
    }

    /// One of mosquitto's clients with a thing's certificate.
    fn client(&self, program: &str, id: &str, port: u16, arguments: &[&str]) -> Command {
        let file = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(program);
        command.args(["-h", "localhost", "-p", &port.to_string(), "-i", id, "-q", "1"]);
        command.arg("--cafile").arg(file("authority.pem"));
        command.arg("--cert").arg(file(&format!("{id}.pem"))).arg("--key").arg(file(&format!("{id}-key.pem")));
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

fn absent(program: &str) -> bool {
    let absent = Command::new(program).arg("--help").output().is_err();
    if absent {
        println!("skipped: there is no {program} here");
    }
    absent
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_clients_at_our_door() {
    if absent("mosquitto_pub") || absent("mosquitto_sub") {
        return;
    }
    for version in ["mqttv311", "mqttv5"] {
        let lab = Lab::new();
        let files = Files::new(&lab);
        let port = lab.at().port();
        // Keys as AWS gives them.
        for id in ["A", "B"] {
            let issued = lab.authority.issue(id, KeyKind::Rsa2048, now(), None).unwrap();
            lab.register(id, &issued, None);
            files.thing(id, &issued);
        }
        let listen = ["-V", version, "-t", "A/command", "-C", "1", "-W", "10"];
        let listener = files.client("mosquitto_sub", "A", port, &listen).spawn().unwrap();
        until("it has subscribed", || lab.world.packets().iter().any(|packet| packet.bytes[0] == 0x90)).await;
        lab.broker.publish("A/command", br#"{"power": true}"#.to_vec(), 1, false).unwrap();
        assert_eq!(said(&listener.wait_with_output().unwrap()), "{\"power\": true}\n");

        let own = ["-V", version, "-t", "A/data", "-m", "{\"power\": true}"];
        let output = files.client("mosquitto_pub", "A", port, &own).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let other = ["-V", version, "-t", "B/command", "-m", "{\"power\": true}"];
        let output = files.client("mosquitto_pub", "A", port, &other).output().unwrap();
        assert!(!output.status.success() || version == "mqttv5", "{}", said(&output));
        let listen = ["-V", version, "-t", "B/command", "-C", "1", "-W", "2"];
        let output = files.client("mosquitto_sub", "A", port, &listen).output().unwrap();
        assert!(said(&output).contains("denied"), "{}", said(&output));
        until("both are on record", || lab.world.refusals() == ["A FORBIDDEN_ACCESS B/command"; 2]).await;
        std::fs::copy(files.folder.path().join("B.pem"), files.folder.path().join("A.pem")).unwrap();
        std::fs::copy(files.folder.path().join("B-key.pem"), files.folder.path().join("A-key.pem")).unwrap();
        let output = files.client("mosquitto_pub", "A", port, &own).output().unwrap();
        assert!(!output.status.success(), "{}", said(&output));
        until("it is on record", || lab.world.refusals().last().is_some_and(|last| last == "B FORBIDDEN_ACCESS -"))
            .await;
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_rules_in_its_broker() {
    if absent("mosquitto_pub") || absent("mosquitto_sub") || absent("mosquitto") {
        return;
    }
    let lab = Lab::new();
    let files = Files::new(&lab);
    for id in ["A", "B", "bench"] {
        files.thing(id, &lab.light(id));
    }
    let own = lab.authority.server(&["localhost".into()], now()).unwrap();
    files.thing("broker", &own);
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let kinds = Kinds::usual();
    let light = kinds.get("light").unwrap();
    let texts = mosquitto_files(&[light], files.folder.path(), port, "bench").unwrap();
    files.write("acl", &texts.acl);
    let configuration = files.write("mosquitto.conf", &texts.configuration);
    // Started by root it becomes somebody else, who has to be able to read them.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(files.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut broker = Command::new("mosquitto");
    let broker = broker.arg("-c").arg(configuration).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _running = Running(broker);
    until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await;

    let publish = |id: &str, topic: &str| {
        let output = files.client("mosquitto_pub", id, port, &["-t", topic, "-m", id]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    let heard = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    };
    let greedy = ["-t", "#", "-t", "A/command", "-t", "B/command", "-v", "-W", "5"];
    let light = files.client("mosquitto_sub", "B", port, &greedy).spawn().unwrap();
    // There is one of each there: the operator listens, and then speaks.
    let operator = files.client("mosquitto_sub", "bench", port, &["-t", "#", "-v", "-W", "2"]).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for topic in ["A/data", "B/command", "B/data", "A/command"] {
        publish("A", topic);
    }
    assert_eq!(heard(operator), ["A/data A"]);
    publish("bench", "A/command");
    publish("bench", "B/command");
    assert_eq!(heard(light), ["B/command bench"]);
}
