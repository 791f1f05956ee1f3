//! How states look: each has a class for its colour, an icon and a word, so colour never says it alone.

use crate::report::history::{HostState, Verdict};

/// Class and icon of a state.
pub(super) const fn of_host(state: HostState) -> &'static str {
    match state {
        HostState::Fine => "fine",
        HostState::Draining => "draining",
        HostState::Changed => "changed",
        HostState::Drift => "drift",
        HostState::NotServed | HostState::Failed => "failed",
        HostState::Unreachable => "unreachable",
    }
}

/// Class and icon of a run.
pub(super) const fn of_run(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Converged => "fine",
        Verdict::Changed => "changed",
        Verdict::Drift => "drift",
        Verdict::Locked | Verdict::Interrupted => "unknown",
        Verdict::Unreachable => "unreachable",
        Verdict::NotServed | Verdict::Refused | Verdict::Failed => "failed",
    }
}

/// The classes with the words of the legend.
pub(super) const LEGEND: [(&str, &str); 7] = [
    ("fine", "as it should be"),
    ("changed", "changed by the run, and as it should be since"),
    ("drift", "drift: differs and is not changed yet"),
    ("draining", "draining: waits for clients"),
    ("failed", "failed, or loses clients' packets"),
    ("unreachable", "unreachable"),
    ("unknown", "not looked at"),
];

/// An icon of 14 pixels, centred there.
pub(super) fn icon(class: &str, x: f64, y: f64) -> String {
    format!(
        "<use href=\"#icon-{class}\" class=\"icon {class}\" x=\"{}\" y=\"{}\" width=\"14\" height=\"14\"/>",
        x - 7.0,
        y - 7.0
    )
}

/// The icons themselves, once a page.
pub(super) const ICONS: &str = r#"<svg width="0" height="0" class="symbols" aria-hidden="true">
<symbol id="icon-fine" viewBox="0 0 14 14"><path d="M2.5 7.5 5.5 10.5 11.5 3.5" class="stroke"/></symbol>
<symbol id="icon-changed" viewBox="0 0 14 14"><circle cx="7" cy="7" r="5" class="fill"/><path d="M4.5 7.2 6.3 9 9.6 5.2" class="on"/></symbol>
<symbol id="icon-drift" viewBox="0 0 14 14"><path d="M7 1.5 13 12.5H1Z" class="fill"/><path d="M7 5.3V8.6M7 10.2V11.2" class="on"/></symbol>
<symbol id="icon-draining" viewBox="0 0 14 14"><path d="M3 1.5H11M3 12.5H11M4 1.5C4 6 10 8 10 12.5M10 1.5C10 6 4 8 4 12.5" class="stroke"/></symbol>
<symbol id="icon-failed" viewBox="0 0 14 14"><rect x="1" y="1" width="12" height="12" rx="2" class="fill"/><path d="M4.2 4.2 9.8 9.8M9.8 4.2 4.2 9.8" class="on"/></symbol>
<symbol id="icon-unreachable" viewBox="0 0 14 14"><circle cx="7" cy="7" r="5.2" class="stroke"/><path d="M3.4 10.6 10.6 3.4" class="stroke"/></symbol>
<symbol id="icon-unknown" viewBox="0 0 14 14"><circle cx="7" cy="7" r="1.8" class="fill"/></symbol>
</svg>
"#;
