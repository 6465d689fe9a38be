package child

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, script string) *Child {
	t.Helper()
	c, err := Start("program", exec.Command("/bin/sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(time.Second) })
	return c
}

func TestOwnProcessGroup(t *testing.T) {
	c := start(t, "exec sleep 30")
	group, err := syscall.Getpgid(c.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if group != c.cmd.Process.Pid {
		t.Errorf("process %d is in group %d", c.cmd.Process.Pid, group)
	}
}

func TestStopAsks(t *testing.T) {
	c := start(t, `trap 'exit 0' TERM; echo; while :; do sleep 0.05; done`)
	time.Sleep(100 * time.Millisecond) // until the shell has set its trap
	if err := c.Stop(5 * time.Second); err != nil {
		t.Error(err)
	}
	if err := c.Stop(time.Second); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

func TestStopBeforeTheProgramListens(t *testing.T) {
	c := start(t, "exec sleep 30")
	if err := c.Stop(5 * time.Second); err != nil {
		t.Error(err)
	}
}

func TestStopReportsFailure(t *testing.T) {
	c := start(t, `trap 'exit 4' TERM; while :; do sleep 0.05; done`)
	time.Sleep(100 * time.Millisecond) // until the shell has set its trap
	if err := c.Stop(5 * time.Second); err == nil || err.Error() != "stop program: exit status 4" {
		t.Errorf("got %v", err)
	}
}

func TestStopKillsTheStubborn(t *testing.T) {
	c := start(t, `trap '' TERM; while :; do sleep 0.05; done`)
	time.Sleep(100 * time.Millisecond) // until the shell has set its trap
	err := c.Stop(200 * time.Millisecond)
	if err == nil || err.Error() != "program did not stop within 200ms and was killed" {
		t.Errorf("got %v", err)
	}
}

func TestExited(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0": "program exited early, without an error",
		"exit 3": "program exited early: exit status 3",
	} {
		c := start(t, script)
		<-c.Done()
		if got := c.Exited().Error(); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestStartNamesWhatIsMissing(t *testing.T) {
	_, err := Start("program", exec.Command("./no-such-file"))
	if err == nil || !strings.HasPrefix(err.Error(), "start program: ") {
		t.Errorf("got %v", err)
	}
}
