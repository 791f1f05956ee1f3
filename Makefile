# What a newcomer needs: `make demo` shows the main job on the lab cluster, `make test` passes the tests. Neither needs root,
# and neither installs anything: the Debian packages that they use are unpacked below target/lab (tests/lab/fetch).

CARGO ?= cargo

# Each test program runs where it has what it needs: tests/lab/suite says where.
IN_LAB := --config 'target."cfg(unix)".runner = ["$(CURDIR)/tests/lab/suite"]'

.PHONY: bench build demo lint package compat soak test toolchain

# Linked statically, as in the package: it starts faster, and runs on any Linux of this processor.
build: toolchain
	$(CARGO) rustc --release --locked --bin lvs-ftp -- -C target-feature=+crt-static

demo: toolchain
	@tests/lab/fetch demo >/dev/null
	$(MAKE) --no-print-directory build
	LAB_PACKAGES=demo LAB_BIN="$(CURDIR)/target/release" tests/lab/boot demo

# A suite that fails hides no other.
test: toolchain
	@tests/lab/fetch test >/dev/null
	@tests/lab/fetch browser >/dev/null
	$(CARGO) test --locked --no-fail-fast $(IN_LAB)

# The Debian package, checked by lintian, then installed, run and removed in the lab machine.
package: toolchain
	CARGO="$(CARGO)" packaging/build
	LAB_IPVS=model LAB_PACKAGES=tools tests/lab/boot packaging/try

# The inventories of tests/compat, asked of the real Ansible of this version. `make compat UPDATE=1` records them anew.
ANSIBLE := 2.19.14
compat: toolchain
	@python3 -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "make: install Debian's package python3-venv first" >&2; exit 1; }
	[ -x target/ansible-$(ANSIBLE)/bin/ansible ] || { python3 -m venv target/ansible-$(ANSIBLE) && \
		target/ansible-$(ANSIBLE)/bin/pip install -q ansible-core==$(ANSIBLE); }
	COMPAT_PYTHON="$(CURDIR)/target/ansible-$(ANSIBLE)/bin/python" $(CARGO) test --locked --test compat

# The lab's load for longer: more clients who stay longer, and a minute after each change; cron for a quarter of an hour; and
# all ways to die. Hours.
soak: toolchain
	CLI_RUNS=500 $(CARGO) test --locked $(IN_LAB) --test cli -- leftovers
	LAB_SOAK=60 LAB_FIGURES=1 LAB_TIMEOUT=3600 $(CARGO) test --locked --test lab -- noticed
	LAB_SOAK=1 $(CARGO) test --locked --test lab -- cron
	LAB_SOAK=1 $(CARGO) test --locked --test lab -- faults
	LAB_SOAK=1 $(CARGO) test --locked --test faults -- --nocapture

# lvs-ftp beside the floor of plain ssh, and beside Ansible and pyinfra, which pip fetches. Half an hour, and root. See
# docs/speed.md.
bench: build
	@python3 -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "make: install Debian's package python3-venv first" >&2; exit 1; }
	[ -x target/bench-venv/bin/pyinfra ] || { python3 -m venv target/bench-venv && \
		target/bench-venv/bin/pip install -q ansible-core mitogen pyinfra; }
	LAB_PACKAGES=bench LAB_MODE=native LAB_IPVS=model LAB_DISK=yes LAB_TIMEOUT=7200 LAB_OUT="$(CURDIR)/target" tests/lab/boot \
		tests/bench/bench --others "$(CURDIR)/target/bench-venv" --json "$(CURDIR)/target/bench.json" "$(CURDIR)/target/release/lvs-ftp"

lint: toolchain
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet
	LAB_IPVS=model LAB_PACKAGES=tools tests/lab/boot tests/lint

# Rust, and the linker that it calls. Only the linker can be installed here, and only by root.
toolchain:
	@command -v $(CARGO) >/dev/null || { \
		echo "make: cargo is missing: install Rust 1.88 or newer with rustup" >&2; exit 1; }
	@command -v cc >/dev/null || { \
		[ "$$(id -u)" = 0 ] || { echo "make: a C compiler is missing: apt-get install gcc libc6-dev" >&2; exit 1; }; \
		echo "make: installing the Debian packages gcc and libc6-dev"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; }
