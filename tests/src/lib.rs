//! workbench-tests
