//! The program as a process: killed, stopped, started wrongly, and with its database or disk failing.

mod kill;
