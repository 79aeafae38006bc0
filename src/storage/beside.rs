//! What rooms keep in memory of one database, beside its connections.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// One thing of each type, made when somebody first asks for it.
///
/// What stands here can be made again from the database at any time; nothing is ever only here.
#[derive(Default)]
pub(super) struct Beside(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Beside {
    /// The thing of a type.
    pub(super) fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&TypeId::of::<T>()).cloned().and_then(|kept| kept.downcast().ok());
        kept.unwrap_or_else(|| {
            let new = Arc::new(T::default());
            all.insert(TypeId::of::<T>(), Arc::<T>::clone(&new));
            new
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn each_type_has_one_that_stays() {
        let beside = Beside::default();
        beside.of::<AtomicU32>().store(7, Ordering::Relaxed);
        assert_eq!(*beside.of::<String>(), "");
        assert_eq!(beside.of::<AtomicU32>().load(Ordering::Relaxed), 7);
        assert_eq!(Beside::default().of::<AtomicU32>().load(Ordering::Relaxed), 0);
    }
}
