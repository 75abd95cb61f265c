//! workbench-host
