//! workbench-sdk
