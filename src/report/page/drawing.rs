//! A cluster as a drawing: clients, virtual IP, routers, real servers, and what goes between them.

use super::{
    Seen,
    looks::{icon, of_host},
    shapes::{self, Card, pill},
    words::escaped,
};
use crate::report::history::{Cluster, HostRecord, HostState, Server};

/// The drawing's width in pixels; all below are pixels too.
const WIDTH: f64 = 1272.0;
const TOP: f64 = 20.0;
/// The space between two cards above each other.
const GAP: f64 = 14.0;
const CLIENT: (f64, f64) = (16.0, 120.0);
const VIP: (f64, f64) = (270.0, 190.0);
const VIP_HEIGHT: f64 = 96.0;
const ROUTER: (f64, f64) = (616.0, 240.0);
const SERVER: (f64, f64) = (1016.0, 240.0);
/// More real servers than this do not stand in one column.
const COLUMN: usize = 8;
/// So many beside each other then.
const GRID: usize = 6;

/// The drawing of a cluster with what is known of its hosts.
#[must_use]
pub(super) fn drawing(cluster: &Cluster, seen: &Seen) -> String {
    let (title, about) = (escaped(&cluster.play), escaped(&cluster.virtual_ip.to_string()));
    let is_grid = cluster.servers.len() > COLUMN;
    let (body, height) = if is_grid { grid(cluster, seen) } else { column(cluster, seen) };
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Cluster {title} at {about}\">\n{}{body}</svg>\n",
        shapes::TIP
    )
}

/// All in one row: the real servers stand in a column at the right.
fn column(cluster: &Cluster, seen: &Seen) -> (String, f64) {
    let heights =
        [stack(cluster.routers.len(), shapes::HEIGHT), stack(cluster.servers.len(), shapes::HEIGHT), VIP_HEIGHT];
    let height = heights.iter().copied().fold(0.0, f64::max);
    let middle = TOP + height / 2.0;
    let mut body = front(cluster, seen, middle);
    let first = middle - heights[1] / 2.0;
    let (out, bus) = (ROUTER.0 + ROUTER.1 + 20.0, 916.0);
    let centres: Vec<f64> = (0..cluster.servers.len()).map(|at| first + step(at) + shapes::HEIGHT / 2.0).collect();
    body.push_str(&shapes::line("edge", &[(out, middle), (bus, middle)], false));
    body.push_str(&shapes::bus(bus, middle, &centres));
    for (server, y) in cluster.servers.iter().zip(&centres) {
        body.push_str(&shapes::line(&format!("edge {}", rail(server, seen)), &[(bus, *y), (SERVER.0, *y)], true));
        body.push_str(&pill(f64::midpoint(bus, SERVER.0) - 3.0, *y, &weight(server)));
        body.push_str(&host(&server.host, &server.ip.to_string(), "", seen, SERVER, y - shapes::HEIGHT / 2.0));
    }
    body.push_str(&pill(f64::midpoint(out, bus), middle, forwarding(cluster)));
    let bottom = TOP + height;
    let Some(text) = active(cluster) else { return (body, bottom + 20.0) };
    // Active data goes from the servers around the picture's foot to the client.
    let (x, from, foot) = (CLIENT.0 + CLIENT.1 / 2.0, SERVER.0 + SERVER.1 / 2.0, bottom + 30.0);
    let last = centres.last().copied().unwrap_or(middle) + shapes::HEIGHT / 2.0;
    body.push_str(&shapes::line("edge back", &[(from, last), (from, foot), (x, foot), (x, middle + 48.0)], true));
    body.push_str(&pill((VIP.0 + ROUTER.0 + ROUTER.1) / 2.0, foot, &text));
    (body, foot + 24.0)
}

/// Many real servers stand below the rest, in a frame that the routers' edge leads to.
fn grid(cluster: &Cluster, seen: &Seen) -> (String, f64) {
    let height = stack(cluster.routers.len(), shapes::HEIGHT).max(VIP_HEIGHT);
    let middle = TOP + height / 2.0;
    let mut body = front(cluster, seen, middle);
    let frame = TOP + height + 74.0;
    let rows = f64::from(u32::try_from(cluster.servers.len().div_ceil(GRID)).unwrap_or(u32::MAX));
    let depth = 44.0 + rows * (shapes::HEIGHT + GAP) + 4.0;
    let (out, turn) = (ROUTER.0 + ROUTER.1 + 20.0, 1016.0);
    body.push_str(&shapes::line("edge", &[(out, middle), (turn, middle), (turn, frame)], true));
    body.push_str(&pill(f64::midpoint(out, turn), middle, forwarding(cluster)));
    body.push_str(&format!(
        "<rect class=\"area\" x=\"8\" y=\"{frame}\" width=\"{}\" height=\"{depth}\" rx=\"14\"/>\n",
        WIDTH - 16.0
    ));
    body.push_str(&format!(
        "<text x=\"26\" y=\"{}\">{} real servers, each with its weight</text>\n",
        frame + 26.0,
        cluster.servers.len()
    ));
    let width = (WIDTH - 16.0 - 32.0 - 5.0 * GAP) / 6.0;
    let columns = (0..GRID).map(|at| 24.0 + f64::from(u32::try_from(at).unwrap_or(0)) * (width + GAP));
    let columns: Vec<f64> = columns.collect();
    for (row, servers) in cluster.servers.chunks(GRID).enumerate() {
        let y = frame + 40.0 + step(row);
        for (server, x) in servers.iter().zip(&columns) {
            let ip = server.ip.to_string();
            body.push_str(&host(&server.host, &ip, &weight(server), seen, (*x, width), y));
        }
    }
    if let Some(text) = active(cluster) {
        let x = CLIENT.0 + CLIENT.1 / 2.0;
        body.push_str(&shapes::line("edge back", &[(x, frame), (x, middle + 48.0)], true));
        body.push_str(&shapes::line("edge back", &[(x, frame - 26.0), (x + 60.0, frame - 26.0)], false));
        body.push_str(&pill(x + 152.0, frame - 26.0, &text));
    }
    (body, frame + depth + 12.0)
}

