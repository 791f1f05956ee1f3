//! "Did you mean": the known word that is nearest to a mistyped one.

/// How alike two words must be, on strsim's scale from 0 to 1.
const ALIKE: f64 = 0.75;
/// Longer words are not compared: nobody mistypes so much, and the cost grows with the square.
const LONGEST: usize = 100;

/// The known word that is nearest to what was written, where one is near.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let lower = written.to_lowercase();
    known
        .into_iter()
        .filter(|word| *word != written && word.len() <= LONGEST)
        .map(|word| (strsim::jaro_winkler(&lower, &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, word)| word)
}

/// A hint that names the nearest known word.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|word| format!("did you mean `{word}`?"))
}
