package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRunStopsInOrder(t *testing.T) {
	opts := fakes(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &buffer{until: "GET /fake", reached: cancel}
	if err := run(ctx, opts, out); err != nil {
		t.Fatal(err)
	}

	printed := out.String()
	for _, want := range []string{opts.stateDir, "quickstart.log", "the numbers go on", "ENDPOINTS", "nothing yet"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is not in:\n%s", want, printed)
		}
	}
	if got, want := childLog(t, opts), "collector started\nshop started\nshop stopped\ncollector stopped\n"; got != want {
		t.Errorf("children logged:\n%s\nwant:\n%s", got, want)
	}
	if err := checkFree(opts.ports); err != nil {
		t.Errorf("after the run: %v", err)
	}
}

func TestSecondRunSaysThatNumbersGoOn(t *testing.T) {
	opts := fakes(t, "")
	if err := os.Mkdir(opts.stateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := new(buffer)
	if err := run(ctx, opts, out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "go on from the last run") {
		t.Errorf("printed:\n%s", out)
	}
}

func TestRunNamesTheChildThatExits(t *testing.T) {
	for _, name := range []string{"collector", "shop"} {
		t.Run(name, func(t *testing.T) {
			opts := fakes(t, name)
			err := run(t.Context(), opts, new(buffer))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{name + " exited early: exit status 3", name + " cannot go on"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if name == "shop" && !strings.HasSuffix(childLog(t, opts), "collector stopped\n") {
				t.Errorf("the Collector was not stopped:\n%s", childLog(t, opts))
			}
			if err := checkFree(opts.ports); err != nil {
				t.Errorf("after the run: %v", err)
			}
		})
	}
}

func TestRunNamesThePortInUse(t *testing.T) {
	opts := fakes(t, "")
	taken, err := net.Listen("tcp", opts.otlp)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = run(t.Context(), opts, new(buffer))
	if err == nil || !strings.HasPrefix(err.Error(), opts.otlp+" is in use: ") {
		t.Errorf("got %v", err)
	}
}

func TestRunNamesTheMissingBinary(t *testing.T) {
	opts := fakes(t, "")
	opts.collector = "./no-such-collector"
	err := run(t.Context(), opts, new(buffer))
	if err == nil || !strings.HasPrefix(err.Error(), "start collector: ") {
		t.Errorf("got %v", err)
	}
}

func TestRunRefusesInterval(t *testing.T) {
	opts := fakes(t, "")
	opts.interval = 0
	if err := run(t.Context(), opts, new(buffer)); err == nil || !strings.Contains(err.Error(), "-interval") {
		t.Errorf("got %v", err)
	}
}

func TestAwaitListeningIsBounded(t *testing.T) {
	err := awaitListening(t.Context(), freeAddress(t), 150*time.Millisecond, nil)
	if err == nil || !strings.Contains(err.Error(), "nothing listens on") {
		t.Errorf("got %v", err)
	}
}

func childLog(t *testing.T, opts options) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(opts.stateDir), "quickstart.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// buffer calls reached once the output contains until.
type buffer struct {
	until   string
	reached func()

	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if b.reached != nil && strings.Contains(b.text.String(), b.until) {
		b.reached()
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
