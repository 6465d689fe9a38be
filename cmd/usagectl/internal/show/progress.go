package show

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	barWidth = 30
	// redraw is how often a bar changes: more is only noise.
	redraw = 100 * time.Millisecond
	// patience is how long work takes before a bar is worth showing.
	patience = 300 * time.Millisecond
	eraseBar = "\r\x1b[K"
)

// Progress is a bar that says how far something is. A nil one says nothing.
type Progress struct {
	w           io.Writer
	now         func() time.Time
	title       string
	total, done int64
	unit        func(int64) string
	next        time.Time
	drawn       bool
}

// NewProgress returns a bar of work that consists of total parts, 0: nobody knows of how
// many. unit writes a number of them.
func NewProgress(w io.Writer, now func() time.Time, title string, total int64, unit func(int64) string) *Progress {
	return &Progress{w: w, now: now, title: title, total: total, unit: unit, next: now().Add(patience)}
}

// Add says that n more parts are done.
func (p *Progress) Add(n int64) {
	if p != nil {
		p.Set(p.done + n)
	}
}

// Set says how many parts are done.
func (p *Progress) Set(done int64) {
	if p == nil {
		return
	}
	p.done = done
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.drawn = now.Add(redraw), true
	// Whoever looks at it would not want the work to end because of it.
	_, _ = io.WriteString(p.w, eraseBar+p.line())
}

func (p *Progress) line() string {
	if p.total <= 0 {
		return fmt.Sprintf("%s %s", p.title, p.unit(p.done))
	}
	done := min(max(p.done, 0), p.total)
	full := int(float64(done) / float64(p.total) * barWidth)
	bar := strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full)
	return fmt.Sprintf("%s [%s] %3d%% of %s", p.title, bar, int(float64(done)/float64(p.total)*100), p.unit(p.total))
}

// End takes the bar away.
func (p *Progress) End() {
	if p != nil && p.drawn {
		_, _ = io.WriteString(p.w, eraseBar)
		p.drawn = false
	}
}

// Reader returns r, and tells the bar of every byte that is read.
func (p *Progress) Reader(r io.Reader) io.Reader {
	if p == nil {
		return r
	}
	return &watched{Reader: r, progress: p}
}

type watched struct {
	io.Reader
	progress *Progress
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.progress.Add(int64(n))
	return n, err
}

// Writer returns w, and tells the bar of every byte that is written.
func (p *Progress) Writer(w io.Writer) io.Writer {
	if p == nil {
		return w
	}
	return io.MultiWriter(w, counter{p})
}

type counter struct{ *Progress }

func (c counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}
