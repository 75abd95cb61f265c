//! workbench-runs
