# make run    install missing packages, build, start the daemon on its defaults and publish this machine's load to it
# make test   install missing packages, run every test
# `make help` lists the other targets.

PREFIX      ?= /usr
SYSCONFDIR  ?= /etc
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SWIFT_BUILD := swift build --configuration release --static-swift-stdlib --product crier
BINARY      := .build/release/crier
UNITS       := crier.service crier@.service crier.socket crier-publish.socket

.PHONY: abuse cluster cluster-test configuration monitoring help run build test unit readme recipes browser clients restarts systemd deb package install-files budgets stress fuzz faults attacks bench lint sanitize install uninstall packages packages-test clean

help:
	@sed -n 's/^#:: //p' $(MAKEFILE_LIST)

#:: make run        install missing packages, build, start the daemon and publish this machine's load to it
run: build
	@demo/run $(BINARY)

#:: make build      build the release binary, with the Swift runtime inside: .build/release/crier
build: packages
	$(SWIFT_BUILD)

#:: make test       install missing packages, run every test
test: packages-test lint unit build budgets
	@# Those that mostly wait run two at a time.
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target monitoring readme recipes browser
	@$(MAKE) --no-print-directory clients restarts abuse
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target systemd cluster-test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target package fuzz TIME=3
	@echo "Every test has passed."

#:: make unit       test each module, and the real binary over real sockets
unit: packages-test
	swift build --build-tests
	export TEST_PYTHON="$$(.ci/python h11)"; ulimit -n $$(ulimit -Hn); swift test --skip-build

#:: make readme     run every example of the README, in order
readme: build packages-test
	Tests/Readme/run $(BINARY)

#:: make recipes    run every example of docs/getting-started.md, docs/recipes and docs/coming-from
recipes: build packages-test
	@.ci/packages nodejs golang-go php-cli rustc nginx
	Tests/Recipes/run $(BINARY)

#:: make browser    test the real daemon with a real Chromium
browser: build packages-test
	Tests/Browser/run $(BINARY)

#:: make clients    test the real daemon with real clients, directly and behind the real proxies of docs/proxies.md
clients: build packages-test
	@.ci/packages nginx caddy haproxy apache2 varnish nodejs openjdk-17-jdk-headless curl openssl firefox-esr
	Tests/Clients/run $(BINARY)

#:: make restarts   restart the daemon under load, with damaged states and failing upgrades, and check every stream
restarts: build packages-test
	Tests/Restarts/run $(BINARY)

#:: make cluster-test   test several nodes with real members of etcd that are killed, frozen and cut off
cluster-test: build packages-test
	@.ci/packages etcd-server etcd-client libcurl4 openssl faketime
	Tests/Cluster/run $(BINARY)

#:: make cluster    start three members of etcd, three nodes and HAProxy on this machine, and publish its load
cluster: build
	@.ci/packages etcd-server etcd-client libcurl4 haproxy
	@demo/cluster $(BINARY)

#:: make package    install the Debian package into a bare Debian, upgrade it under load, and remove it
package: build packages-test
	@.ci/packages debhelper dpkg-dev lintian debootstrap
	Tests/Package/run $(BINARY)

#:: make systemd    test the shipped units with a real systemd in a container
systemd: build packages-test
	Tests/Systemd/run $(BINARY)

#:: make budgets    what a publish and a delivery may cost: instructions, allocations, retains, system calls
budgets: build packages-test
	Tests/Benchmarks/budgets $(BINARY)

#:: make monitoring check the metrics, the alert rules and the dashboard with promtool
monitoring: build packages-test
	@.ci/packages prometheus
	Tests/Monitoring/run $(BINARY)

#:: make lint       check the format of the sources, and whether docs/configuration.md is up to date
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	packaging/configuration --check

#:: make configuration   write docs/configuration.md from config/crier.toml
configuration:
	packaging/configuration > docs/configuration.md

#:: make stress     test with stalling and vanishing readers, kill -9 at random moments, and ten restarts with 18,000 subscribers:
#::                 ROUNDS rounds (100), from SEED on
stress: build
	swift build --build-tests
	export TEST_STRESS_ROUNDS=$(or $(ROUNDS),100) $(if $(SEED),TEST_STRESS_SEED=$(SEED)); \
		ulimit -n $$(ulimit -Hn); swift test --skip-build --filter 'Under stress|Killed at any moment'
	Tests/Restarts/upgrades $(BINARY) --subscribers 18000
	Tests/Restarts/crashes $(BINARY) --subscribers 9000 --kills 50
	Tests/Restarts/storm $(BINARY) --bar
	@.ci/packages etcd-server etcd-client libcurl4
	Tests/Cluster/leaders $(BINARY)
	Tests/Cluster/drills $(BINARY) --rounds 20 --partitions --patience 5 $(if $(SEED),--seed $(SEED))
	@$(MAKE) --no-print-directory abuse SHARE=1

#:: make abuse      honest clients beside slow heads and bodies, floods of connects, tokens and channels (SHARE of the full attack: 0.1)
abuse: build
	Tests/Benchmarks/abuse $(BINARY) $(or $(SHARE),0.1)