/// Clients, virtual IP and routers, with the edges between them.
fn front(cluster: &Cluster, seen: &Seen, middle: f64) -> String {
    let mut body = String::new();
    let (from, to) = (CLIENT.0 + CLIENT.1, VIP.0);
    body.push_str(&shapes::line("edge", &[(from, middle - 16.0), (to, middle - 16.0)], true));
    body.push_str(&shapes::line("edge", &[(from, middle + 16.0), (to, middle + 16.0)], true));
    body.push_str(&pill(f64::midpoint(from, to) - 4.0, middle - 16.0, &format!("port {}", cluster.port)));
    body.push_str(&pill(
        f64::midpoint(from, to) - 4.0,
        middle + 16.0,
        &format!("{}–{}", cluster.passive.0, cluster.passive.1),
    ));
    body.push_str(&shapes::client(CLIENT, middle));
    body.push_str(&shapes::virtual_ip(VIP, middle, VIP_HEIGHT, cluster));
    let first = middle - stack(cluster.routers.len(), shapes::HEIGHT) / 2.0;
    let centres: Vec<f64> = (0..cluster.routers.len()).map(|at| first + step(at) + shapes::HEIGHT / 2.0).collect();
    let (bus, out) = (ROUTER.0 - 26.0, ROUTER.0 + ROUTER.1 + 20.0);
    body.push_str(&shapes::line("edge", &[(VIP.0 + VIP.1, middle), (bus, middle)], false));
    body.push_str(&shapes::bus(bus, middle, &centres));
    body.push_str(&shapes::bus(out, middle, &centres));
    for (router, y) in cluster.routers.iter().zip(&centres) {
        let class = seen.get(router.as_str()).map_or("off", |found| of_host(found.state()));
        let holds = seen.get(router.as_str()).is_some_and(|found| found.holds.contains(&cluster.virtual_ip));
        let (class, note) = (format!("edge {class}"), if holds { "holds the virtual IP" } else { "stands by" });
        body.push_str(&shapes::line(&class, &[(bus, *y), (ROUTER.0, *y)], true));
        body.push_str(&shapes::line(&class, &[(ROUTER.0 + ROUTER.1, *y), (out, *y)], false));
        body.push_str(&host(router, note, "", seen, ROUTER, y - shapes::HEIGHT / 2.0));
    }
    body.push_str(&pill((VIP.0 + VIP.1 + bus) / 2.0, middle, &format!("mark {}", cluster.mark)));
    body
}

/// A host's card: its name, a line about it, and how it is.
fn host(name: &str, about: &str, right: &str, seen: &Seen, place: (f64, f64), y: f64) -> String {
    let Some(found) = seen.get(name) else {
        return shapes::card(&Card { name, about, right, class: "unknown", state: "not looked at yet" }, place, y);
    };
    let things = found.things();
    let what = match things.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        [one, rest @ ..] => format!(": {one} +{}", rest.len()),
    };
    let state = match found.state() {
        state @ (HostState::Drift | HostState::Changed) => format!("{}{what}", state.word()),
        HostState::Failed => format!("failed: {}", found.failed.as_deref().unwrap_or_default()),
        HostState::NotServed => format!("not served: {}", found.lost.first().map_or("", String::as_str)),
        state => state.word().to_owned(),
    };
    shapes::card(&Card { name, about, right, class: of_host(found.state()), state: &state }, place, y)
}

/// How the edge to a real server looks: one without weight gets no new clients.
fn rail(server: &Server, seen: &Seen) -> &'static str {
    match seen.get(server.host.as_str()).map(HostRecord::state) {
        Some(state @ (HostState::Failed | HostState::Unreachable)) => of_host(state),
        _ if server.weight == 0 => "off",
        _ => "",
    }
}

fn weight(server: &Server) -> String {
    format!("weight {}", server.weight)
}

fn forwarding(cluster: &Cluster) -> &str {
    if cluster.forwarding == "nat" { "NAT" } else { &cluster.forwarding }
}

fn active(cluster: &Cluster) -> Option<String> {
    let how = cluster.active.as_ref()?;
    Some(format!("active data from port 20: {how}"))
}

/// How high so many cards above each other are.
fn stack(count: usize, height: f64) -> f64 {
    (step(count) - GAP).max(height)
}

/// Where a card of a stack begins.
fn step(at: usize) -> f64 {
    f64::from(u32::try_from(at).unwrap_or(u32::MAX)) * (shapes::HEIGHT + GAP)
}

/// The legend below a drawing.
pub(super) fn legend() -> String {
    let entry = |(class, word): &(&str, &str)| {
        let icon = icon(class, 7.0, 7.0);
        format!(
            "<span><svg width=\"14\" height=\"14\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">{icon}</svg>{word}</span>"
        )
    };
    format!("<div class=\"legend\">{}</div>\n", super::looks::LEGEND.iter().map(entry).collect::<String>())
}
