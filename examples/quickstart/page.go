package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/otelusage/usageprocessor/examples/quickstart/internal/tables"
	"github.com/otelusage/usageprocessor/examples/quickstart/internal/usagepage"
)

const (
	scrapeTimeout = 5 * time.Second
	maxPageBytes  = 64 << 20
)

// page is the Collector's Prometheus page.
type page struct {
	url  string
	http *http.Client
}

func newPage(url string) *page {
	return &page{url: url, http: &http.Client{Transport: &http.Transport{}, Timeout: scrapeTimeout}}
}

func (p *page) close() { p.http.CloseIdleConnections() }

// print shows a failed scrape in place of the tables: the next one may work.
func (p *page) print(ctx context.Context, out io.Writer, now time.Time) {
	fmt.Fprintf(out, "\n===== %s =====\n", now.Format(time.TimeOnly))
	usage, err := p.scrape(ctx)
	if err == nil {
		err = tables.Write(out, usage)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(out, "no numbers this time:", err)
	}
}

func (p *page) scrape(ctx context.Context) (usagepage.Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, http.NoBody)
	if err != nil {
		return usagepage.Page{}, fmt.Errorf("build request: %w", err)
	}
	// Asks for the classic text format, in which names are written without quotes.
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := p.http.Do(req)
	if err != nil {
		return usagepage.Page{}, fmt.Errorf("scrape: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return usagepage.Page{}, fmt.Errorf("scrape %s: %s", p.url, resp.Status)
	}
	return usagepage.Parse(io.LimitReader(resp.Body, maxPageBytes))
}
