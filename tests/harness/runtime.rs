//! Blocking on futures, from anywhere.

use std::future::Future;
use std::sync::OnceLock;

use anyhow::Context as _;
use tokio::runtime::{Builder, Handle};

use crate::must::must;

/// Runs the future to its end on the harness's own reactor, also from inside another runtime.
///
/// The future is driven on a thread of its own, because a runtime refuses to block within a runtime and an async test
/// may call the harness too.
pub(crate) fn block_on<F>(future: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    let handle = reactor();
    std::thread::scope(
        |scope| match scope.spawn(|| handle.block_on(future)).join() {
            Ok(output) => output,
            Err(panic) => std::panic::resume_unwind(panic),
        },
    )
}

/// The reactor: connections made by the harness live here, whichever test made them.
pub(crate) fn reactor() -> &'static Handle {
    static REACTOR: OnceLock<Handle> = OnceLock::new();
    REACTOR.get_or_init(|| {
        let runtime = must(
            Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start a runtime"),
        );
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}
