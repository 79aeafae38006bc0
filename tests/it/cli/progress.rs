//! Long work shows how far it has come, to a person at a terminal and to nobody else.

use crate::support::{TestHub, process::Machine, write_package};

/// Commands that may take long, each with what it says of itself meanwhile.
const LONG: [(&str, &[&str]); 3] = [
    ("audit verify", &["verifying"]),
    ("directory import package --source list --yes", &["looking", "importing"]),
    (
        "bench submit --quick --sizes 2 --packets 20 --connections 2 --folder .",
        &["sealing", "registering certificates", "handing in", "measuring what the machine could do"],
    ),
];

/// A node with something in its log, and a package to import.
async fn machine() -> Machine {
    let hub = TestHub::new();
    hub.org("Harbour Aid").await;
    hub.run_jobs().await;
    let machine = Machine::taking_over(&hub).await;
    let package = machine.folder().join("package");
    std::fs::create_dir(&package).unwrap();
    write_package(
        &package,
        [
            ("organization", "id,name", String::from("o1,Harbour Aid\n")),
            ("service", "id,organization_id,name,status", String::from("s1,o1,Shelter,active\n")),
        ],
    );
    machine
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_work_shows_its_progress_at_a_terminal_and_leaves_nothing_of_it_there() {
    let machine = machine().await;
    for (words, says) in LONG {
        let Some(ended) = machine.run_at_terminal(words) else { return };
        let shown = ended.expect(0).out;
        for said in says {
            assert!(shown.contains(said), "{words} does not show {said}: {shown:?}");
        }
        // Each line of progress is wiped out before what stays is printed.
        let (_, last) = shown.rsplit_once("\u{1b}[2K").unwrap();
        assert!(says.iter().all(|said| !last.contains(said)), "{words} leaves {last:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_reads_gets_data_and_no_progress_also_at_a_terminal() {
    let machine = machine().await;
    for (words, says) in LONG {
        let piped = machine.run(words).expect(0);
        let Some(at_terminal) = machine.run_at_terminal(&format!("--json {words}")) else { return };
        let at_terminal = at_terminal.expect(0).out;
        serde_json::from_str::<serde_json::Value>(&at_terminal)
            .unwrap_or_else(|e| panic!("{words}: {e}: {at_terminal}"));
        for shown in [piped.out, piped.err, at_terminal] {
            let quiet =
                says.iter().all(|said| !shown.contains(&format!("{said} "))) && !shown.contains('\u{1b}');
            assert!(quiet, "{words} shows {shown:?}");
        }
    }
}
