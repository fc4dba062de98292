/// Makes a type that implements [`Firewall`](crate::Firewall) the plugin that this library is.
///
/// Compiled for WebAssembly it exports what a component of `autosec:firewall` exports; on any other target it exports the
/// table of functions that a native plugin is. A library holds one plugin.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        $crate::__component!($plugin);
        #[cfg(not(target_family = "wasm"))]
        $crate::__native!($plugin);
    };
}
