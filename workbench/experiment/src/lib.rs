//! workbench-experiment
