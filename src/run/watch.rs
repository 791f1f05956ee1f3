//! Who hears, while a run works, how far it has come.

/// Hears of it, from several hosts at once.
pub trait Watch: Sync {
    /// Work of this kind begins, on so many hosts.
    fn phase(&self, name: &str, hosts: usize);
    /// A host is worked on.
    fn begins(&self, host: &str);
    /// It is no more.
    fn ends(&self, host: &str);
}

/// Nobody hears.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Watch for Nobody {
    fn phase(&self, _: &str, _: usize) {}
    fn begins(&self, _: &str) {}
    fn ends(&self, _: &str) {}
}
