//! The readers of data that people have, over the ABI and through the binary, on files that other tools wrote:
//! tests/fixtures/data/make.py.

mod cifar;
mod csv_table;
mod frames;
mod idx;
mod image_folder;
mod magick;
mod npz;
mod parquet_table;
mod reader;
mod throughput;
mod voxels;
