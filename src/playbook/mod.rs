//! The playbook: a list of plays, each the desired state of a cluster or of single things, read strictly.

mod addresses;
mod batch;
mod cluster;
mod director;
mod load;
mod network;
mod piranha;
mod play;
mod rules;
mod services;
mod settings;
mod sides;
mod task_types;
mod tasks;
mod types;

pub use load::load;
pub use play::{FIELDS, KINDS, TASKS, plays};
pub use task_types::{IpvsService, ServiceState, SysctlValue, Task, TaskPlay, Thing, WantedIpvs};
pub use types::{
    Batch, Cluster, ClusterPlaces, ClusterPlay, Director, Limits, NatAddress, NatRouter, PiranhaKeys, Play,
    RealServers, Routers, Service, Services, VrrpKeys, Vsftpd,
};

#[cfg(test)]
mod tests;