#:: make fuzz       fuzz the parsers of bytes from strangers, TIME seconds each (60; TARGETS: those only)
fuzz: packages
	Tests/Fuzz/run $(or $(TIME),60) $(TARGETS)

#:: make faults     small faults in the code, one at a time, and the tests must notice each (ONLY: those with such a name;
#::                 LIST: another list, such as Tests/Faults/advisories.toml)
faults: packages-test
	export TEST_PYTHON="$$(.ci/python h11)"; ulimit -n $$(ulimit -Hn); Tests/Faults/run $(if $(LIST),--list '$(LIST)') $(if $(ONLY),--only '$(ONLY)')

#:: make attacks    measure what expensive requests of some clients do to others
attacks: build
	Tests/Benchmarks/attacks $(BINARY)

#:: make bench      measure crier, nchan and a minimal server on this machine (ROUNDS, SECONDS, SCENARIOS); the scenarios watched,
#::                 survive and cluster compare crier with itself
bench: build
	@.ci/packages nginx libnginx-mod-nchan gcc libc6-dev $(if $(filter cluster,$(SCENARIOS)),etcd-server etcd-client libcurl4)
	$(if $(filter watched survive cluster,$(SCENARIOS)),@Tests/Benchmarks/$(SCENARIOS) $(BINARY),@Tests/Benchmarks/run $(BINARY) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(SCENARIOS))

#:: make sanitize   run the tests under the thread sanitizer and the address sanitizer
sanitize: packages-test
	export TEST_PYTHON="$$(.ci/python h11)"; ulimit -n $$(ulimit -Hn); \
		export TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.suppressions"; \
		TEST_SANITIZED=1 swift test --sanitize=thread --scratch-path .build-thread
	export TEST_PYTHON="$$(.ci/python h11)"; ulimit -n $$(ulimit -Hn); \
		export LSAN_OPTIONS="suppressions=$(CURDIR)/Tests/leak-sanitizer.suppressions:print_suppressions=0"; \
		TEST_SANITIZED=1 swift test --sanitize=address --scratch-path .build-address

#:: make deb        make the Debian packages in DIRECTORY (build/)
deb: build
	@.ci/packages debhelper dpkg-dev
	packaging/deb $(BINARY) $(or $(DIRECTORY),build)

#:: make install    install the binary, man pages, the configuration and the units (PREFIX, SYSCONFDIR, DESTDIR)
install: install-files
	objcopy --only-keep-debug $(BINARY) $(BINARY).debug
	install -D -m 0644 $(BINARY).debug $(DESTDIR)$(PREFIX)/lib/debug$(PREFIX)/bin/crier.debug
	cd $(DESTDIR)$(PREFIX)/bin && strip crier && \
		objcopy --add-gnu-debuglink=$(DESTDIR)$(PREFIX)/lib/debug$(PREFIX)/bin/crier.debug crier
	packaging/manual $(BINARY) config/crier.toml $(BINARY).man
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(BINARY).man/*.1
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(BINARY).man/*.5
	@echo "Now: systemd-sysusers && systemd-tmpfiles --create && journalctl --update-catalog && systemctl daemon-reload"
	@echo "Then: systemctl enable --now crier.socket crier-publish.socket"

# What both `make install` and the Debian package install.
install-files:
	@test -x $(BINARY) || { echo "There is no $(BINARY) yet: run 'make build' first." >&2; exit 1; }
	install -D -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/crier
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) --generate-completion-script bash | tail -n +2 > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/crier
	$(BINARY) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_crier
	$(BINARY) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/crier.fish
	test -e $(DESTDIR)$(SYSCONFDIR)/crier/crier.toml || \
		install -D -m 0644 config/crier.toml $(DESTDIR)$(SYSCONFDIR)/crier/crier.toml
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) $(UNITS:%=systemd/%)
	install -D -m 0644 systemd/crier.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/crier.conf
	install -D -m 0644 systemd/crier.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/crier.conf
	install -D -m 0644 systemd/crier.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/crier.catalog

#:: make uninstall  remove all of that but the configuration
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/crier $(DESTDIR)$(PREFIX)/lib/debug$(PREFIX)/bin/crier.debug \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/crier \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_crier $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/crier.fish \
		$(UNITS:%=$(DESTDIR)$(UNITDIR)/%) $(DESTDIR)$(PREFIX)/lib/sysusers.d/crier.conf \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/crier.conf $(DESTDIR)$(PREFIX)/lib/systemd/catalog/crier.catalog \
		$(DESTDIR)$(PREFIX)/share/man/man1/crier.1 $(DESTDIR)$(PREFIX)/share/man/man1/crier-*.1 \
		$(DESTDIR)$(PREFIX)/share/man/man5/crier.toml.5

#:: make clean      remove the build directories
clean:
	rm -rf build .build .build-thread .build-address .build-faults .build-fuzz

packages:
	@.ci/swift
	@.ci/packages libsystemd-dev libsqlite3-dev pkg-config curl binutils

packages-test: packages
	@.ci/packages python3-venv chromium chromium-driver systemd-container dbus valgrind iproute2
