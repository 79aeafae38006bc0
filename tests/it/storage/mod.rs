//! The store on its own: migrations, batches, failures.

mod migrations;
mod writes;
