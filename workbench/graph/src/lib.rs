//! workbench-graph
