//! The parts that a drawing is made of.

use super::{
    looks::icon,
    words::{escaped, fitted, width},
};
use crate::report::history::Cluster;

/// How high a host's card is, in pixels.
pub(super) const HEIGHT: f64 = 68.0;
/// How round the corners of edges are.
const ROUND: f64 = 10.0;

/// What an edge ends with.
pub(super) const TIP: &str = "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"6.5\" \
    markerHeight=\"6.5\" orient=\"auto\"><path d=\"M0 0.8 10 5 0 9.2Z\" class=\"tip\"/></marker></defs>\n";

/// What stands on a host's card.
pub(super) struct Card<'a> {
    pub name: &'a str,
    pub about: &'a str,
    pub right: &'a str,
    pub class: &'a str,
    pub state: &'a str,
}

/// A card at this place (left edge and width), from this height on.
pub(super) fn card(card: &Card<'_>, (x, wide): (f64, f64), y: f64) -> String {
    let Card { name, about, right, class, state } = card;
    let inner = wide - 26.0;
    let beside = if right.is_empty() { 0.0 } else { width(right, 11.0) + 8.0 };
    let end = x + wide - 12.0;
    let right = if right.is_empty() {
        String::new()
    } else {
        format!("<text class=\"mono small muted end\" x=\"{end}\" y=\"{}\">{}</text>", y + 38.0, escaped(right))
    };
    format!(
        "<g class=\"card\" data-state=\"{class}\"><title>{full}</title>\
         <rect class=\"box {class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{HEIGHT}\" rx=\"9\"/>\
         <rect class=\"stripe {class}\" x=\"{x}\" y=\"{}\" width=\"4\" height=\"{}\" rx=\"2\"/>\
         <text class=\"name\" x=\"{left}\" y=\"{}\">{}</text>\
         <text class=\"mono small muted\" x=\"{left}\" y=\"{}\">{}</text>{right}{}\
         <text class=\"state small {class}\" x=\"{}\" y=\"{}\">{}</text></g>\n",
        y + 10.0,
        HEIGHT - 20.0,
        y + 21.0,
        fitted(name, inner, 14.0),
        y + 38.0,
        fitted(about, inner - beside, 11.0),
        icon(class, x + 21.0, y + 53.0),
        x + 33.0,
        y + 57.0,
        fitted(state, inner - 22.0, 11.5),
        full = escaped(&format!("{name}: {state}")),
        left = x + 14.0,
    )
}

/// The clients, at the left.
pub(super) fn client((x, wide): (f64, f64), middle: f64) -> String {
    let centre = x + wide / 2.0;
    format!(
        "<g class=\"card\"><rect class=\"box\" x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"96\" rx=\"9\"/>\
         <circle cx=\"{}\" cy=\"{}\" r=\"7\" class=\"edge\"/><path d=\"M{} {}c0 -17 26 -17 26 0\" class=\"edge\"/>\
         <text class=\"name middle\" x=\"{centre}\" y=\"{}\">clients</text>\
         <text class=\"small muted middle\" x=\"{centre}\" y=\"{}\">FTP</text></g>\n",
        middle - 48.0,
        centre,
        middle - 29.0,
        centre - 13.0,
        middle - 4.0,
        middle + 18.0,
        middle + 35.0,
    )
}

/// The virtual IP with how it serves.
pub(super) fn virtual_ip((x, wide): (f64, f64), middle: f64, high: f64, cluster: &Cluster) -> String {
    let centre = x + wide / 2.0;
    let how = format!("{}, {} s with one server", cluster.scheduler, cluster.persistence);
    format!(
        "<g class=\"card\"><rect class=\"box vip\" x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"{high}\" rx=\"9\"/>\
         <text class=\"small muted middle\" x=\"{centre}\" y=\"{}\">virtual IP</text>\
         <text class=\"name middle\" x=\"{centre}\" y=\"{}\">{}</text>\
         <text class=\"small muted middle\" x=\"{centre}\" y=\"{}\">{}</text></g>\n",
        middle - high / 2.0,
        middle - 22.0,
        middle + 3.0,
        cluster.virtual_ip,
        middle + 28.0,
        fitted(&how, wide - 16.0, 10.5),
    )
}

/// What an edge carries, on the edge.
pub(super) fn pill(x: f64, y: f64, text: &str) -> String {
    let wide = width(text, 11.0) + 14.0;
    format!(
        "<g class=\"label\"><rect class=\"pill\" x=\"{}\" y=\"{}\" width=\"{wide}\" height=\"20\" rx=\"10\"/>\
         <text class=\"mono small middle\" x=\"{x}\" y=\"{}\">{}</text></g>\n",
        x - wide / 2.0,
        y - 10.0,
        y + 4.0,
        escaped(text),
    )
}

/// A line through these points with round corners, with a tip or without.
pub(super) fn line(class: &str, points: &[(f64, f64)], tip: bool) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let (before, after) = (at.checked_sub(1).and_then(|at| points.get(at)), points.get(at + 1));
        match (before, after) {
            (None, _) => path.push_str(&format!("M{x} {y}")),
            (Some(before), Some(after)) => {
                let (one, two) = (toward((*x, *y), *before), toward((*x, *y), *after));
                path.push_str(&format!("L{} {}Q{x} {y} {} {}", one.0, one.1, two.0, two.1));
            }
            (Some(_), None) => path.push_str(&format!("L{x} {y}")),
        }
    }
    let tip = if tip { " marker-end=\"url(#tip)\"" } else { "" };
    format!("<path class=\"{}\" d=\"{path}\"{tip}/>\n", class.trim_end())
}

/// A vertical line that joins edges at these heights with the one in the middle.
pub(super) fn bus(x: f64, middle: f64, heights: &[f64]) -> String {
    let low = heights.iter().copied().fold(middle, f64::min);
    let high = heights.iter().copied().fold(middle, f64::max);
    line("edge", &[(x, low), (x, high)], false)
}

/// A point on the way from a corner to another point, as far from it as corners are round.
fn toward(corner: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (x, y) = (to.0 - corner.0, to.1 - corner.1);
    let far = x.hypot(y).max(1.0);
    let part = ROUND.min(far / 2.0) / far;
    (corner.0 + x * part, corner.1 + y * part)
}
