//! The other side of the ABI: tables, wrappers that catch panics, and the calls to the host.

#![expect(
    unsafe_code,
    reason = "the SDK's export layer: raw pointers of the C ABI become references here and nowhere else"
)]

mod architecture;
mod dataset;
mod host;
mod panics;

pub use architecture::{BuilderRef, architecture_table};
pub use dataset::dataset_table;
pub use host::HostRef;
pub use workbench_abi as abi;

/// Makes the library a plugin: a static table of its data sets and architectures.
///
/// ```ignore
/// export_plugin! { datasets: [Discs], architectures: [ConvBetaVae] }
/// ```
#[macro_export]
macro_rules! export_plugin {
    (
        $(datasets: [$($dataset:ty),* $(,)?] $(,)?)?
        $(architectures: [$($architecture:ty),* $(,)?] $(,)?)?
    ) => {
        #[cfg(panic = "abort")]
        ::core::compile_error!(
            "a plugin needs panic = \"unwind\": with \"abort\" a panic would end the whole workbench"
        );

        const _: () = {
            use $crate::export::abi;

            static DATASETS: &[&abi::Dataset] =
                &[$($(&$crate::export::dataset_table::<$dataset>()),*)?];
            static ARCHITECTURES: &[&abi::Architecture] =
                &[$($(&$crate::export::architecture_table::<$architecture>()),*)?];

            #[expect(unsafe_code, reason = "the one symbol that the host looks for")]
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            pub static wb_plugin_v1: abi::Plugin = abi::Plugin {
                magic: abi::MAGIC,
                struct_size: ::core::mem::size_of::<abi::Plugin>() as u32,
                major: abi::MAJOR,
                minor: abi::MINOR,
                name: abi::Str::new(::core::env!("CARGO_PKG_NAME")),
                version: abi::Str::new(::core::env!("CARGO_PKG_VERSION")),
                datasets: DATASETS.as_ptr().cast(),
                n_datasets: DATASETS.len(),
                architectures: ARCHITECTURES.as_ptr().cast(),
                n_architectures: ARCHITECTURES.len(),
            };
        };
    };
}
