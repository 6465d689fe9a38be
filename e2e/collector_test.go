package e2e

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startDeadline = 30 * time.Second
	stopDeadline  = 30 * time.Second
	poll          = 5 * time.Millisecond
	ready         = "Everything is ready"
	portTaken     = "address already in use"
)

// program returns the path of the Collector under test.
func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("USAGE_COLLECTOR")
	if path == "" {
		path = filepath.Join("..", "bin", "otelcol-usage")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the Collector to test is missing, run `make build`: %v", err)
	}
	return path
}

// collector is a child process. It is reaped at the end of its test at the latest.
type collector struct {
	t     *testing.T
	cmd   *exec.Cmd
	ports ports
	// work is its working directory, empty when it starts.
	work    string
	logPath string
	done    chan struct{} // closed when it has ended
	dull    bool          // its log tells nothing about a failure
}

// launch runs the Collector with arguments, in a working directory of its own.
func launch(t *testing.T, args ...string) *collector {
	t.Helper()
	c := &collector{t: t, work: t.TempDir(), logPath: filepath.Join(t.TempDir(), "collector.log"), done: make(chan struct{})}
	output, err := os.Create(c.logPath)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(program(t), args...)
	// A pipe, because tests limit how large the files of the child may get.
	pipe := struct{ io.Writer }{output}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.work, pipe, pipe
	if err := c.cmd.Start(); err != nil {
		t.Fatal(errors.Join(err, output.Close()))
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait() // ProcessState has what matters
		_ = output.Close()
	}()
	t.Cleanup(c.cleanup)
	return c
}

func (c *collector) cleanup() {
	c.kill()
	log := c.log()
	if strings.Contains(log, "panic:") {
		c.t.Errorf("the Collector panicked")
	}
	if c.t.Failed() && !c.dull {
		c.t.Logf("log of process %d:\n%s", c.cmd.Process.Pid, tail(log))
	}
}

// start runs a collector until it serves.
func start(t *testing.T, s setup) *collector {
	t.Helper()
	return startOn(t, s, freePorts(t))
}

// startOn does that on given ports. Another process may take one between its
// choice and its use; then others are tried.
func startOn(t *testing.T, s setup, p ports) *collector {
	t.Helper()
	for range 5 {
		c := launch(t, "--config="+s.write(t, p))
		c.ports = p
		if c.serves() {
			return c
		}
		if log := c.log(); !strings.Contains(log, portTaken) {
			t.Fatalf("the Collector does not start:\n%s", tail(log))
		}
		p = freePorts(t)
	}
	t.Fatal("no free ports")
	return nil
}

// serves waits until everything is started, or it ends.
func (c *collector) serves() bool {
	c.t.Helper()
	deadline := time.Now().Add(startDeadline)
	for time.Now().Before(deadline) {
		if c.ended() {
			return false
		}
		if c.logged(ready) > 0 && accepts(c.ports.grpc) && accepts(c.ports.http) {
			return true
		}
		time.Sleep(poll)
	}
	c.t.Fatalf("the Collector is not ready after %s:\n%s", startDeadline, tail(c.log()))
	return false
}

func (c *collector) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// fails runs a collector that has to refuse to start, and returns what it says.
func fails(t *testing.T, s setup) string {
	t.Helper()
	for range 5 {
		c := launch(t, "--config="+s.write(t, freePorts(t)))
		code := c.wait()
		if log := c.log(); !strings.Contains(log, portTaken) {
			if code <= 0 {
				t.Errorf("exit code %d, want one that says that it failed:\n%s", code, tail(log))
			}
			return log
		}
	}
	t.Fatal("no free ports")
	return ""
}

// wait returns the exit code; -1 after a signal.
func (c *collector) wait() int {
	c.t.Helper()
	select {
	case <-c.done:
		return c.cmd.ProcessState.ExitCode()
	case <-time.After(stopDeadline):
		c.kill()
		c.t.Fatalf("the Collector does not end:\n%s", tail(c.log()))
		return 0
	}
}

// signal reaches this child alone; one that has ended cannot be signalled.
func (c *collector) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatalf("signal %s: %v", s, err)
	}
}

// stop ends the collector as its supervisor would.
func (c *collector) stop() {
	c.t.Helper()
	c.signal(syscall.SIGTERM)
	if code := c.wait(); code != 0 {
		c.t.Errorf("exit code %d after SIGTERM:\n%s", code, tail(c.log()))
	}
}

// kill is kill -9. It may be called again, and after the end.
func (c *collector) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

func (c *collector) log() string {
	text, err := os.ReadFile(c.logPath)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// logged is how often the log has a text so far.
func (c *collector) logged(text string) int { return strings.Count(c.log(), text) }

// warnings are the lines of the log at the levels warn and error.
func (c *collector) warnings() (lines []string) {
	for line := range strings.Lines(c.log()) {
		if strings.Contains(line, "\twarn\t") || strings.Contains(line, "\terror\t") {
			lines = append(lines, line)
		}
	}
	return lines
}

func tail(log string) string {
	const size = 6000
	return log[max(0, len(log)-size):]
}

// until waits for a condition, which text names.
func until(t *testing.T, text string, condition func() bool) {
	t.Helper()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatalf("not after %s: %s", patience, text)
		}
	}
}
