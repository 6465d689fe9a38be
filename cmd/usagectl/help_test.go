package main

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/cli"
)

// commands are those that the program lists.
func commands(t *testing.T) (names []string) {
	t.Helper()
	listed := regexp.MustCompile(`(?m)^ {2}([a-z]+) +[A-Z]`).FindAllStringSubmatch(play(t, "--help").out, -1)
	for _, match := range listed {
		if !slices.Contains([]string{"help", "completion"}, match[1]) {
			names = append(names, match[1])
		}
	}
	if len(names) < 11 {
		t.Fatalf("commands = %q", names)
	}
	return names
}

// Every command says what it does, with examples that it understands, in lines that fit.
func TestHelp(t *testing.T) {
	for _, name := range commands(t) {
		got := play(t, name, "--help")
		_, rest, found := strings.Cut(got.out, "Examples:\n")
		examples, _, _ := strings.Cut(rest, "\n\nFlags:")
		if got.code != cli.Done || !found || !strings.Contains(examples, "usagectl "+name) {
			t.Errorf("%s has no example of its own:\n%s%s", name, got.out, got.err)
		}
		for line := range strings.Lines(got.out) {
			if len(line) > 120 {
				t.Errorf("%s: a line has %d columns: %s", name, len(line), line)
			}
		}
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(examples, -1) {
			if !strings.Contains(got.out, "      "+flag+" ") {
				t.Errorf("%s has no flag %s, which an example uses", name, flag)
			}
		}
	}
}

// The token is in no flag: a process list would show it.
func TestNoTokenOnTheCommandLine(t *testing.T) {
	for _, name := range commands(t) {
		if got := play(t, name, "--token", "secret"); got.code != cli.Misused || !strings.Contains(got.err, "unknown flag: --token") {
			t.Errorf("%s --token: exit code %d, %s", name, got.code, got.err)
		}
	}
}

// What was interrupted before it began ends with 130 as well.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := busyState(t)
	for _, args := range [][]string{
		{"status"},
		{"verify", dir},
		{"report", "--directory", dir, "--since", "2000-01-01"},
	} {
		var out, errors bytes.Buffer
		code := cli.Run(ctx, &cli.Environment{
			In: strings.NewReader(""), Out: &out, Err: &errors,
			Getenv: func(string) string { return "" }, Now: time.Now, Version: "test",
		}, args)
		if code != int(cli.Interrupted) || out.Len() > 0 || errors.String() != "usagectl: interrupted\n" {
			t.Errorf("%q: exit code %d, %s%s", args, code, out.String(), errors.String())
		}
	}
}
