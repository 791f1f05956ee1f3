//! The host's clock, and when its files changed and its processes began.

/// Prints the time now in clock ticks after boot, as processes have their start: it is the start of this very `cat`. A
/// clock that is set forward or back does not move it.
pub const TICKS: &str = "set -- $(cat /proc/self/stat); echo \"${22}\"";

/// Prints when a file was last changed; nothing where there is no `stat`.
pub const CHANGED: &str = "TZ=UTC0 stat -L -c '%Z %z'";

/// Prints up to three looks at the clock, as [`Clock::best`] reads them: no more when the time did not go on during one.
pub const LOOKS: &str = "hertz=$(getconf CLK_TCK 2>/dev/null) || hertz=100\n\
    for look in 1 2 3; do read -r before idle </proc/uptime; now=$(date +%s.%N); read -r uptime idle </proc/uptime\n\
    echo \"now $now $uptime $hertz\"; [ \"$before\" != \"$uptime\" ] || break; done";

/// A point in time, in seconds after 1970, and how finely it was told.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// Seconds after 1970.
    pub seconds: f64,
    exact: bool,
}

/// `CTIME DATE TIME.FRACTION ZONE`: whole seconds first, their fraction where stat tells it.
pub(super) fn change_time(text: &str) -> Option<Moment> {
    let mut words = text.split(' ');
    let whole: f64 = words.next()?.parse().ok()?;
    let fraction =
        words.nth(1).and_then(|time| time.split_once('.')).and_then(|(_, digits)| format!("0.{digits}").parse().ok());
    Some(Moment {
        seconds: whole + fraction.unwrap_or(0.0),
        exact: fraction.is_some_and(|fraction: f64| fraction > 0.0),
    })
}

/// The host's clock: the time now, and how long ago it booted.
pub(super) struct Clock {
    pub now: Moment,
    uptime: f64,
    ticks_per_second: f64,
}

impl Clock {
    /// The best of several looks. Between the two readings of one the host may be busy: the one that says the least uptime
    /// for its time is best.
    pub fn best<'a>(looks: impl Iterator<Item = &'a str>) -> Result<Self, &'static str> {
        looks
            .filter_map(Self::read)
            .min_by(|one, two| (one.uptime - one.now.seconds).total_cmp(&(two.uptime - two.now.seconds)))
            .ok_or("the host does not tell the time (date, /proc/uptime)")
    }

    /// When a process started that has this start, in seconds after 1970.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds are whole, ticks few")]
    pub fn start(&self, start_ticks: u64) -> i64 {
        (self.now.seconds - self.uptime + start_ticks as f64 / self.ticks_per_second) as i64
    }

    /// `SECONDS.NANOSECONDS UPTIME TICKS_PER_SECOND`; an old `date` prints no nanoseconds.
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [now, uptime, ticks] = words.as_slice() else {
            return None;
        };
        let exact = now.parse::<f64>().is_ok();
        let whole = now.split('.').next()?;
        Some(Self {
            now: Moment { seconds: if exact { now } else { whole }.parse().ok()?, exact },
            uptime: uptime.parse().ok()?,
            ticks_per_second: ticks.parse().ok().filter(|ticks| *ticks > 0.0)?,
        })
    }

    /// So many seconds in ticks.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "negative is none; ticks are whole")]
    pub fn ticks(&self, seconds: f64) -> u64 {
        (seconds * self.ticks_per_second) as u64
    }

    /// The ticks at a moment that the clock told; now, where it is not known or still to come.
    pub fn ticks_at(&self, moment: Option<Moment>, now: u64) -> u64 {
        now.saturating_sub(moment.map_or(0, |moment| self.ticks(self.now.seconds - moment.seconds)))
    }

    /// Whether a process that started so many ticks after boot started after a moment. Uptime and start count in
    /// hundredths of a second, so that much is forgiven; a whole second where the host tells no finer time.
    pub fn started_after(&self, start_ticks: u64, moment: Moment) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "ticks stay far below 2^52 for any uptime")]
        let age = self.uptime - start_ticks as f64 / self.ticks_per_second;
        let tolerance = if self.now.exact && moment.exact { 0.03 } else { 1.0 };
        age > -1.0 && moment.seconds <= self.now.seconds - age + tolerance
    }
}
