//! Acts from closures.

use std::{future::Future, marker::PhantomData, pin::Pin};

use crate::{Act, Store, StoreError};

/// What an act does.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// An act for tests, from a closure.
pub struct Perform<F, T> {
    work: F,
    output: PhantomData<fn() -> T>,
}

impl<Tx, F, T> Act<Tx> for Perform<F, T>
where
    Tx: Send + 'static,
    F: for<'a> Fn(&'a mut Tx) -> Work<'a, T> + Send + Sync + 'static,
    T: Send + 'static,
{
    const NAME: &'static str = "suite.perform";
    type Output = T;
    type Error = StoreError;

    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<T, StoreError>> + Send {
        (self.work)(tx)
    }
}

/// Runs `work` as an act.
///
/// # Errors
/// Those of the work and of the store.
pub async fn perform<S, F, T>(store: &S, work: F) -> Result<T, StoreError>
where
    S: Store,
    F: for<'a> Fn(&'a mut S::Tx) -> Work<'a, T> + Send + Sync + 'static,
    T: Send + 'static,
{
    store
        .run(Perform {
            work,
            output: PhantomData,
        })
        .await
}

/// `act!(store, tx, [captured, ...] { statements })`: runs the statements as an act with clones of
/// what is captured.
macro_rules! act {
    ($store:expr, $tx:ident, [$($captured:ident),*] $body:block) => {{
        $(let $captured = $captured.clone();)*
        $crate::suite::perform($store, move |$tx| {
            $(let $captured = $captured.clone();)*
            Box::pin(async move { $body })
        })
        .await
    }};
}
pub(crate) use act;
