//! "Did you mean": the known word that is nearest to a mistyped one.

/// Longer words are not compared: nobody mistypes so much, and the cost grows with the square.
const LONGEST: usize = 100;

/// The known word that is nearest to what was written, where one is near: one slip in three letters.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let lower = written.to_lowercase();
    let slips = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|word| *word != written && word.len() <= LONGEST)
        .map(|word| (strsim::osa_distance(&lower, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A hint that names the nearest known word.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|word| format!("did you mean `{word}`?"))
}
