# make install PREFIX=/usr/local puts the program, its man page and its shell completions in place.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := $(shell swift build -c release --show-bin-path 2>/dev/null || echo .build/release)

.PHONY: build install uninstall

build:
	swift build -c release --product icetalk

install: build
	install -D -m 755 $(BUILD)/icetalk $(DESTDIR)$(PREFIX)/bin/icetalk
	install -D -m 644 man/icetalk.1 $(DESTDIR)$(PREFIX)/share/man/man1/icetalk.1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BUILD)/icetalk completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/icetalk
	$(BUILD)/icetalk completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_icetalk
	$(BUILD)/icetalk completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/icetalk.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/icetalk $(DESTDIR)$(PREFIX)/share/man/man1/icetalk.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/icetalk \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_icetalk \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/icetalk.fish
