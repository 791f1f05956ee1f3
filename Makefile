# What a newcomer needs: `make demo` shows the main job on the lab cluster, `make test` passes the tests.
# Both install the Debian packages that are missing, with sudo where needed.

CARGO ?= cargo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
AS_ROOT := $(if $(SUDO),--config 'target."cfg(unix)".runner = "sudo -E"')

# The linker; the lab's kernel and its hosts' tools; the shells and tools that tests run.
PACKAGES := gcc libc6-dev user-mode-linux kmod iproute2 iptables iptables-persistent ipvsadm vsftpd openssh-server \
	openssh-client sudo procps attr e2fsprogs systemd init-system-helpers curl lftp bash dash busybox-static jq shellcheck \
	keepalived cron logrotate ifupdown lintian
# What looks at a run's records in tests: a browser, and promtool.
READERS := chromium prometheus

# lvs-ftp beside the floor of plain ssh, and beside Ansible and pyinfra, which pip fetches. Half an hour. See docs/speed.md.
BENCH_PACKAGES := python3 python3-venv time

.PHONY: bench build package demo test compat soak lint packages readers toolchain

# Linked statically, as in the package: it starts faster, and runs on any Linux of this processor.
build: packages toolchain
	$(CARGO) rustc --release --locked --bin lvs-ftp -- -C target-feature=+crt-static

# The Debian package, checked by lintian, then installed, run and removed where nothing of this machine is touched.
package: packages toolchain
	CARGO="$(CARGO)" packaging/build
	$(SUDO) packaging/try

demo: build
	LAB_BIN="$(CURDIR)/target/release" tests/lab/boot demo

test: packages readers toolchain
	$(CARGO) test --locked $(AS_ROOT)

# The inventories of tests/compat, asked of the real Ansible of this version. `make compat UPDATE=1` records them anew.
ANSIBLE := 2.19.14
compat: toolchain
	@python3 -c 'import ensurepip, venv' 2>/dev/null || \
		{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends python3-venv; }
	[ -x target/ansible-$(ANSIBLE)/bin/ansible ] || { python3 -m venv target/ansible-$(ANSIBLE) && \
		target/ansible-$(ANSIBLE)/bin/pip install -q ansible-core==$(ANSIBLE); }
	COMPAT_PYTHON="$(CURDIR)/target/ansible-$(ANSIBLE)/bin/python" $(CARGO) test --locked --test compat

# The lab's load for longer: more clients who stay longer, and a minute after each change; cron for a quarter of an hour; and
# all ways to die. Hours.
soak: packages readers toolchain
	CLI_RUNS=500 $(CARGO) test --locked $(AS_ROOT) --test cli -- leftovers
	LAB_SOAK=60 LAB_FIGURES=1 LAB_TIMEOUT=3600 $(CARGO) test --locked $(AS_ROOT) --test lab -- noticed
	LAB_SOAK=1 $(CARGO) test --locked $(AS_ROOT) --test lab -- cron
	LAB_SOAK=1 $(CARGO) test --locked $(AS_ROOT) --test lab -- faults
	LAB_SOAK=1 $(CARGO) test --locked $(AS_ROOT) --test faults -- --nocapture

bench: PACKAGES += $(BENCH_PACKAGES)
bench: build
	[ -x target/bench-venv/bin/pyinfra ] || { python3 -m venv target/bench-venv && \
		target/bench-venv/bin/pip install -q ansible-core mitogen pyinfra; }
	$(SUDO) tests/bench/bench --others target/bench-venv --json target/bench.json target/release/lvs-ftp

lint: packages toolchain
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet
	cd tests/lab && shellcheck -x back boot by-hand cluster demo ftp-get host init off on record faulty
	shellcheck .ci/run packaging/build packaging/try packaging/debian/*
	shellcheck -s sh src/host/guard.sh
	shellcheck tests/bench/answer tests/bench/host tests/bench/ipvsadm tests/bench/record

# Services that a package would start here are kept from starting: the tests start their own. Nor is this machine's own
# packet filter saved.
packages: WANTED = $(PACKAGES)
readers: WANTED = $(READERS)
readers: packages
packages readers:
	@missing=$$(for package in $(WANTED); do \
		dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || echo "$$package"; done); \
	if [ -n "$$missing" ]; then \
		echo "installing Debian packages:" $$missing; \
		$(SUDO) apt-get update -qq && \
		printf 'iptables-persistent iptables-persistent/autosave_v%s boolean false\n' 4 6 | \
			$(SUDO) debconf-set-selections && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing \
			>/dev/null; \
	fi

toolchain:
	@command -v $(CARGO) >/dev/null || { \
		echo "make: cargo is missing: install Rust 1.88 or newer with rustup" >&2; exit 1; }
