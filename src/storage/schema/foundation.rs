//! Tables that every room writes through `audit`, `outbox`, `hub` and `jobs`.

diesel::table! {
    /// Entries waiting for their place in the log.
    audit_pending (id) {
        /// Id of the entry.
        id -> Text,
        /// The entry's bytes.
        entry -> Binary,
        /// Leaf hash, base64url.
        leaf -> Text,
        /// When, microseconds.
        at -> BigInt,
    }
}

diesel::table! {
    /// Answers remembered for a caller's `Idempotency-Key`.
    idempotency (caller, key) {
        /// Who asked.
        caller -> Text,
        /// The key they gave.
        key -> Text,
        /// Digest of what they asked.
        request -> Text,
        /// Status answered.
        status -> Integer,
        /// `ETag` answered.
        etag -> Nullable<Text>,
        /// Body answered.
        body -> Text,
        /// When, microseconds.
        at -> BigInt,
    }
}

diesel::table! {
    /// Processes that serve, and the policy each judges by.
    processes (id) {
        /// Made at its start.
        id -> Text,
        /// The dictionary's version, as packets name it.
        policy -> Text,
        /// Until when it counts as serving, microseconds.
        leased_until -> BigInt,
    }
}

diesel::table! {
    /// What the world should know, in order.
    outbox (seq) {
        /// Order of writing.
        seq -> BigInt,
        /// Id of the message.
        id -> Text,
        /// What it is about, such as `referral.accepted`.
        topic -> Text,
        /// Which organisation it is for; null when it is for the node itself.
        organisation -> Nullable<Text>,
        /// The message as JSON: ids and codes only.
        payload -> Text,
        /// When, microseconds.
        at -> BigInt,
    }
}

diesel::table! {
    /// How far each consumer has read.
    outbox_cursors (consumer) {
        /// Name of the consumer.
        consumer -> Text,
        /// The last message it has dealt with.
        seq -> BigInt,
        /// Until when its claim holds.
        leased_until -> BigInt,
        /// Who claimed it.
        token -> Text,
        /// Failures in a row.
        failures -> Integer,
    }
}

diesel::table! {
    /// The last slot of each job.
    job_runs (job) {
        /// Name of the job.
        job -> Text,
        /// Start of the slot, microseconds.
        slot -> BigInt,
        /// Until when the claim holds.
        leased_until -> BigInt,
        /// Who claimed it.
        token -> Text,
        /// When it ended; null while it runs.
        finished_at -> Nullable<BigInt>,
        /// How it ended: `done` or `failed`.
        outcome -> Nullable<Text>,
    }
}
