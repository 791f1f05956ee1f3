//! Clusters with their hosts.
