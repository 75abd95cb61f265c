//! workbench-plots
