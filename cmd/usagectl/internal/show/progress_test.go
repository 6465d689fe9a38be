package show

import (
	"io"
	"strings"
	"testing"
	"time"
)

// clock moves by itself, a tenth of a second each time somebody looks.
type clock struct{ at time.Time }

func (c *clock) now() time.Time {
	c.at = c.at.Add(100 * time.Millisecond)
	return c.at
}

func TestProgress(t *testing.T) {
	var b strings.Builder
	c := &clock{at: time.Unix(0, 0)}
	p := NewProgress(&b, c.now, "verify", 1000, Count)
	for range 10 {
		p.Add(100)
	}
	p.End()
	got := b.String()
	if !strings.Contains(got, "verify [") || !strings.Contains(got, "100% of 1,000") {
		t.Errorf("the bar shows %q", got)
	}
	if !strings.HasSuffix(got, eraseBar) {
		t.Errorf("something is left of the bar: %q", got)
	}
	if strings.Contains(got, " 10% ") {
		t.Errorf("the bar shows before it is worth it: %q", got)
	}
}

func TestProgressOfUnknownLength(t *testing.T) {
	var b strings.Builder
	c := &clock{at: time.Unix(0, 0)}
	p := NewProgress(&b, c.now, "export", 0, Bytes)
	for range 5 {
		if _, err := io.Copy(io.Discard, p.Reader(strings.NewReader(strings.Repeat("x", 512)))); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.String(); !strings.Contains(got, "export 2.5 KiB") {
		t.Errorf("the bar shows %q", got)
	}
}

// Nobody looks: nothing is written, and nothing else changes.
func TestNoProgress(t *testing.T) {
	var p *Progress
	p.Add(1)
	p.Set(2)
	p.End()
	if r := strings.NewReader("x"); p.Reader(r) != io.Reader(r) {
		t.Error("what is read is watched by nobody")
	}
}
