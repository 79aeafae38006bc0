//! The store on its own: migrations, batches, failures.

mod compiled;
mod migrations;
mod writes;
