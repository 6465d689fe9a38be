// Package child runs a program in a process group of its own, so that a terminal's Ctrl-C reaches only the parent,
// which then stops its children in order.
package child

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Child is a running program. Its owner calls Stop, also after Done.
type Child struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // written before done is closed, read after
}

// Start takes a command with files, not pipes, for output: nothing has to be copied while it runs.
func Start(name string, cmd *exec.Cmd) (*Child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &Child{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = cmd.Wait()
	}()
	return c, nil
}

// Name is for messages.
func (c *Child) Name() string { return c.name }

// Done is closed when the program has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Exited describes how the program ended by itself. It may be asked only after Done.
func (c *Child) Exited() error {
	<-c.done
	if c.err == nil {
		return fmt.Errorf("%s exited early, without an error", c.name)
	}
	return fmt.Errorf("%s exited early: %w", c.name, c.err)
}

// Stop asks first and kills after grace; either way it returns only when the program is gone.
func (c *Child) Stop(grace time.Duration) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	// A program that ends in this moment cannot be signalled any more, which is as good.
	_ = c.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		killErr := c.signal(syscall.SIGKILL)
		<-c.done
		return errors.Join(fmt.Errorf("%s did not stop within %s and was killed", c.name, grace), killErr)
	}
	if c.err != nil && !c.terminated() {
		return fmt.Errorf("stop %s: %w", c.name, c.err)
	}
	return nil
}

// terminated is true for a program that was asked to stop before it had a handler for that.
func (c *Child) terminated() bool {
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}

// signal reaches the whole group.
func (c *Child) signal(sig syscall.Signal) error {
	if err := syscall.Kill(-c.cmd.Process.Pid, sig); err != nil {
		return fmt.Errorf("signal %s: %w", c.name, err)
	}
	return nil
}
