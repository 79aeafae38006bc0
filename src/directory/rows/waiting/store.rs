//! The temporary table of PostgreSQL in which links wait.

use diesel::{
    connection::SimpleConnection as _,
    prelude::*,
    sql_query,
    sql_types::{Array, Bool, Text},
};

use crate::{
    access::Tx,
    directory::rows::links::Link,
    storage::{Conn, Db, StorageError},
};

#[derive(QueryableByName)]
struct Allowed {
    #[diesel(sql_type = Bool)]
    allowed: bool,
}

/// Whether links can wait in this database. A role may be denied temporary tables.
pub(super) fn is_allowed(db: &mut Db<'_>) -> Result<bool, StorageError> {
    let Conn::Postgres(conn) = db.conn() else { return Ok(false) };
    let asked = sql_query("SELECT has_database_privilege(current_database(), 'TEMPORARY') AS allowed");
    Ok(asked.get_result::<Allowed>(conn)?.allowed)
}

/// Makes the table. It goes with the transaction, whatever becomes of it.
pub(super) fn lay(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    let Conn::Postgres(conn) = tx.db().conn() else { return Ok(()) };
    Ok(conn.batch_execute(
        "CREATE TEMPORARY TABLE directory_links_waiting (LIKE directory_links) ON COMMIT DROP",
    )?)
}

/// Lets links wait.
pub(super) fn add(tx: &mut Tx<'_>, source: &str, links: &[Link]) -> Result<(), StorageError> {
    let Conn::Postgres(conn) = tx.db().conn() else { return Ok(()) };
    let texts = |of: fn(&Link) -> &str| -> Vec<&str> { links.iter().map(of).collect() };
    sql_query(
        "INSERT INTO pg_temp.directory_links_waiting (source, parent, tbl, via, id) \
         SELECT $1, * FROM unnest($2, $3, $4, $5)",
    )
    .bind::<Text, _>(source)
    .bind::<Array<Text>, _>(texts(|link| &link.parent))
    .bind::<Array<Text>, _>(texts(|link| link.table))
    .bind::<Array<Text>, _>(texts(|link| &link.via))
    .bind::<Array<Text>, _>(texts(|link| &link.id))
    .execute(conn)?;
    Ok(())
}

/// Brings all of them in, and does away with where they waited. Sorting very many takes longer than a statement may otherwise.
pub(super) fn bring_in(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    let Conn::Postgres(conn) = tx.db().conn() else { return Ok(()) };
    for step in [
        "SELECT set_config('throughline.statement_timeout', current_setting('statement_timeout'), true)",
        "SET LOCAL statement_timeout = 0",
        "INSERT INTO directory_links SELECT * FROM pg_temp.directory_links_waiting ORDER BY parent, tbl, via, id",
        "DROP TABLE pg_temp.directory_links_waiting",
        "SELECT set_config('statement_timeout', current_setting('throughline.statement_timeout'), true)",
    ] {
        conn.batch_execute(step)?;
    }
    Ok(())
}
