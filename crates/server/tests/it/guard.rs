//! Who is not let in, and what is not let out.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use crate::client::{Answer, PAIR, Served, lab};

#[test]
fn a_page_from_elsewhere_is_refused() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair" }));
    let own = format!("http://{}", lab.address());
    for origin in ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1", "null", ""] {
        let headers = format!("{}Origin: {origin}\r\n", lab.host());
        lab.ask("GET", "/api/runs", &headers, b"").is(403).says("a page from elsewhere");
        lab.ask("POST", &format!("{run}/control"), &headers, b"{\"paused\":true}").is(403);
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        lab.ask("GET", &format!("{run}/stream"), &format!("{headers}{upgrade}"), b"").is(403);
    }
    lab.ask("GET", "/api/runs", &format!("{}Origin: {own}\r\n", lab.host()), b"").is(200);
    assert_eq!(lab.value(&run)["state"], "running", "nothing was done");
}

/// DNS rebinding: a page of evil.example asks this machine by its own name.
#[test]
fn a_name_that_is_not_ours_is_refused() {
    let lab = lab();
    let port = lab.address().port();
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.168.0.1", ""] {
        let answer = lab.ask("GET", "/api/runs", &format!("Host: {host}\r\n"), b"");
        assert!([400, 403].contains(&answer.status), "{host}: {answer:?}");
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        lab.ask("GET", "/api/runs", &format!("Host: {host}\r\n"), b"").is(200);
    }
}

#[test]
fn who_has_no_token_gets_nothing() {
    const TOKEN: &str = "0123456789abcdef";
    let lab = Served::with(|settings| tarsier_server::Settings { token: Some(TOKEN.to_owned()), ..settings });
    let with = |path: &str, header: &str| lab.ask("GET", path, &format!("{}{header}", lab.host()), b"");
    for path in [
        "/",
        "/api/runs",
        "/api/openapi.json",
        "/?token=0123456789abcdee",
        "/api/runs?token=0123456789abcdef",
    ] {
        with(path, "").is(401).says("a token");
    }
    for wrong in ["Bearer 0123456789abcdee", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef"] {
        with("/api/runs", &format!("Authorization: {wrong}\r\n")).is(401);
    }
    with("/api/runs", &format!("Authorization: Bearer {TOKEN}\r\n")).is(200);
    let welcome = with(&format!("/?token={TOKEN}"), "").is(303);
    let cookie = welcome.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let pair = cookie.split(';').next().expect("it has a value");
    with("/api/runs", &format!("Cookie: other=1; {pair}\r\n")).is(200);
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("climbing");
    let page = folder.join("page");
    fs::create_dir_all(page.join("assets")).expect("there is room");
    fs::write(folder.join("secret.txt"), "secret").expect("there is room");
    fs::write(page.join("index.html"), "page").expect("there is room");
    fs::write(page.join("assets/a.js"), "script").expect("there is room");
    let from_folder =
        Served::with(|settings| tarsier_server::Settings { page: Some(page.clone()), ..settings });
    assert_eq!(from_folder.get("/").is(200).text(), "page");
    assert_eq!(from_folder.get("/assets/a.js").is(200).text(), "script");
    let embedded = lab();
    assert!(embedded.get("/").is(200).text().contains("<!doctype html>"));
    let secret = folder.join("secret.txt");
    let absolute = secret.to_str().expect("UTF-8");
    for lab in [&from_folder, &embedded] {
        for path in [
            "/../secret.txt",
            "/assets/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%5c..%5csecret.txt",
            &format!("/{absolute}"),
            "/assets",
            "/index.html/",
            "/a%00.js",
        ] {
            let answer = lab.get(path);
            assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
            assert!(!answer.text().contains("secret") || answer.status == 404, "{path}");
        }
        for name in ["../secret.txt", "..%2fsecret.txt", "%2Fetc%2Fpasswd", "lessons/../../secret"] {
            lab.get(&format!("/api/architectures/{name}")).is(404);
        }
    }
    // What a text refers to is read by whoever started the server: here there is nothing.
    let text = PAIR.replace("work: exp(2ms)", "work: empirical(../../secret.txt)");
    let checked = embedded.post("/api/check", &json!({ "text": text })).is(200).json();
    assert_eq!(checked["diagnostics"][0]["severity"], "error", "{checked}");
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_folder() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linked");
    let page = folder.join("page");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    fs::create_dir_all(&page).expect("there is room");
    fs::write(folder.join("secret.txt"), "secret").expect("there is room");
    std::os::unix::fs::symlink(folder.join("secret.txt"), page.join("a.txt")).expect("there is room");
    let lab = Served::with(|settings| tarsier_server::Settings { page: Some(page), ..settings });
    lab.get("/a.txt").is(404);
}

/// Whether its length is told or not, no more is read than a body may have.
#[test]
fn a_body_of_a_gigabyte_is_refused() {
    const GIGABYTE: usize = 1 << 30;
    let lab = lab();
    for path in ["/api/import", "/api/check", "/api/runs"] {
        let mut told = lab.connect();
        write!(told, "POST {path} HTTP/1.1\r\n{}Content-Length: {GIGABYTE}\r\n\r\n", lab.host())
            .expect("it reads");
        Answer::read(told).is(413).says("a body has at most 20971520 bytes");
        let mut untold = lab.connect();
        write!(untold, "POST {path} HTTP/1.1\r\n{}Transfer-Encoding: chunked\r\n\r\n", lab.host())
            .expect("it reads");
        let chunk = [b"100000\r\n", &[b' '; 1 << 20][..], b"\r\n"].concat();
        let taken = (0..GIGABYTE >> 20).take_while(|_| untold.write_all(&chunk).is_ok()).count();
        assert!(taken < 100, "{taken} MiB were taken");
    }
    lab.get("/api/runs").is(200);
}
