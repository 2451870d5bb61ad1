//! What must hold between the version of a runtime and that of the one before it.

use crate::report::{Report, Version};

/// Compares the versions of the chain's runtime and of the new one.
pub(crate) fn compare_versions(from: &Version, to: &Version, report: &mut Report) {
    if to.spec_name != from.spec_name {
        report.error(
            "other_spec_name",
            format!(
                "the runtime is one of {:?}, the chain is {:?}: it belongs to another chain",
                to.spec_name, from.spec_name
            ),
        );
    }
    if to.spec_version <= from.spec_version {
        report.error(
            "not_newer",
            format!(
                "the chain runs version {}; the new runtime has version {}, which must be higher",
                from.spec_version, to.spec_version
            ),
        );
    }
    if to.system_version < from.system_version {
        report.error(
            "system_version_lowered",
            format!(
                "the system version goes down from {} to {}: state would be written in a form that was given up",
                from.system_version, to.system_version
            ),
        );
    }
    if to.transaction_version < from.transaction_version {
        report.error(
            "transaction_version_lowered",
            format!(
                "the transaction version goes down from {} to {}: signatures of long ago would be valid again",
                from.transaction_version, to.transaction_version
            ),
        );
    }
    if to.transaction_version > from.transaction_version {
        report.warn(
            "transaction_version",
            format!(
                "the transaction version goes from {} to {}: transactions are encoded in another way, and whoever signs offline or with a fixed encoding has to follow",
                from.transaction_version, to.transaction_version
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(change: fn(&mut Version)) -> (Vec<&'static str>, Vec<&'static str>) {
        let from = Version {
            spec_name: "noema".into(),
            spec_version: 100,
            transaction_version: 2,
            system_version: 3,
        };
        let mut to = Version {
            spec_version: 101,
            ..from.clone()
        };
        change(&mut to);
        let mut report = Report::default();
        compare_versions(&from, &to, &mut report);
        (
            report.errors.iter().map(|f| f.code).collect(),
            report.warnings.iter().map(|f| f.code).collect(),
        )
    }

    #[test]
    fn version_that_grows_is_accepted() {
        assert_eq!(codes(|_| ()), (vec![], vec![]));
        assert_eq!(
            codes(|to| to.transaction_version = 3),
            (vec![], vec!["transaction_version"])
        );
    }

    #[test]
    fn version_that_does_not_fit_is_refused() {
        assert_eq!(codes(|to| to.spec_version = 100).0, ["not_newer"]);
        assert_eq!(codes(|to| to.spec_version = 99).0, ["not_newer"]);
        assert_eq!(codes(|to| to.spec_name = "x".into()).0, ["other_spec_name"]);
        assert_eq!(
            codes(|to| to.system_version = 2).0,
            ["system_version_lowered"]
        );
        assert_eq!(
            codes(|to| to.transaction_version = 1).0,
            ["transaction_version_lowered"]
        );
    }
}
