//! The half of [`export!`](crate::export) that makes a component.
//!
//! The host calls the exports of one instance one after another, and an instance never enters itself again, so the
//! configured value is borrowed for as long as a call lasts.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::exports::autosec::firewall::firewall::Guest;
use crate::{
    Context, Entry, Failure, FailureKind, Firewall, Health, Level, Metadata, Outcome, Page, fail, log,
};

/// A plugin that a component is made of: it knows where its configured value is kept.
pub trait Kept: Firewall {
    /// Calls `act` with the place of the configured value, which is empty before `configure`.
    fn kept<R>(act: impl FnOnce(&mut Option<Self>) -> R) -> R;
}

/// The component's exports, by a plugin.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

impl<P: Kept> Guest for Component<P> {
    fn describe() -> Metadata {
        tell_panics();
        P::describe()
    }

    fn config_schema() -> String {
        tell_panics();
        P::config_schema()
    }

    fn configure(config: String) -> Result<(), Failure> {
        tell_panics();
        let configured = P::configure(&config)?;
        P::kept(|kept| *kept = Some(configured));
        Ok(())
    }

    fn block(context: Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
        let items = entries.len();
        configured(|plugin: &mut P| plugin.block(&context, entries))
            .unwrap_or_else(|why| vec![Err(why); items])
    }

    fn unblock(context: Context, targets: Vec<String>) -> Vec<Result<Outcome, Failure>> {
        let items = targets.len();
        configured(|plugin: &mut P| plugin.unblock(&context, targets))
            .unwrap_or_else(|why| vec![Err(why); items])
    }

    fn list_blocked(context: Context, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
        configured(|plugin: &mut P| plugin.list_blocked(&context, cursor, limit))?
    }

    fn check_health(context: Context) -> Result<Health, Failure> {
        configured(|plugin: &mut P| plugin.check_health(&context))?
    }
}

fn configured<P: Kept, R>(act: impl FnOnce(&mut P) -> R) -> Result<R, Failure> {
    P::kept(|kept| match kept {
        Some(plugin) => Ok(act(plugin)),
        None => Err(fail(FailureKind::InvalidConfig, "the plugin is not configured")),
    })
}

/// A panic ends the instance without a word; this gives it one, in the host's log.
fn tell_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string()))));
}

#[doc(hidden)]
#[macro_export]
macro_rules! __component {
    ($plugin:ty) => {
        const _: () = {
            ::std::thread_local! {
                static KEPT: ::std::cell::RefCell<::std::option::Option<$plugin>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }

            impl $crate::wasm::Kept for $plugin {
                fn kept<R>(act: impl ::std::ops::FnOnce(&mut ::std::option::Option<Self>) -> R) -> R {
                    KEPT.with_borrow_mut(act)
                }
            }

            type Exported = $crate::wasm::Component<$plugin>;
    $crate::bindings::export!(Exported with_types_in $crate::bindings);
        };
    };
}
