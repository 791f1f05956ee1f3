//! The playbook: a list of plays, each the desired state of one cluster, read strictly.

mod batch;
mod cluster;
mod load;
mod network;
mod play;
mod rules;
mod services;
mod settings;
mod sides;
mod types;

pub use load::load;
pub use play::plays;
pub use types::{
    Batch, Cluster, ClusterPlaces, ClusterPlay, Director, Limits, Play, RealServers, Routers, Service, Services, Vsftpd,
};

#[cfg(test)]
mod tests;
