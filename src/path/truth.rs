//! Whether something holds of a packet: yes, no, or not to be told.

/// Three values. Nothing is guessed: what the model does not know is `Open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold.
    No,
    /// It holds.
    Yes,
    /// It cannot be told.
    Open(Open),
}

/// Why something is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Whether it holds of a client that no rule has in mind: one outside all named networks, below all limits.
    pub usually: bool,
    /// Whether it only tells one client from another, or much traffic from little. Somebody wrote it for that.
    pub by_client: bool,
}

impl Truth {
    /// Something that the model does not know.
    pub const UNKNOWN: Self = Self::Open(Open { usually: false, by_client: false });
    /// Something that holds of some clients, or only of too many packets.
    pub const SOME_CLIENTS: Self = Self::Open(Open { usually: false, by_client: true });

    /// The truth of the opposite.
    #[must_use]
    pub const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Open(open) => Self::Open(Open { usually: !open.usually, ..open }),
        }
    }

    /// The opposite where that is asked for.
    #[must_use]
    pub const fn negated(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    /// Whether both hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, rest) | (rest, Self::Yes) => rest,
            (Self::Open(one), Self::Open(two)) => {
                Self::Open(Open { usually: one.usually && two.usually, by_client: one.by_client && two.by_client })
            }
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Of so many, so many have it: all, none, or some, which leaves it open; so does nothing known.
pub(super) fn share(all: usize, having: usize) -> Truth {
    match having {
        _ if all == 0 => Truth::UNKNOWN,
        0 => Truth::No,
        _ if having == all => Truth::Yes,
        _ => Truth::UNKNOWN,
    }
}
