//! How often: what cron and systemd can both keep evenly, day after day.

use std::str::FromStr;

/// Minutes between two runs: a divisor of 60, or so many hours as divide a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval(u16);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minutes = text.parse::<u16>().map_err(|_| "is not a number of minutes".to_owned())?;
        if minutes > 0 && minutes <= 1440 && (60 % minutes == 0 || (minutes % 60 == 0 && 1440 % minutes == 0)) {
            return Ok(Self(minutes));
        }
        Err("cannot be kept evenly: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60 minutes, or 2, 3, 4, 6, 8, 12 or 24 hours \
             (120, 180, 240, 360, 480, 720, 1440) can"
            .to_owned())
    }
}

impl Interval {
    /// Minute and hour as crontab(5) has them, so many minutes late.
    pub fn cron(self, offset: u16) -> Result<(String, String), String> {
        let (minute, hour) = self.first(offset)?;
        let step = |first: u16, last: u16, step: u16| match (first, step) {
            (0, 1) => "*".to_owned(),
            (0, step) => format!("*/{step}"),
            (first, step) => format!("{first}-{last}/{step}"),
        };
        Ok(match self.0 {
            1440 => (minute.to_string(), hour.to_string()),
            minutes if minutes >= 60 => (minute.to_string(), step(hour, 23, minutes / 60)),
            minutes => (step(minute, 59, minutes), "*".to_owned()),
        })
    }

    /// The same for systemd's `OnCalendar=` (systemd.time(7)).
    pub fn calendar(self, offset: u16) -> Result<String, String> {
        let (minute, hour) = self.first(offset)?;
        Ok(match self.0 {
            1440 => format!("*-*-* {hour:02}:{minute:02}:00"),
            60 => format!("*-*-* *:{minute:02}:00"),
            minutes if minutes > 60 => format!("*-*-* {hour:02}/{}:{minute:02}:00", minutes / 60),
            minutes => format!("*-*-* *:{minute:02}/{minutes}:00"),
        })
    }

    /// The first minute and hour of a day.
    fn first(self, offset: u16) -> Result<(u16, u16), String> {
        if offset >= self.0 {
            return Err(format!("--offset {offset} is not less than --every {}", self.0));
        }
        Ok((offset % 60, offset / 60))
    }
}

#[cfg(test)]
#[path = "interval_tests.rs"]
mod tests;
