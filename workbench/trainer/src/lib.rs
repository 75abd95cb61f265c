//! workbench-trainer
