//! Connections, transactions and migrations: the only room that names a database driver.
