package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// routes is what the paths of all routes begin with.
	routes = "v0/management"
	// maxAnswer bounds an answer that is decoded in memory, in bytes.
	maxAnswer = 1 << 30
)

// Options say where the API is and what it is told about us.
type Options struct {
	// URL is that of the extension, such as http://localhost:8688.
	URL string
	// Token allows changes; empty: none.
	Token string
	// Authorization is the header of that name, for a collector with an `auth` of its
	// own; empty: none.
	Authorization string
	// CAFile is a PEM file of the certificates to trust; empty: those of the system.
	CAFile string
	// Timeout bounds how long nothing comes: until the answer begins, and within it.
	Timeout time.Duration
	// Agent is the name of the program and its version.
	Agent string
}

// Client talks to the API of one collector.
type Client struct {
	base    *url.URL
	http    *http.Client
	header  http.Header
	timeout time.Duration
}

// New returns a client; nothing is sent yet.
func New(o *Options) (*Client, error) {
	base, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(o.CAFile)
	if err != nil {
		return nil, err
	}
	header := http.Header{"User-Agent": {o.Agent}}
	if o.Token != "" {
		// Not as a bearer: `Authorization` is for the collector's `auth`.
		header.Set("X-Management-Key", o.Token)
	}
	if o.Authorization != "" {
		header.Set("Authorization", o.Authorization)
	}
	return &Client{
		base: base, header: header, timeout: o.Timeout,
		// A redirect would take the token to wherever it leads.
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// parse checks the address of an API.
func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		// Its text repeats the address, which may have a password in it.
		return nil, &AddressError{Reason: "it is not a URL"}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, &AddressError{Address: u.Redacted(), Reason: "it must begin with http:// or https:// and a host"}
	case u.User != nil:
		return nil, &AddressError{Address: u.Redacted(), Reason: "a name and a password belong into USAGE_AUTHORIZATION"}
	case u.RawQuery != "" || u.Fragment != "":
		return nil, &AddressError{Address: u.Redacted(), Reason: "nothing may follow the path"}
	}
	return u, nil
}

// Get asks for a route, such as `usage/series`. The caller closes the answer.
func (c *Client) Get(ctx context.Context, route string, parameters url.Values) (io.ReadCloser, error) {
	return c.do(ctx, http.MethodGet, route, parameters, nil, "")
}

// Post sends a body, or nil, to a route. The caller closes the answer.
func (c *Client) Post(ctx context.Context, route string, parameters url.Values, body io.Reader, contentType string) (io.ReadCloser, error) {
	return c.do(ctx, http.MethodPost, route, parameters, body, contentType)
}

// GetJSON decodes what a route answers.
func (c *Client) GetJSON(ctx context.Context, route string, parameters url.Values, into any) error {
	answer, err := c.Get(ctx, route, parameters)
	if err != nil {
		return err
	}
	return decode(route, answer, into)
}

// PostJSON decodes what a route answers to a body, or to none.
func (c *Client) PostJSON(ctx context.Context, route string, parameters url.Values, body io.Reader, into any) error {
	answer, err := c.Post(ctx, route, parameters, body, "application/json")
	if err != nil {
		return err
	}
	return decode(route, answer, into)
}

func decode(route string, answer io.ReadCloser, into any) error {
	err := json.NewDecoder(io.LimitReader(answer, maxAnswer)).Decode(into)
	if err != nil {
		err = fmt.Errorf("answer of `%s`: %w", route, err)
	}
	return errors.Join(err, answer.Close())
}

func (c *Client) do(ctx context.Context, method, route string, parameters url.Values, body io.Reader, contentType string) (io.ReadCloser, error) {
	target := c.base.JoinPath(routes, route)
	target.RawQuery = parameters.Encode()
	p := newPatience(ctx, c.timeout)
	if body != nil {
		body = &sent{Reader: body, patience: p}
	}
	request, err := http.NewRequestWithContext(p.ctx, method, target.String(), body)
	if err != nil {
		p.end()
		return nil, err
	}
	request.Header = c.header.Clone()
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request) //nolint:bodyclose // the answer does that
	if err != nil {
		defer p.end()
		return nil, c.unreachable(p.explain(err))
	}
	answer := &received{client: c, body: response.Body, patience: p}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(refusal(route, response, answer), answer.Close())
	}
	return answer, nil
}
