//! The host in memory (tests/model) is held against the real ipvsadm: the same commands are taken or refused by both,
//! and leave the same table.

use crate::{
    compare::{difference, lines},
    hosts::on,
    machines::{Trial, trial},
    model::State,
    state::converged,
};
use lvs_ftp::format::{ipvs::IpvsTable, ipvs_thresholds};

pub fn trials() -> Vec<Trial> {
    vec![trial("model::does_what_ipvsadm_does", does_what_ipvsadm_does)]
}

const COMMANDS: usize = 60;

/// The client's table is empty, and nobody else's.
const HOST: &str = "client";

fn does_what_ipvsadm_does() {
    converged();
    let mut refused = 0;
    for seed in [1, 2, 3] {
        let commands = commands(seed);
        let mut script = "set +e; ipvsadm -C\n".to_owned();
        for command in &commands {
            script.push_str(&format!("ipvsadm {command} 2>&1; echo \"% $?\"; ipvsadm -S -n; echo '%'; ipvsadm -L -n --thresholds; echo '%%'\n"));
        }
        let answers = on(HOST, &(script + "ipvsadm -C"));
        let answers: Vec<&str> = answers.split("%%\n").collect();
        assert_eq!(answers.len(), COMMANDS + 1);
        let mut state = State::default();
        for (number, (command, answer)) in commands.iter().zip(answers).enumerate() {
            let (said, answer) = answer.split_once("% ").unwrap();
            let (status, answer) = answer.split_once('\n').unwrap();
            let (table, listing) = answer.split_once("%\n").unwrap();
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let result = state.ipvsadm(&words);
            refused += usize::from(result.is_err());
            let history = lines(&commands[..=number]);
            let expected = result.map_or_else(|error| ("255", error + "\n"), |()| ("0", String::new()));
            assert_eq!((status, said.to_owned()), expected, "seed {seed}:\n{history}");
            if let Some(text) = difference("the table, model against real", &state.ipvs.render(), table) {
                panic!("seed {seed}:\n{history}{text}");
            }
            let mut real = IpvsTable::parse(table.as_bytes()).unwrap();
            ipvs_thresholds::join(&mut real, listing.as_bytes()).unwrap();
            assert_eq!(real, state.ipvs, "seed {seed}, with thresholds:\n{history}");
        }
    }
    assert!(refused > COMMANDS / 2, "a good part of the commands is refused: {refused}");
}

/// Commands of the kinds that the product gives, a part of which the kernel refuses.
fn commands(seed: u64) -> Vec<String> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut command = || {
        let mark = random.of(&["21", "22", "2147483647"]);
        let service = |random: &mut Random| {
            let scheduler = random.of(&["wlc", "rr", "lc"]);
            let persistence = random.of(&["-p 300", "-p 300 -M 255.255.255.0", "-p 1", ""]);
            format!("-f {mark} -s {scheduler} {persistence}").trim_end().to_owned()
        };
        let address = random.of(&["10.1.1.9:0", "10.1.1.11:0", "10.1.1.12:0", "10.1.1.100:0", "10.1.1.11:21"]);
        let server = |random: &mut Random| {
            let forwarding = random.of(&["-m", "-m", "-g", "-i"]);
            let weight = random.of(&["0", "1", "65535"]);
            let thresholds = random.of(&["", "", " -x 200 -y 100", " -x 200"]);
            format!("-f {mark} -r {address} {forwarding} -w {weight}{thresholds}")
        };
        match random.below(12) {
            0 | 1 => format!("-A {}", service(&mut random)),
            2 | 3 => format!("-E {}", service(&mut random)),
            4 => format!("-D -f {mark}"),
            5..=7 => format!("-a {}", server(&mut random)),
            8 | 9 => format!("-e {}", server(&mut random)),
            _ => format!("-d -f {mark} -r {address}"),
        }
    };
    (0..COMMANDS).map(|_| command()).collect()
}

/// Marsaglia's xorshift: the same numbers for a seed, always.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }

    fn of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
