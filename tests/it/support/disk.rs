//! A disk of a few megabytes, in a mount namespace of its own: it can be filled, and made larger, and is gone with the test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The disk. Dropping it, or the death of this process, takes it away.
pub(crate) struct SmallDisk {
    holder: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    namespaces: &'static [&'static str],
}

/// Mounts, copies what is beside the mount into it, and then makes it as large as it is told to, until nobody tells it any more.
const HOLDER: &str = r#"
mount -t tmpfs -o size="$1" tmpfs "$PWD/disk" && cp hub.db* disk/ || exit
echo done
while read -r size; do
    mount -o remount,size="$size" tmpfs "$PWD/disk" || exit
    echo done
done
"#;

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ended = self.holder.kill();
        let _ended = self.holder.wait();
    }
}

impl SmallDisk {
    /// Mounts it at `disk` in a folder, with a copy of the folder's `hub.db`; or says why that cannot be.
    pub(crate) fn mount(folder: &Path, size: &str) -> Result<Self, String> {
        std::fs::create_dir_all(folder.join("disk")).unwrap();
        // As root of a namespace of one's own where that is allowed, otherwise as root.
        Self::hold(folder, size, &["--user", "--mount"]).or_else(|_| Self::hold(folder, size, &["--mount"]))
    }

    fn hold(folder: &Path, size: &str, namespaces: &'static [&'static str]) -> Result<Self, String> {
        let as_root = namespaces.contains(&"--user").then_some("--map-root-user");
        let mut holder = Command::new("unshare")
            .args(namespaces)
            .args(as_root)
            .args(["sh", "-c", HOLDER, "sh", size])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let commands = holder.stdin.take().unwrap();
        let answers = BufReader::new(holder.stdout.take().unwrap());
        let mut disk = Self { holder, commands, answers, namespaces };
        if disk.is_done() { Ok(disk) } else { Err(String::from("no tmpfs can be mounted here")) }
    }

    fn is_done(&mut self) -> bool {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line == "done\n"
    }

    /// Makes room, or takes it.
    pub(crate) fn resize(&mut self, size: &str) {
        writeln!(self.commands, "{size}").unwrap();
        assert!(self.is_done(), "the disk could not be made {size}");
    }

    /// Where something on the disk is for this process.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), path.display()))
    }

    /// The words before a command that shall see the disk.
    pub(crate) fn inside(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), format!("--target={}", self.holder.id())];
        words.extend(self.namespaces.iter().map(|namespace| (*namespace).to_owned()));
        words.extend(["--preserve-credentials".to_owned(), "--".to_owned()]);
        words
    }
}
