package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelusage/usageprocessor"
	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/cli"
	"github.com/otelusage/usageprocessor/usageextension"
)

const token = "correct-horse"

// running is a processor with the extension that shows it.
type running struct {
	t         *testing.T
	url, dir  string
	processor processor.Traces
	extension component.Component
}

// GetExtensions makes it a host.
func (r *running) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("usage"): r.extension}
}

func newRunning(t *testing.T) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir()}
	r.extend()
	factory := usageprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*usageprocessor.Config)
	cfg.Persistence.Enabled, cfg.Persistence.Directory = true, r.dir
	set := processortest.NewNopSettings(factory.Type())
	set.ID = component.MustNewIDWithName("usage", "llm")
	var err error
	if r.processor, err = factory.CreateTraces(t.Context(), set, cfg, consumertest.NewNop()); err == nil {
		err = r.processor.Start(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// extend starts the extension on a port that is free.
func (r *running) extend() {
	r.t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		r.t.Fatal(err)
	}
	address := listener.Addr().String()
	factory := usageextension.NewFactory()
	cfg := factory.CreateDefaultConfig().(*usageextension.Config)
	cfg.NetAddr.Endpoint, cfg.Token = address, token
	r.extension, err = factory.Create(r.t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	if err == nil {
		err = listener.Close()
	}
	if err == nil {
		err = r.extension.Start(r.t.Context(), r)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.url = "http://" + address
	r.t.Cleanup(func() {
		if err := r.extension.Shutdown(context.Background()); err != nil {
			r.t.Error(err)
		}
	})
}

// stop ends the processor, which leaves its state.
func (r *running) stop() {
	r.t.Helper()
	if err := r.processor.Shutdown(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// play runs a command against the collector, with its token.
func (r *running) play(args ...string) played {
	r.t.Helper()
	var out, errors bytes.Buffer
	env := map[string]string{"USAGE_URL": r.url, "USAGE_TOKEN": token}
	code := cli.Run(r.t.Context(), &cli.Environment{
		In: strings.NewReader(""), Out: &out, Err: &errors,
		Getenv: func(name string) string { return env[name] }, Now: time.Now, Version: "test",
	}, args)
	return played{code: cli.Code(code), out: out.String(), err: errors.String()}
}

// wants runs a command that has to say something.
func (r *running) wants(text string, args ...string) {
	r.t.Helper()
	if got := r.play(args...); got.code != cli.Done || !strings.Contains(got.out, text) {
		r.t.Errorf("%q: exit code %d, want %q in\n%s%s", args, got.code, text, got.out, got.err)
	}
}

// Every command understands the real extension, and the other way round.
func TestExtension(t *testing.T) {
	r := newRunning(t)
	history{models: 3}.day(t, r.processor, 0)
	copied := filepath.Join(t.TempDir(), "copy.json")

	r.wants("openai    model-0001         1    0.0%  1.00s        100           1         -\n", "report")
	r.wants("GET /users/{id}", "report", "--kind", "endpoint", "--by", "all")
	r.wants("TOTAL            3    0.0%", "report", "--by", "provider", "--since", "24h")
	r.wants("TOTAL                     3", "report", "--granularity", "hour", "--since", "1h")
	r.wants("usage.model,requests,", "report", "--by", "model", "--format", "csv", "--since", "24h")
	r.wants(`"granularity":"day"`, "report", "--granularity", "day", "--format", "json")
	r.wants("AvailabilityZone,BilledCost,", "report", "--format", "focus", "--since", "24h")
	r.wants("counted        4     0        0", "status")
	r.wants(`"processor":"usage/llm"`, "status", "--format", "json", "--processor", "usage/llm")
	r.wants("Saved to "+r.dir, "save")
	r.wants("0 rows were added", "load")
	r.wants("", "export", copied)
	r.wants("0 rows were added", "import", copied)
	r.wants("SESSION  KIND", "sessions")

	for _, tt := range []struct {
		code cli.Code
		text string
		args []string
	}{
		{cli.Failed, "no active session has this ID", []string{"terminate", "nobody"}},
		{cli.Failed, "usage/other", []string{"status", "--processor", "usage/other"}},
		{cli.Misused, "order_by", []string{"report", "--order-by", "nothing"}},
		{cli.Failed, "nothing has `nothing`", []string{"reset", "--match", "nothing=x", "--yes"}},
		{cli.Failed, "nothing has `usage.model`", []string{"reset", "--match", "model=x", "--yes"}},
	} {
		if got := r.play(tt.args...); got.code != tt.code || !strings.Contains(got.err, tt.text) {
			t.Errorf("%q: exit code %d, want %d and %q: %s", tt.args, got.code, tt.code, tt.text, got.err)
		}
	}
	r.wants("1 rows were removed.", "reset", "--match", "model=model-0000", "--yes")
	if got := r.play("report"); strings.Contains(got.out, "model-0000") {
		t.Errorf("after the reset:\n%s", got.out)
	}
	withoutToken(t, r)
	r.sameWhenStopped()
}

func withoutToken(t *testing.T, r *running) {
	t.Helper()
	wrong := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.play("save", "--token-file", wrong); got.code != cli.Failed || !strings.Contains(got.err, "invalid management key (401 Unauthorized)") {
		t.Errorf("with a wrong token: exit code %d, %s", got.code, got.err)
	}
	if got := play(t, "save", "--url", r.url); got.code != cli.Failed || !strings.Contains(got.err, "missing management key") {
		t.Errorf("without a token: exit code %d, %s", got.code, got.err)
	}
}

// sameWhenStopped compares what the collector says with what it leaves.
func (r *running) sameWhenStopped() {
	r.t.Helper()
	// A day may end meanwhile.
	since, until := time.Now().Add(-48*time.Hour).Format(time.RFC3339), time.Now().Format(time.RFC3339)
	questions := [][]string{
		{"report"},
		{"report", "--kind", "endpoint"},
		{"report", "--by", "all", "--format", "csv"},
		{"report", "--by", "model", "--granularity", "day", "--since", since, "--until", until, "--format", "json"},
		{"report", "--by", "all", "--since", since, "--until", until},
		{"report", "--format", "focus", "--since", since, "--until", until},
	}
	var before []played
	for _, args := range questions {
		before = append(before, r.play(args...))
	}
	if got := r.play("report", "--directory", r.dir); got.code != cli.Unreachable || !strings.Contains(got.err, "is in use by") {
		r.t.Errorf("the directory of a collector that runs: exit code %d, %s", got.code, got.err)
	}
	r.stop()
	if got := r.play("report"); got.code != cli.Failed || !strings.Contains(got.err, "503") {
		r.t.Errorf("a processor that has ended: exit code %d, %s", got.code, got.err)
	}
	for i, args := range questions {
		if after := r.play(append(args, "--directory", r.dir)...); after != before[i] || after.code != cli.Done {
			r.t.Errorf("%q: the collector says\n%+v\nits directory\n%+v", args, before[i], after)
		}
	}
	if got := r.play("verify", r.dir); got.code != cli.Done {
		r.t.Errorf("verify: exit code %d, %s%s", got.code, got.out, got.err)
	}
}
