//! The contract of the storage ports, as tests that any adapter can run.
//!
//! Where a port says *whatever its case*, the case of ASCII letters does not matter; of other letters an adapter may or may
//! not fold the case, and no test asks. What a damaged row does is each adapter's own to test: there is no way to damage
//! one through the ports.
//!
//! Each function takes a storage that is empty and ready, and panics where a guarantee does not hold. Write a function
//! that makes such a storage, hands it to a test and clears up, and let [`storage_contract!`](crate::storage_contract)
//! make a test of each:
//!
//! ```
//! use std::sync::Arc;
//! use scheduling_core::ports::Storage;
//! use scheduling_testkit::{MemoryStorage, storage_contract};
//!
//! async fn with_storage<F, T>(test: F)
//! where
//!     F: FnOnce(Arc<dyn Storage>) -> T,
//!     T: Future<Output = ()> + Send + 'static,
//! {
//!     test(Arc::new(MemoryStorage::new())).await;
//! }
//!
//! storage_contract!(with_storage);
//! # fn main() {}
//! ```

#![expect(
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "these are tests: panicking is how they say no, and the module says so once"
)]

pub mod absence;
pub mod booking_lists;
pub mod booking_records;
pub mod bookings;
pub mod directory;
pub mod erasure;
pub mod event_type_changes;
pub mod event_type_deletion;
pub mod event_type_settings;
pub mod event_types;
mod fixture;
pub mod hold_seats;
pub mod holds;
pub mod idempotency;
pub mod links;
pub mod members;
pub mod messages;
pub mod outbox;
pub mod outbox_entries;
pub mod records;
pub mod revisions;
pub mod schedules;
pub mod sessions;
pub mod time_off;
pub mod times;
pub mod transactions;

