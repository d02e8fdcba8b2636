//! The examples that run until they are interrupted.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::{IS_UNIFIED, not_tested};

/// A running example, and the first line that it printed.
struct Example {
    process: Child,
    line: String,
}

impl Example {
    /// `None` if Cargo has not built it, because only these tests are run.
    fn start(name: &str) -> Option<Self> {
        let tests = std::env::current_exe().unwrap();
        let path: PathBuf = tests.ancestors().nth(2).unwrap().join("examples").join(name);
        if !path.exists() {
            not_tested(&format!("the example {name} is not built"));
            return None;
        }
        let mut command = Command::new(path);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { process, line })
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Status and body of a page.
fn get(url: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false);
    let mut response = ureq::Agent::from(config.build()).get(url).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// The target of a link.
fn link(html: &str, text: &str) -> Option<String> {
    let (before, _) = html.split_once(&format!("\">{text}</a>"))?;
    let (_, target) = before.rsplit_once("href=\"/")?;
    Some(target.replace("&amp;", "&"))
}

#[test]
fn web_page_leads_forward_and_back_and_rejects_points_of_other_listings() {
    // That package builds no example.
    if IS_UNIFIED {
        return;
    }
    let Some(example) = Example::start("web_page") else { return };
    let url = example.line.trim();
    let (status, first) = get(url);
    assert_eq!((status, first.matches("<li>").count()), (200, 20));
    assert_eq!(link(&first, "Previous"), None);

    let next = link(&first, "Next").unwrap();
    let (status, second) = get(&format!("{url}{next}"));
    assert_eq!((status, second.matches("<li>").count()), (200, 5));
    assert_eq!(link(&second, "Next"), None);
    assert_eq!(get(&format!("{url}{}", link(&second, "Previous").unwrap())), (200, first));

    let of_another_room = next.replace("RMa", "RMb");
    assert_eq!(get(&format!("{url}{of_another_room}")).0, 400);
}
