package api

import (
	"bytes"

	"github.com/otelusage/usageprocessor/usageextension/internal/page"
)

// pageOf is the web page. It is there also while no processor runs, to be reloaded.
func pageOf(c *call) (any, error) {
	d, err := c.collect()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := c.api.page.Render(&b, d); err != nil {
		return nil, err
	}
	c.w.Header().Set("Content-Security-Policy", c.api.page.Policy())
	return text{"text/html; charset=utf-8", b.Bytes()}, nil
}

func (c *call) collect() (*page.Data, error) {
	list := c.api.engines.all()
	defer releaseAll(list)
	meters := make([]page.Meter, 0, len(list))
	for _, h := range list {
		meters = append(meters, page.Meter{ID: h.name, Source: h.View(), Status: h.Status(), Budgets: h.Budgets()})
	}
	return page.Collect(page.Request{Meters: meters, Parameters: c.values, CanSave: c.api.options.Guard.CanChange()})
}