/// Makes a test of every function of the [`contract`](crate::contract). The argument names an async function that hands
/// an empty storage to the test it is given.
#[macro_export]
macro_rules! storage_contract {
    ($with_storage:ident) => {
        $crate::storage_contract! { @tests $with_storage,
            transactions:
                of_many_writers_on_one_slot_exactly_one_wins
                of_many_writers_that_check_nothing_exactly_one_wins
                writers_who_lock_hosts_in_any_order_all_come_through
                who_waits_for_a_host_sees_what_the_other_stored
                locking_ignores_strangers_and_duplicates
                a_reader_neither_waits_for_a_writer_nor_sees_half_of_it
                a_reader_cannot_write
                dropping_undoes_everything
                rolling_back_undoes_everything
                after_an_error_nothing_can_be_committed
                work_that_is_cut_off_midway_holds_nothing,
            absence:
                what_is_not_there_is_none
                what_is_not_there_cannot_be_removed,
            directory:
                workspaces_and_people_come_back_as_they_were
                a_slug_and_an_address_are_taken_once
                workspaces_stand_by_slug_and_members_by_name
                a_person_needs_a_workspace
                a_person_changes_name_and_zone
                a_workspace_changes_by_versions,
            members:
                members_have_a_role_in_each_workspace
                a_person_joins_a_workspace_once,
            schedules:
                default_schedules_come_back_as_they_were
                a_person_has_one_default_schedule
                a_list_begins_with_the_default
                a_workspace_has_schedules_of_its_own
                a_schedule_changes_by_versions
                another_schedule_becomes_the_default
                a_schedule_that_is_named_stays
                a_schedule_is_somebodys,
            times:
                busy_intervals_are_found_where_they_overlap
                a_ledger_is_empty_until_it_is_stored,
            records:
                a_booking_is_added_with_everything_that_belongs_to_it
                a_booking_that_meets_another_is_added_with_nothing
                a_key_is_spent_once
                a_booking_is_changed_with_everything_that_belongs_to_it
                a_ledger_is_stored_whole_however_its_hosts_change
                whoever_locks_hears_whether_anything_has_changed
                whoever_waits_for_a_lock_hears_what_changed_meanwhile
                everything_about_the_time_of_hosts_is_answered_at_once,
            revisions:
                what_slots_are_made_of_is_counted
                what_concerns_others_is_not_counted
                what_is_not_there_has_no_revision
                a_lock_raises_each_host_once
                a_transaction_sees_its_own_revisions_and_others_after_the_commit,
            event_types:
                every_kind_comes_back_as_it_was
                a_slug_is_taken_once_in_a_workspace
                a_list_stands_by_position_then_slug
                a_host_must_exist,
            event_type_settings:
                every_setting_comes_back_as_it_was
                the_largest_numbers_fit,
            event_type_changes:
                an_event_type_changes_by_versions
                an_event_type_cannot_take_anothers_slug
                a_hosts_event_types_are_found
                what_an_event_type_names_must_exist,
            event_type_deletion:
                an_event_type_is_deleted_with_what_is_its_own
                an_event_type_with_bookings_or_sessions_stays,
            bookings:
                every_state_comes_back_as_it_was
                hostile_texts_come_back_as_they_were
                extreme_dates_come_back_as_they_were
                overlapping_bookings_of_one_host_conflict
                buffers_belong_to_what_is_claimed
                several_hosts_are_claimed_or_none
                an_id_and_a_link_are_taken_once
                an_update_must_know_the_version
                a_booking_that_ends_gives_its_time_back
                a_booking_moves_by_less_than_its_length
                a_booking_cannot_move_onto_another
                a_booking_changes_its_hosts
                reservations_are_found_where_they_overlap
                many_reservations_of_many_hosts_stand_in_order,
            booking_lists:
                a_list_has_the_workspaces_bookings_in_order
                pages_neither_lose_nor_repeat
                states_are_judged_at_an_instant
                a_span_lets_through_what_overlaps_it
                what_lasts_for_days_is_listed_until_it_ends
                filters_let_through_what_meets_them_all
                a_text_is_found_in_names_and_addresses,
            booking_records:
                answers_and_places_come_back_as_they_were
                a_hosts_link_leads_to_the_booking
                history_comes_back_in_order
                what_is_ahead_of_a_host_is_found
                an_event_type_knows_whether_it_was_ever_booked,
            erasure:
                an_erased_booking_leaves_nothing_behind,
            sessions:
                seats_fill_and_then_conflict
                the_last_to_leave_gives_the_time_back
                a_session_claims_its_host
                another_start_or_event_type_is_another_session
                a_raised_capacity_opens_seats
                leaving_no_session_is_an_error
                of_many_who_want_the_last_seat_exactly_one_gets_it,
            holds:
                a_hold_comes_back_as_it_was
                an_id_and_a_token_are_taken_once
                held_time_is_taken
                an_expired_hold_takes_time_until_it_is_swept
                a_booking_takes_the_place_of_its_hold
                holds_are_found_where_they_overlap
                a_renewed_hold_ends_later
                sweeping_removes_what_has_expired
                the_next_expiry_is_the_first
                of_many_who_want_one_slot_exactly_one_has_it,
            hold_seats:
                a_hold_gives_its_seat_back
                a_hold_is_removed_once_however_many_try,
            links:
                links_come_back_as_they_were
                a_list_begins_with_the_newest
                event_types_and_links_share_their_slugs
                of_many_who_want_one_slug_exactly_one_has_it
                a_link_changes_by_versions_and_keeps_its_uses
                a_link_is_used_as_often_as_it_may_be
                of_many_who_use_a_link_no_more_succeed_than_it_has_uses
                a_booking_outlives_its_link
                a_link_must_lead_somewhere,
            time_off:
                time_off_comes_back_as_it_was
                a_list_stands_by_when_it_was_entered
                what_concerns_a_meeting_is_found
                time_off_changes_by_versions
                time_off_is_somebodys,
            messages:
                words_of_an_event_type_go_before_the_workspaces
                words_are_listed_in_order
                words_are_somebodys
                pictures_come_back_as_they_were,
            outbox:
                effects_are_leased_when_due_and_oldest_first
                no_two_workers_get_the_same_effect
                a_lease_that_ended_can_be_taken_again
                a_completed_effect_stays_completed
                a_retried_effect_is_due_later_and_counts_its_tries
                a_failed_effect_is_kept_and_listed
                one_of_several_with_a_key_is_enough
                an_effect_waits_while_another_with_its_key_is_leased
                a_retry_gives_way_to_a_newer_effect_with_its_key
                the_next_due_instant_counts_leases
                whether_anything_is_due_is_what_a_lease_would_find
                a_lease_that_is_handed_back_was_never_taken
                nobody_hands_back_what_is_not_his
                what_is_handed_back_gives_way_to_a_newer_effect_with_its_key
                sweeping_forgets_only_what_is_done,
            outbox_entries:
                an_entry_tells_everything
                a_list_begins_with_the_newest
                only_what_has_failed_is_replayed
                a_replay_gives_way_to_a_ready_one_with_its_key
                tries_are_kept_in_order
                an_effect_is_of_a_workspace_there_is,
            idempotency:
                a_key_is_found_without_being_claimed
                a_key_is_fresh_then_replayed
                a_key_with_another_fingerprint_is_refused
                scopes_keep_keys_apart
                a_key_rolled_back_is_fresh_again
                a_second_claim_waits_for_the_first
                a_key_stands_for_whatever_was_made
                sweeping_forgets_old_keys,
        }
    };
    (@tests $with_storage:ident, $($module:ident: $($test:ident)+,)+) => {
        $(
            mod $module {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $test() {
                        super::$with_storage($crate::contract::$module::$test).await;
                    }
                )+
            }
        )+
    };
}
