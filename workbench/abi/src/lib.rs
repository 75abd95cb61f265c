//! workbench-abi
