//! A saved IPVS table, every line kept: what ipvsadm's boot script loads.

use super::{
    Malformed,
    ipvs::{Destination, Entry, Service, ServiceKey},
};

/// The lines of the file, line ends included, with what they add.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IpvsFile {
    lines: Vec<(Vec<u8>, Option<Entry>)>,
}

impl IpvsFile {
    /// Reads a file. Empty lines and comments are kept; a line that is neither, nor one of ipvsadm's, is an error.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let line = |(number, raw): (usize, &[u8])| {
            let malformed = |what| Malformed { line: number + 1, what, text: raw.trim_ascii_end().to_vec() };
            let trimmed = raw.trim_ascii();
            if trimmed.is_empty() || trimmed.starts_with(b"#") {
                return Ok((raw.to_vec(), None));
            }
            let text = std::str::from_utf8(trimmed).map_err(|_| malformed("this is not a line of ipvsadm -S"))?;
            Ok((raw.to_vec(), Some(Entry::parse(text).map_err(malformed)?)))
        };
        let lines = text.split_inclusive(|byte| *byte == b'\n').enumerate().map(line);
        Ok(Self { lines: lines.collect::<Result<_, _>>()? })
    }

    /// The text, byte for byte.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|(raw, _)| raw.iter().copied()).collect()
    }

    /// The service with this key as the file has it, without destinations.
    #[must_use]
    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.lines.iter().find_map(|(_, entry)| match entry {
            Some(Entry::Service(service)) if service.key == *key => Some(service),
            _ => None,
        })
    }

    /// The destination of a service as the file has it.
    #[must_use]
    pub fn destination(&self, key: &ServiceKey, address: &str) -> Option<&Destination> {
        self.lines.iter().find_map(|(_, entry)| match entry {
            Some(Entry::Destination(of, destination)) if of == key && destination.address == address => {
                Some(destination)
            }
            _ => None,
        })
    }

    /// Makes the file hold just this service and these destinations under its key. Lines that say so already are kept.
    pub fn set(&mut self, service: &Service) {
        let mut left: Vec<&Destination> = service.destinations.iter().collect();
        let mut seen = false;
        let mut behind = None;
        let mut lines = Vec::with_capacity(self.lines.len() + left.len() + 1);
        for (raw, entry) in self.lines.drain(..) {
            match &entry {
                Some(Entry::Service(found)) if found.key == service.key => {
                    if seen {
                        continue;
                    }
                    seen = true;
                    lines.push(if found.words() == service.words() { (raw, entry) } else { service_line(service) });
                    behind = Some(lines.len());
                }
                // One before its service does not load.
                Some(Entry::Destination(key, _)) if *key == service.key && !seen => {}
                Some(Entry::Destination(key, found)) if *key == service.key => {
                    let Some(at) = left.iter().position(|wanted| wanted.address == found.address) else { continue };
                    let wanted = left.remove(at);
                    lines.push(if found == wanted { (raw, entry) } else { destination_line(&service.key, wanted) });
                    behind = Some(lines.len());
                }
                _ => lines.push((raw, entry)),
            }
        }
        let mut more: Vec<_> = if seen { Vec::new() } else { vec![service_line(service)] };
        more.extend(left.into_iter().map(|wanted| destination_line(&service.key, wanted)));
        let behind = if seen { behind.unwrap_or(lines.len()) } else { lines.len() };
        if let Some((last, _)) = behind.checked_sub(1).and_then(|last| lines.get_mut(last))
            && !more.is_empty()
            && !last.ends_with(b"\n")
        {
            last.push(b'\n');
        }
        lines.splice(behind..behind, more);
        self.lines = lines;
    }

    /// Drops a service and its destinations.
    pub fn remove(&mut self, key: &ServiceKey) {
        self.lines.retain(|(_, entry)| entry.as_ref().is_none_or(|entry| entry.key() != key));
    }
}

fn service_line(service: &Service) -> (Vec<u8>, Option<Entry>) {
    let entry = Service { destinations: Vec::new(), ..service.clone() };
    (format!("-A {service}\n").into_bytes(), Some(Entry::Service(entry)))
}

fn destination_line(key: &ServiceKey, destination: &Destination) -> (Vec<u8>, Option<Entry>) {
    let line = format!("-a {key} {}\n", destination.words().join(" "));
    (line.into_bytes(), Some(Entry::Destination(key.clone(), destination.clone())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::IpvsFile;
    use crate::format::ipvs::{IpvsTable, ServiceKey};

    fn set(before: &str, wanted: &str) -> String {
        let mut file = IpvsFile::parse(before.as_bytes()).unwrap();
        file.set(&IpvsTable::parse(wanted.as_bytes()).unwrap().services[0]);
        String::from_utf8(file.render()).unwrap()
    }

    const WANTED: &str = "-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n";

    #[test]
    fn hand_kept_lines_are_adopted_and_others_kept() {
        let kept = "# by hand\n-A -f21 -p 300\n-a -f 21 -r 10.1.1.12 -w 2 -m\n\n-A -t 192.0.2.1:80 -s rr\n\
                    -a -f 21 -r 10.1.1.11 -m\n-a -t 192.0.2.1:80 -r 10.1.1.9:80 -m";
        assert_eq!(set(kept, WANTED), kept);
    }

    #[test]
    fn only_what_differs_is_rewritten() {
        let before =
            "# x\n-A -f 21 -s rr\n-a -f 21 -r 10.1.1.11:0 -m -w 0\n-a -f 21 -r 10.1.1.99:0 -m -w 1\n-A -f 22 -s rr";
        assert_eq!(
            set(before, WANTED),
            "# x\n-A -f 21 -s wlc -p 300\n-a -f 21 -r 10.1.1.11:0 -m -w 1\n-a -f 21 -r 10.1.1.12:0 -m -w 2\n-A -f 22 -s rr"
        );
        assert_eq!(set("", WANTED), WANTED);
        assert_eq!(set("-A -f 22 -s rr", WANTED), format!("-A -f 22 -s rr\n{WANTED}"));
    }

    #[test]
    fn a_service_goes_with_its_destinations() {
        let mut file = IpvsFile::parse(format!("# x\n{WANTED}-A -f 22 -s rr\n").as_bytes()).unwrap();
        file.remove(&ServiceKey::mark(21));
        assert_eq!(file.render(), b"# x\n-A -f 22 -s rr\n");
    }

    #[test]
    fn what_is_no_line_of_ipvsadm_is_refused() {
        let error = IpvsFile::parse(b"# x\nipvsadm -A -f 21\n").unwrap_err().to_string();
        assert!(error.starts_with("line 2: "), "{error}");
    }
}
