//! `serial`: how many hosts change at a time, as Ansible writes it.

use super::Batch;
use crate::source::{Node, Reading, Value, decimal};

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
