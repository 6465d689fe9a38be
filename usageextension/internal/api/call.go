package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

// call is one request.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	api *API
	// processor is the meter that was named, values are all other parameters.
	processor string
	values    url.Values
	// format is what rows are written as.
	format string
	body   []byte
}

// text is an answer that is no JSON.
type text struct {
	contentType string
	body        []byte
}

// serve answers a request that may be answered. The server's deadline to write counts from
// when the request began: a change that takes longer would be done without an answer.
func (a *API) serve(c *call, to route) {
	deadline := http.NewResponseController(c.w) // it stays, if a middleware hides it
	_ = deadline.SetWriteDeadline(time.Time{})
	answer, err := c.ask(to)
	if a.options.WriteTimeout > 0 {
		_ = deadline.SetWriteDeadline(a.options.Now().Add(a.options.WriteTimeout))
	}
	if err != nil {
		c.fail(err)
		return
	}
	switch answer := answer.(type) {
	case *spool:
		answer.send(c.w)
	case text:
		reply.Text(c.w, answer.contentType, answer.body)
	case json.RawMessage:
		reply.Text(c.w, reply.TypeJSON, answer)
	default:
		reply.JSON(c.w, http.StatusOK, answer)
	}
}

func (c *call) ask(to route) (any, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, failf(http.StatusBadRequest, "invalid query: %w", err)
	}
	c.values = values
	c.processor = values.Get(processorParameter)
	if to.changes() {
		if err := c.readBody(to.limit); err != nil {
			return nil, err
		}
	}
	return to.serve(c)
}

// fail answers with an error.
func (c *call) fail(err error) {
	status := codeOf(err)
	if status == http.StatusInternalServerError {
		c.api.options.Logger.Error("A management request has failed", zap.String("path", c.r.URL.Path), zap.Error(err))
	}
	if f := (*failure)(nil); errors.As(err, &f) && f.body != nil {
		reply.JSON(c.w, status, f.body)
		return
	}
	reply.Error(c.w, status, err.Error())
}

// codeOf is the status of an answer that is an error.
func codeOf(err error) int {
	f := (*failure)(nil)
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.Is(err, query.ErrInput), errors.Is(err, meter.ErrInput):
		return http.StatusBadRequest
	case errors.Is(err, meter.ErrNotKept):
		return http.StatusConflict
	case errors.Is(err, meter.ErrNoState):
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// ask asks one meter.
type ask func(c *call, m held) (any, error)

// each asks all meters, or the one that was named. With one answer that is it; several
// are labelled.
func each(f ask) func(*call) (any, error) {
	return func(c *call) (any, error) {
		list, err := c.api.engines.hold(c.processor)
		if err != nil {
			return nil, err
		}
		defer releaseAll(list)
		if len(list) == 1 {
			return f(c, list[0])
		}
		answers := make(map[string]any, len(list))
		for _, h := range list {
			if answers[h.name], err = f(c, h); err != nil {
				return nil, err
			}
		}
		return map[string]any{"processors": answers}, nil
	}
}

// one asks one meter: with several, it has to be named.
func one(f ask) func(*call) (any, error) {
	return func(c *call) (any, error) {
		list, err := c.api.engines.hold(c.processor)
		if err != nil {
			return nil, err
		}
		defer releaseAll(list)
		if len(list) > 1 {
			return nil, several(list)
		}
		return f(c, list[0])
	}
}

// rows asks for rows in one of some formats, the first of which is JSON. Those that are
// tables are of one meter: tables of several may have other columns.
func rows(f ask, formats ...string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var err error
		if c.format, err = c.choice("format", formats...); err != nil {
			return nil, err
		}
		switch c.format {
		case formatJSON:
			return each(f)(c)
		case formatFOCUS:
			return document(f)(c)
		default:
			return one(f)(c)
		}
	}
}

// document asks one meter for a document, which nobody else does meanwhile.
func document(f ask) func(*call) (any, error) {
	return func(c *call) (any, error) {
		gone := c.r.Context()
		select {
		case c.api.exporting <- struct{}{}:
			defer func() { <-c.api.exporting }()
		case <-gone.Done():
		}
		if err := gone.Err(); err != nil {
			return nil, failf(http.StatusServiceUnavailable, "the client has gone: %w", err)
		}
		return one(f)(c)
	}
}

func releaseAll(list []held) {
	for _, h := range list {
		h.release()
	}
}
