//! A referral from submission to its end.
