use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

use super::WasmRuntimeConfig;

/// A component made from one module holds three instances of modules: its own and two that connect it. Composed ones hold
/// more; a pool with two a component ran out at half of what it was made for.
const MODULES: u32 = 8;

/// What the stack of a plugin's own functions may take, in bytes. The stack it runs on also holds the host's functions.
const STACK: usize = 256 << 10;

/// Entries of one table.
pub(super) const TABLE: usize = 10_000;

/// The one engine of a runtime.
///
/// Everything that no plugin needs is off: each proposal of WebAssembly is another compiler path to be wrong in.
pub(super) fn engine(config: &WasmRuntimeConfig) -> Result<Engine> {
    let mut settings = Config::new();
    settings
        .epoch_interruption(true)
        .concurrency_support(false)
        .wasm_memory64(false)
        // What wasmtime puts between the parts of a component sees the memories of both; without, it panics over such a file.
        .wasm_multi_memory(true)
        // Interpreters in a component step by such calls.
        .wasm_tail_call(true)
        .wasm_relaxed_simd(false)
        // Sums in what begins a module's memory: components with an interpreter in them have such.
        .wasm_extended_const(true)
        .shared_memory(false)
        .wasm_backtrace_max_frames(None)
        // Both serve backtraces, which nobody takes here, and would be kept, checked and mapped with the code at each load.
        .generate_address_map(false)
        .native_unwind_info(cfg!(windows))
        .max_wasm_stack(STACK)
        .async_stack_size(1 << 20)
        .memory_reservation(u64::try_from(config.memory)?)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
    Engine::new(&settings)
}

/// Taking a place out of the pool costs less than half of mapping memory for it: 7 µs instead of 17.7
/// (2-core x86-64 VM, 2026-11-23).
fn pool(config: &WasmRuntimeConfig) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(config.instances)
        .total_core_instances(config.instances.saturating_mul(MODULES))
        .total_memories(config.instances)
        .total_tables(config.instances.saturating_mul(4))
        .total_stacks(config.instances)
        .max_memory_size(config.memory)
        .table_elements(TABLE)
        // Nothing of a memory is kept: its lowest part, which would be, is the end of a stack that hardly anybody reaches.
        .table_keep_resident(4 << 10);
    pool
}
