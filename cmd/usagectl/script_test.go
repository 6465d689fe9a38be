package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usagectl": main})
}

// TestScripts plays the transcripts of testdata/script. Each has a collector that answers
// a request of a METHOD and a route with the file api/METHOD/route, whose first line
// may be a status such as `HTTP 409` or `HANG`, and that notes requests in the file `requests`; and
// the directory `state` of a collector that has run for some days.
func TestScripts(t *testing.T) {
	state := stateOf(t, history{days: 4, models: 3, interval: time.Minute})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(&collector{dir: env.WorkDir})
			env.Defer(server.Close)
			if err := os.CopyFS(filepath.Join(env.WorkDir, "state"), os.DirFS(state)); err != nil {
				return err
			}
			env.Setenv("USAGE_URL", server.URL)
			env.Setenv("TERM", "dumb")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code,
		},
	})
}

// code runs a command and checks what it exits with: `code 2 usagectl report`.
func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: code N command [args...]")
	}
	got, failed := 0, (*exec.ExitError)(nil)
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d: %s", got, want, ts.ReadFile("stderr"))
	}
}

// collector answers with files.
type collector struct {
	dir string
	mu  sync.Mutex // guards the file of requests
}

const prefix = "/v0/management/"

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.note(r, string(body))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	route := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	text, err := os.ReadFile(filepath.Join(c.dir, "api", r.Method, filepath.FromSlash(route)))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintln(w, `{"error":"not found"}`)
		return
	}
	if strings.TrimSpace(string(text)) == "HANG" {
		<-r.Context().Done()
		return
	}
	if status, rest, ok := strings.Cut(string(text), "\n"); ok && strings.HasPrefix(status, "HTTP ") {
		number, _ := strconv.Atoi(strings.TrimPrefix(status, "HTTP "))
		w.WriteHeader(number)
		text = []byte(rest)
	}
	_, _ = w.Write(text)
}

// note writes down what was asked, and which rights came with it.
func (c *collector) note(r *http.Request, body string) error {
	line := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if query := r.URL.Query().Encode(); query != "" {
		line += "?" + query
	}
	for _, header := range []string{"X-Management-Key", "Authorization"} {
		if value := r.Header.Get(header); value != "" {
			line += " " + header + "=" + value
		}
	}
	if body = strings.TrimSpace(body); body != "" {
		line += " " + body
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(c.dir, "requests"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}
