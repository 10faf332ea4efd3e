//! Which changes somebody wants to hear of.

use std::collections::BTreeSet;

use kleis_store::StoreError;
use kleis_store::registry::RegistryRead;
use kleis_types::Identifier;

/// Some recipients, or all.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// None: all.
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    /// As changes name them, once that is known, and as they were named.
    names: BTreeSet<Identifier>,
    /// Those that may be aliases of somebody who is not registered yet.
    unresolved: BTreeSet<Identifier>,
}

impl Filter {
    /// Those that are named; all if none is.
    pub(crate) fn new(recipients: Vec<Identifier>) -> Self {
        let names: BTreeSet<_> = recipients.into_iter().collect();
        let wanted = (!names.is_empty()).then(|| Wanted {
            unresolved: names.clone(),
            names,
        });
        Self { wanted }
    }

    /// Finds out whom aliases stand for, as far as this snapshot knows. To be asked before the changes of the same
    /// snapshot are looked at: an alias is there no later than the first change of whom it stands for.
    pub(crate) async fn resolve(
        &mut self,
        reader: &mut impl RegistryRead,
    ) -> Result<(), StoreError> {
        let Some(Wanted { names, unresolved }) = &mut self.wanted else {
            return Ok(());
        };
        let mut found = Vec::new();
        for name in unresolved.iter() {
            if let Some(primary) = reader.alias(name).await? {
                found.push((name.clone(), primary));
            }
        }
        // An alias stands for the same identity for ever.
        for (alias, primary) in found {
            unresolved.remove(&alias);
            names.insert(primary);
        }
        Ok(())
    }

    pub(crate) fn wants(&self, recipient: &Identifier) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_none_or(|wanted| wanted.names.contains(recipient))
    }
}
