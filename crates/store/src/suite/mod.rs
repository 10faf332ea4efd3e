//! The conformance suite: what every backend must do, whatever it is made of.
//!
//! A backend implements [`Backend`] in a test and runs [`store_suite!`](crate::store_suite) on it.
//! Each case gets databases of its own. The statements of [`Backend::tamper`] use the names of
//! tables and columns that all migrations share.
//!
//! To add a case: a `pub async fn` here, and its name in the macro (a test compares the two).
#![expect(clippy::unwrap_used, reason = "a case that cannot go on has failed")]
#![expect(
    missing_docs,
    reason = "the names of the cases say what they are about"
)]

pub mod checkpoints;
pub mod custody;
pub mod evidence;
mod fixture;
mod notary;
pub mod notices;
mod perform;
pub mod published;
pub mod query;
pub mod registrants;
pub mod registry;
pub mod requests;
pub mod rewriting;
pub mod serials;
pub mod sts;
pub mod tampering;
pub mod transactions;

use std::future::Future;

pub use perform::{Perform, Work, perform};

use crate::{custody::CustodyStore, registry::RegistryStore, sts::StsStore};

/// One of the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The registration service's.
    Registry,
    /// The custody service's.
    Custody,
    /// The token service's.
    Sts,
}

/// A backend under test, with one database of each kind.
pub trait Backend: Send + Sync + Sized + 'static {
    /// Its registry.
    type Registry: RegistryStore;
    /// Its custody database.
    type Custody: CustodyStore;
    /// Its database of the token service.
    type Sts: StsStore;

    /// New, empty databases, opened with the chain `first`.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// The registry.
    fn registry(&self) -> &Self::Registry;

    /// The custody database.
    fn custody(&self) -> &Self::Custody;

    /// The database of the token service.
    fn sts(&self) -> &Self::Sts;

    /// The same registry as another process opens it, with the chain `second`.
    fn second_registry(&self) -> impl Future<Output = Self::Registry> + Send;

    /// The same database of the token service as another process opens it, with the chain `second`.
    fn second_sts(&self) -> impl Future<Output = Self::Sts> + Send;

    /// Runs a statement as somebody who owns the database and goes past the store and its guards.
    fn tamper(
        &self,
        database: Database,
        statement: &'static str,
    ) -> impl Future<Output = ()> + Send;
}

