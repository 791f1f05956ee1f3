//! How a side is rolled out, as Ansible writes it: `serial`, `max_fail_percentage`, `any_errors_fatal`.

use super::{Batch, Limits, cluster::optional};
use crate::source::{Field, Fields, Node, Reading, Shape, Value, decimal};

/// The keys that [`limits`] reads.
pub(super) const MAX_FAIL_PERCENTAGE: Field = Field::optional(
    "max_fail_percentage",
    Shape::Number(0, 100),
    "A batch may lose so many of a hundred of its hosts before the roll-out stops",
);
pub(super) const ANY_ERRORS_FATAL: Field =
    Field::optional("any_errors_fatal", Shape::Boolean, "Whether the first failure stops the play on all hosts");

/// `serial`: a number of hosts, a share, or a list of these.
pub(super) const SERIAL: Shape = Shape::OneOf(&[COUNT, SHARE, Shape::List(&Shape::OneOf(&[COUNT, SHARE]))]);
const COUNT: Shape = Shape::Number(1, 4_294_967_295);
const SHARE: Shape = Shape::Matching("^([1-9][0-9]?|100)%$");

pub(super) fn limits(fields: Fields<'_>, reading: &mut Reading) -> Option<Limits> {
    let percentage = optional(fields, MAX_FAIL_PERCENTAGE.key, None, reading, |node, reading| {
        let number = reading.number(node, "`max_fail_percentage`")?;
        match u8::try_from(number) {
            Ok(percent @ 0..=100) => Some(Some(percent)),
            _ => reading.refuse(node.span, "`max_fail_percentage` is 0 to 100"),
        }
    });
    let fatal = optional(fields, ANY_ERRORS_FATAL.key, None, reading, |node, reading| {
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
