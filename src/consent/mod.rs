//! What a person agreed to, and the rule that decides whether a packet may pass.
