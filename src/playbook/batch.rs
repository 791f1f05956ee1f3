//! How a side is rolled out, as Ansible writes it: `serial`, `max_fail_percentage`, `any_errors_fatal`.

use super::{Batch, Limits, cluster::optional};
use crate::source::{Fields, Node, Reading, Value, decimal};

/// The keys that [`limits`] reads.
pub(super) const LIMITS: [&str; 2] = ["max_fail_percentage", "any_errors_fatal"];

pub(super) fn limits(fields: Fields<'_>, reading: &mut Reading) -> Option<Limits> {
    let percentage = optional(fields, LIMITS[0], None, reading, |node, reading| {
        let number = reading.number(node, "`max_fail_percentage`")?;
        match u8::try_from(number) {
            Ok(percent @ 0..=100) => Some(Some(percent)),
            _ => reading.refuse(node.span, "`max_fail_percentage` is 0 to 100"),
        }
    });
    let fatal = optional(fields, LIMITS[1], None, reading, |node, reading| {
        reading.boolean(node, "`any_errors_fatal`").map(Some)
    });
    Some(Limits { max_fail_percentage: percentage?, any_errors_fatal: fatal? })
}

pub(super) fn serial(node: &Node, reading: &mut Reading) -> Option<Vec<Batch>> {
    let Value::List(items) = &node.value else {
        return batch(node, reading).map(|batch| vec![batch]);
    };
    if items.is_empty() {
        return reading.refuse(node.span, "`serial` is an empty list; it needs a number of hosts");
    }
    let batches: Vec<Option<Batch>> = items.iter().map(|item| batch(item, reading)).collect();
    batches.into_iter().collect()
}

fn batch(node: &Node, reading: &mut Reading) -> Option<Batch> {
    if let Value::Text(text) = &node.value {
        let percent = text.strip_suffix('%').and_then(|number| decimal(number).ok());
        return match percent.map(u8::try_from) {
            Some(Ok(percent @ 1..=100)) => Some(Batch::Percent(percent)),
            _ => reading.refuse_with(
                node.span,
                "`serial` is a number of hosts or a share such as \"30%\", 1% to 100%",
                "write a number without quotes",
            ),
        };
    }
    let count = reading.number(node, "`serial`")?;
    match u32::try_from(count) {
        Ok(count) if count > 0 => Some(Batch::Count(count)),
        _ => reading.refuse(node.span, "`serial` is 1 host or more"),
    }
}
