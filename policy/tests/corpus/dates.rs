//! From when until when a charter holds, and which version it says it is.

use crate::draft::tiny;
use crate::entries::corpus;

const HEAD: &str = "charter.toml";

corpus! {
    an_end_before_the_beginning => tiny().with(HEAD, "2027-01-01", "2025-01-01");
    an_end_at_the_beginning => tiny().with(HEAD, "2027-01-01", "2026-01-01");
    an_end_that_is_near => tiny().at("2026-12-01T00:00:00Z");
    an_end_that_is_past => tiny().at("2027-01-02T00:00:00Z");
    an_end_in_ten_years => tiny().with(HEAD, "2027-01-01", "2036-01-01");
    an_end_in_the_year_9999 => tiny().with(HEAD, "2027-01-01T00:00:00Z", "9999-12-30T00:00:00Z");
    an_end_that_no_calendar_has => tiny().with(HEAD, "2027-01-01", "2027-02-30");
    a_beginning_that_is_far_off => tiny().with(HEAD, "2026-01-01", "2026-12-31");
    a_beginning_before_time_began => tiny().with(HEAD, "2026-01-01", "1969-01-01");
    a_time_without_a_zone => tiny().with(HEAD, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00");
    a_time_that_is_no_text => tiny().with(HEAD, "\"2026-01-01T00:00:00Z\"", "2026-01-01T00:00:00Z");
    version_zero => tiny().with(HEAD, "version = 1", "version = 0");
    a_version_that_is_the_last_there_can_be => tiny().with(HEAD, "version = 1", "version = 9223372036854775807");
    commits_of_versions_to_come => tiny().with(HEAD, "accept_since = 1", "accept_since = 2");
    a_key_that_turns_checks_off => tiny().with(HEAD, "threshold = 2", "threshold = 2\nfallback = \"allow\"");
    a_key_that_is_missing => tiny().with(HEAD, "threshold = 2\n", "");
    a_title_in_one_language => tiny().with(HEAD, "title = { zh = \"章程\", en = \"Charter\" }", "title = { zh = \"章程\", en = \"\" }");
}
