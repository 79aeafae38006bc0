//! Packets: what the hub keeps of them, and that other JOSE libraries and the scripts of the pages make and open
//! the same ones.

mod browser;
mod letter;
mod peers;
mod proof;
mod released;
mod schemas;
mod stored;
