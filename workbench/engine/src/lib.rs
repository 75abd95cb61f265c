//! workbench-engine
