//! Inventories as Ansible reads them.
