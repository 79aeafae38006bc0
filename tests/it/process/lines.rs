//! Long lists: taken in memory that does not grow with what stands in them, and sent line by line in as little, no longer than somebody reads.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{
    process::{Machine, Running, client, send, until},
    write_package,
};

/// So many letters each; a cell may have 20,000.
const LETTERS: usize = 19_000;
/// So many services with so long a description that the list is far larger than what is read at once.
const SERVICES: usize = 1_500;
/// So many places that are larger than what a database keeps of them, and more.
const FEW: usize = 1_000;
const MANY: usize = 2_500;

const LIST: &str = "/hsds/services?format=ndjson";

/// Takes a list with so many long rows in a table, and answers the most memory that took, in bytes.
async fn take(machine: &Machine, name: &str, (table, rows): (&str, usize)) -> usize {
    let folder = machine.folder().join(name);
    std::fs::create_dir(&folder).unwrap();
    let words = "food and shelter ".repeat(LETTERS / 17);
    let (more, cell) = if table == "service" { ("status", "active") } else { ("location_type", "virtual") };
    let mut text = String::new();
    for at in 0..rows {
        writeln!(text, "{name}{at},{name},Number {at} of the coast,{words},{cell}").unwrap();
    }
    let header = format!("id,organization_id,name,description,{more}");
    let files = [("organization", "id,name", format!("{name},Harbour Aid\n")), (table, &*header, text)];
    write_package(&folder, files);
    let words = format!("directory import {name} --source {name} --visibility public --yes");
    let mut import = machine.start_with(&words);
    let mut most = 0;
    while let Some(now) = most_memory(&import) {
        most = now;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    import.ended().await.expect(0);
    most
}

/// The most memory that the process had so far, in bytes; nothing when it has ended.
fn most_memory(process: &Running) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1_024)
}

/// How many sockets the process has open.
fn sockets(hub: &Running) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", hub.pid())).unwrap();
    let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_link(entry.unwrap().path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    open.map(is_socket).filter(|is| *is).count()
}

#[tokio::test]
async fn a_list_comes_in_in_memory_that_does_not_grow_with_what_stands_in_it() {
    let machine = Machine::new();
    let few = take(&machine, "few", ("location", FEW)).await;
    let many = take(&machine, "many", ("location", MANY)).await;
    let grown = many.saturating_sub(few);
    assert!(few > 0 && grown < (MANY - FEW) * LETTERS / 2, "{few} bytes, and {grown} more");
}

#[tokio::test]
async fn a_list_line_by_line_takes_no_more_memory_than_a_page_and_ends_with_its_reader() {
    let machine = Machine::with(&[("DATABASE__READERS", "1")]);
    take(&machine, "long", ("service", SERVICES)).await;
    let hub = machine.serve().await;
    for page in 1..=3 {
        send(&hub.url, None, &format!("/hsds/services?per_page=100&page={page}")).await.unwrap().expect(200);
    }
    let before = most_memory(&hub).unwrap();
    let mut answer = client().get(format!("{}{LIST}", hub.url)).send().await.unwrap();
    let (mut bytes, mut lines) = (0, 0);
    while let Some(part) = answer.chunk().await.unwrap() {
        bytes += part.len();
        lines += part.split(|byte| *byte == b'\n').count() - 1;
    }
    assert_eq!(lines, SERVICES);
    assert!(bytes > lines * LETTERS, "{bytes}");
    // The kernel adds up what each thread counted, and is a few pages off now and then.
    let grown = most_memory(&hub).unwrap().saturating_sub(before);
    assert!(grown < bytes / 2, "{grown} more for {bytes}");

    drop(answer);
    let mut before = sockets(&hub);
    until("those who asked are gone", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        std::mem::replace(&mut before, sockets(&hub)) == before
    })
    .await;
    let address = hub.url.trim_start_matches("http://").to_owned();
    let gone = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(format!("GET {LIST} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).unwrap();
        let mut some = vec![0; 65_536];
        stream.read_exact(&mut some).unwrap();
        stream
    });
    let gone = gone.await.unwrap();
    assert!(sockets(&hub) > before, "the answer is on its way");
    drop(gone);
    until("the hub lets go of an answer that nobody reads", async || sockets(&hub) <= before).await;
    // The one connection that reads is free.
    send(&hub.url, None, "/hsds/services?per_page=1").await.unwrap().expect(200);
}
