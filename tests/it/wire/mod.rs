//! Packets: what the hub keeps of them, and that other JOSE libraries make and open the same ones.

mod letter;
mod peers;
mod proof;
mod schemas;
mod stored;
