//! The lines of a file as an editor counts them. The reader's own count is one behind where lines end with two signs.

use std::collections::VecDeque;

/// Counts lines up to one record after another.
#[derive(Debug)]
pub(super) struct LineCount {
    /// What was read and is not passed yet.
    ahead: VecDeque<u8>,
    passed: u64,
    before: u8,
    line: u64,
}

impl LineCount {
    /// At the beginning of a file.
    pub(super) const fn new() -> Self {
        Self { ahead: VecDeque::new(), passed: 0, before: 0, line: 1 }
    }

    /// Takes what the reader was given.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.ahead.extend(bytes);
    }

    /// The line of the record that begins at `start`, or behind the line ends there. It was read, and records come in their order.
    pub(super) fn line_of(&mut self, start: u64) -> u64 {
        while let Some(byte) = self.ahead.front().copied() {
            if self.passed >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            // A line ends with LF, with CR LF, or on old machines with CR.
            if byte == b'\r' || (byte == b'\n' && self.before != b'\r') {
                self.line = self.line.saturating_add(1);
            }
            self.before = byte;
            self.passed = self.passed.saturating_add(1);
            self.ahead.pop_front();
        }
        self.line
    }
}