/// Runs every case of the suite on a [`Backend`].
#[macro_export]
macro_rules! store_suite {
    ($backend:ident) => {
        $crate::store_suite! { $backend:
            transactions {
                an_answered_act_stays,
                an_act_sees_its_own_writes,
                a_failing_act_leaves_nothing,
                a_failing_act_spares_its_neighbours,
                a_panicking_act_leaves_nothing_and_spares_its_neighbours,
                an_act_that_survives_a_conflict_keeps_the_rest,
                an_act_without_an_audit_row_is_refused,
                an_act_that_leaves_a_state_unsaid_is_refused,
                no_update_is_lost,
                no_update_is_lost_between_processes,
                one_of_many_wins_a_version,
                readers_see_one_snapshot,
                equal_reads_send_equally_many_statements,
                commits_are_counted_before_their_acts_are_answered,
            }
            evidence {
                orders_come_back_as_stored,
                a_jti_is_taken_once,
                the_same_order_at_once_is_carried_out_once,
                audit_rows_come_back_as_stored,
                persons_are_pseudonyms,
                the_chain_has_no_gap_under_concurrency,
                a_failed_act_leaves_no_gap_in_the_chain,
                every_process_has_its_chain,
                the_newest_row_of_a_resource_is_found,
                audit_lists_are_paged,
            }
            query {
                rows_are_found_by_every_filter,
                pages_of_a_query_lose_and_repeat_nothing,
                a_stretch_has_all_rows_of_its_time,
                archived_rows_are_not_found,
                a_person_is_found_by_a_pseudonym_that_exists,
            }
            registrants {
                registrants_come_back_as_stored,
                registrants_change_by_version,
                an_identifier_belongs_to_one_registrant,
                registrants_are_paged,
                role_grants_come_back_as_stored,
                role_grants_change_by_version,
                codes_come_back_as_stored,
                codes_change_by_version,
            }
            requests {
                requests_come_back_as_stored,
                requests_change_by_version,
                a_key_asks_for_one_thing_at_a_time,
                requests_are_listed_newest_first,
                waiting_requests_are_counted_and_found_when_overdue,
                a_person_approves_a_thing_once,
                codes_are_paged,
            }
            registry {
                certificates_come_back_as_stored,
                certificates_change_by_version,
                a_device_has_one_active_certificate_in_each_place,
                certificates_are_listed_newest_first,
                encryption_keys_come_back_as_stored,
                encryption_keys_change_by_version,
                what_has_ended_is_found,
                key_sessions_are_replaced,
                a_public_key_belongs_to_one_owner_and_use,
                sequences_never_fall,
                an_alias_stands_for_one_identity,
            }
            notices {
                notices_are_listed_newest_first,
                a_notice_owes_an_audit_row,
                deliveries_are_due_until_they_are_settled,
                of_an_end_one_is_told_once,
            }
            published {
                jwk_sets_are_replaced,
                recipients_are_found_by_type_and_value,
                changes_come_in_commit_order,
                status_entries_have_no_gaps,
                a_status_that_was_never_allocated_is_refused,
            }
            serials {
                what_does_not_hold_is_found_by_entry,
                what_has_ended_is_withdrawn_no_more,
                serials_are_reserved_once_and_settled_once,
                a_serial_that_was_given_up_stays_so,
                open_serials_are_paged,
                crl_numbers_never_fall,
            }
            custody {
                records_come_back_as_stored,
                records_come_together_or_not_at_all,
                records_change_by_version,
                wrapping_keys_are_replaced,
                releases_are_counted_once,
                what_is_due_is_found,
            }
            sts {
                signing_keys_come_back_as_stored,
                signing_keys_change_by_version,
                one_key_signs_and_one_is_next,
                what_is_used_is_used_once,
                a_use_owes_an_audit_row,
                revoked_tokens_are_listed_until_their_end,
                what_has_had_its_time_is_forgotten,
                an_altered_signing_key_shows,
            }
            tampering {
                an_honest_database_is_clean,
                an_edited_row_shows,
                a_row_edited_with_its_hash_shows,
                a_removed_row_shows,
                reordered_rows_show,
                a_record_rolled_back_shows,
                a_role_put_back_shows,
                a_key_in_custody_rolled_back_shows,
                an_altered_record_shows,
                a_record_added_past_the_store_shows,
                a_removed_record_shows,
                nothing_hides_between_pages,
            }
            checkpoints {
                checkpoints_come_back_as_stored,
                a_checkpoint_number_is_taken_once,
                heads_are_listed_by_what_has_moved,
                archived_rows_go_and_kept_ones_stay,
                a_chain_goes_on_after_its_rows_were_archived,
                a_forgotten_person_gets_another_pseudonym,
            }
            rewriting {
                an_honest_database_with_its_sink_is_clean,
                a_chain_written_anew_shows,
                a_chain_cut_off_with_its_records_shows,
                an_edited_checkpoint_shows,
                a_removed_checkpoint_shows,
                swapped_checkpoints_show,
                a_checkpoint_that_follows_another_one_shows,
                a_sink_rolled_back_shows,
                a_database_older_than_its_sink_shows,
                a_loss_that_was_accepted_does_not_show_again,
                an_archived_audit_is_proven_from_its_segment_on,
                a_segment_that_is_tampered_with_shows,
            }
        }
    };
    ($backend:ident: $($module:ident { $($case:ident,)+ })+) => {
        $(
            mod $module {
                use super::$backend;
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        $crate::suite::$module::$case::<$backend>().await;
                    }
                )+
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_run() {
        let suite = include_str!("mod.rs");
        let sources = [
            include_str!("checkpoints.rs"),
            include_str!("custody.rs"),
            include_str!("evidence.rs"),
            include_str!("notices.rs"),
            include_str!("published.rs"),
            include_str!("query.rs"),
            include_str!("registrants.rs"),
            include_str!("registry.rs"),
            include_str!("rewriting.rs"),
            include_str!("sts.rs"),
            include_str!("tampering.rs"),
            include_str!("transactions.rs"),
        ];
        let cases: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.split("\npub async fn ").skip(1))
            .map(|case| case.split_once('<').expect("a case is generic").0)
            .collect();
        assert!(cases.len() > 50, "{cases:?}");
        for case in cases {
            assert!(
                suite.contains(&format!(" {case},\n")),
                "{case} is not in store_suite!"
            );
        }
    }
}
