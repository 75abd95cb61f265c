//! The terminal dashboard over a run directory.
