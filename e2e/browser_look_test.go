package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	shots "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// screens are those that the page has to look well on.
func screens() []screen {
	return []screen{
		{"light", "light", 1280, 1120},
		{"dark", "dark", 1280, 1120},
		{"phone", "light", 375, 1400},
		{"phone-dark", "dark", 375, 1400},
	}
}

type screen struct {
	name, scheme  string
	width, height int64
}

// contrast is computed for all text that is shown, and for the colours of charts.
// Text over a picture or a gradient would need more; the page has neither.
const contrast = `(() => {
	const parse = (text) => (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
	const over = (top, below) => {
		const alpha = top[3] ?? 1;
		return [0, 1, 2].map((i) => top[i] * alpha + below[i] * (1 - alpha));
	};
	const background = (element) => {
		if (!element) return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
		const colour = parse(getComputedStyle(element).backgroundColor);
		return (colour[3] ?? 1) === 1 ? colour : over(colour, background(element.parentElement));
	};
	const luminance = (colour) => {
		const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ratio = (a, b) => {
		const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
		return (x + 0.05) / (y + 0.05);
	};
	const poor = [];
	const check = (element, colour, least, what) => {
		const back = background(element.closest("svg") ?? element);
		const got = ratio(over(parse(colour), back), back);
		if (got < least) poor.push(what + ": " + got.toFixed(2));
	};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let texts = 0;
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const element = node.parentElement;
		if (!node.data.trim() || element.closest("title, desc, script, style") || !element.checkVisibility()) continue;
		const style = getComputedStyle(element);
		check(element, element.closest("svg") ? style.fill : style.color, 4.5, node.data.trim().slice(0, 40));
		texts++;
	}
	for (const rect of document.querySelectorAll(".swatch rect, .bar .fill")) check(rect, getComputedStyle(rect).fill, 3, "colour " + rect.getAttribute("class"));
	if (texts < 100) poor.push("only " + texts + " texts were found");
	return poor;
})()`

// Light and dark, wide and narrow: nothing is cut off, and all of it can be read.
func TestBrowserCanBeRead(t *testing.T) {
	w := startWatched(t)
	w.importMonth(t)
	mustSend(t, w.to, users(0, 30))
	b := open(t, w.collector)
	for _, s := range screens() {
		for name, address := range map[string]string{
			"month": "?period=month", "today": "?period=today&of=endpoints", "week": "?period=week&by=model&show=tokens",
		} {
			b.show(s, address)
			if wide := ask[int64](b, `document.scrollingElement.scrollWidth`); wide > s.width {
				t.Errorf("%s, %s: %d pixels wide: %s", s.name, address, wide, ask[string](b, widest))
			}
			if poor := ask[[]string](b, contrast); len(poor) > 0 {
				t.Errorf("%s, %s: contrast is poor: %q", s.name, address, poor)
			}
			b.picture(s.name + "-" + name)
		}
	}
	b.alone()
}

// widest is the element that reaches farthest to the right.
const widest = `[...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll")).map((e) => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 80)]).sort((a, b) => b[0] - a[0])[0].join(": ")`

// Whoever has no mouse gets everywhere, and sees where.
func TestBrowserWithKeys(t *testing.T) {
	w := startWatched(t)
	w.send(t, "shop", 1)
	b := open(t, w.collector)
	b.do(chromedp.KeyEvent("\t"))
	if got := ask[string](b, `document.activeElement.className + getComputedStyle(document.activeElement).position`); got != "skipfixed" {
		t.Errorf("the first key leads to %q, want the link to the numbers, shown", got)
	}
	b.do(chromedp.KeyEvent("\r"))
	if got := ask[string](b, `document.activeElement.id`); got != "main" {
		t.Errorf("it leads to %q, want the numbers", got)
	}
	reached := map[string]bool{}
	for range 60 {
		b.do(chromedp.KeyEvent("\t"))
		at := ask[string](b, `(() => {
			const e = document.activeElement;
			return e === document.body ? "" : (e.id || e.textContent) + (getComputedStyle(e).outlineStyle === "none" ? " unseen" : "");
		})()`)
		if at == "" {
			break
		}
		reached[at] = true
	}
	for _, want := range []string{"group-providers-0", "group-endpoints-2", "show-requests", "usage-summary", "requests-summary", "models-scroll", "endpoints-scroll", "token", "Save", "Management API"} {
		if !reached[want] {
			t.Errorf("%s is not reached, or not seen: %v", want, reached)
		}
	}
}

// show loads an address on a screen.
func (b *browser) show(s screen, address string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.width < 600,
		})
		return err
	}))
	b.media("prefers-color-scheme", s.scheme)
	b.do(chromedp.Navigate(b.url + address))
}

// picture keeps a screenshot in the directory that USAGE_SCREENSHOTS names; it is what
// docs/images is made of.
func (b *browser) picture(name string) {
	b.t.Helper()
	directory := os.Getenv("USAGE_SCREENSHOTS")
	if directory == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, t, shots.CaptureScreenshot, shots.CaptureScreenshotParams{})
		return shot.Data, err
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, name+".png"), data, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// importMonth imports what a shop might have counted since the month began, and before.
func (w *watched) importMonth(t *testing.T) {
	t.Helper()
	document, err := json.Marshal(month(time.Now().UTC()))
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address(w.ports.manage)+"/v0/management/usage/import", bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Management-Key", pageToken)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", response.Status, body))
	}
	if err != nil {
		t.Fatalf("import: %v", err)
	}
}
