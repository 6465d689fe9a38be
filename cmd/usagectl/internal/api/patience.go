package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// patience lets a request take as long as it likes while something of it, or of its
// answer, moves.
type patience struct {
	ctx     context.Context
	stop    context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

// silentError says that nothing moved.
type silentError struct{ timeout time.Duration }

func (e *silentError) Error() string {
	return fmt.Sprintf("nothing came for %v (`--timeout`)", e.timeout)
}

func newPatience(ctx context.Context, timeout time.Duration) *patience {
	p := &patience{timeout: timeout}
	p.ctx, p.stop = context.WithCancelCause(ctx)
	p.timer = time.AfterFunc(timeout, func() { p.stop(&silentError{timeout: timeout}) })
	return p
}

// moved begins to wait anew.
func (p *patience) moved() { p.timer.Reset(p.timeout) }

func (p *patience) end() {
	p.timer.Stop()
	p.stop(nil)
}

// explain returns why the request was stopped, if it was, instead of that it was.
func (p *patience) explain(err error) error {
	if silent := (*silentError)(nil); errors.As(context.Cause(p.ctx), &silent) {
		return silent
	}
	return err
}

// sent is the body of a request.
type sent struct {
	io.Reader
	patience *patience
}

func (s *sent) Read(p []byte) (int, error) {
	s.patience.moved()
	return s.Reader.Read(p)
}

// received is the body of an answer.
type received struct {
	client   *Client
	body     io.ReadCloser
	patience *patience
}

func (r *received) Read(p []byte) (int, error) {
	r.patience.moved()
	n, err := r.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.client.unreachable(r.patience.explain(err))
	}
	return n, err
}

// Close ends the request.
func (r *received) Close() error {
	r.patience.end()
	return r.body.Close()
}
