//! The loops and the schedule.
