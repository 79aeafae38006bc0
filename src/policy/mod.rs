//! Purposes, categories, fields, services, minimum sets, reasons and timers, as versioned documents.
