package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	events "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browserDeadline is for everything that a test does with its browser.
const browserDeadline = 3 * time.Minute

// browser is a tab of a headless Chromium of its own. Whatever goes wrong in the page,
// and every request to another host, fails the test.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string // of the page

	mu       sync.Mutex // guards requests
	requests []string
}

// chromium is the program, under the names that it has.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("USAGE_BROWSER"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is missing: `make browser` installs it where apt-get can, USAGE_BROWSER names another one")
	return ""
}

// open opens the page of a collector.
func open(t *testing.T, c *collector) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.Flag("no-sandbox", true)) // root has none
	}
	deadline, cancel := context.WithTimeout(t.Context(), browserDeadline)
	t.Cleanup(cancel)
	allocator, stop := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx, url: "http://" + address(c.ports.manage) + "/"}
	b.watch()
	b.do(chromedp.Navigate(b.url))
	return b
}

// watch notes requests, and fails the test for what the page does wrong.
func (b *browser) watch() {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		return err
	}))
	requests := chromedp.Events(b.ctx, events.RequestWillBeSent)
	thrown := chromedp.Events(b.ctx, runtime.ExceptionThrown)
	entries := chromedp.Events(b.ctx, log.EntryAdded)
	var wg sync.WaitGroup
	b.t.Cleanup(wg.Wait) // before the browser is closed: tells when it was
	wg.Go(func() {
		for e, err := range requests {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.requests = append(b.requests, e.Request.Method+" "+e.Request.URL)
			b.mu.Unlock()
		}
	})
	wg.Go(func() {
		for e, err := range thrown {
			if err != nil {
				return
			}
			b.t.Errorf("the page threw: %v", e.ExceptionDetails)
		}
	})
	wg.Go(func() {
		for e, err := range entries {
			if err != nil {
				return
			}
			// Answers that are errors are entries, too; tests want some of these.
			if e.Entry.Source != log.EntrySourceNetwork {
				b.t.Errorf("the browser complains: %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
			}
		}
	})
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](b *browser, expression string, args ...any) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf(expression, args...)))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// eventually waits until an expression is true in the page.
func (b *browser) eventually(expression string) {
	b.t.Helper()
	until(b.t, expression, func() bool { return ask[bool](b, "%s", "!!("+expression+")") })
}

// follow clicks a link and waits for the page that it leads to.
func (b *browser) follow(id string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.ID(id))); err != nil {
		b.t.Fatalf("follow %s: %v", id, err)
	}
}

// number is what an element has as its value, or those below it the first one.
func (b *browser) number(selector string) string {
	b.t.Helper()
	return ask[string](b, `document.querySelector(%q).value`, selector+" data")
}

// media emulates what the reader prefers.
func (b *browser) media(name, value string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: name, Value: value}},
		})
		return err
	}))
}
