package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxErrorText bounds what is quoted of an answer that is no success, in bytes.
const maxErrorText = 4 << 10

// AddressError says that an address is none of an API.
type AddressError struct{ Address, Reason string }

func (e *AddressError) Error() string { return fmt.Sprintf("`--url %s`: %s", e.Address, e.Reason) }

// UnreachableError says that there was no answer.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cannot reach the collector at %s: %v", e.Address, e.Err)
}

// Unwrap returns why.
func (e *UnreachableError) Unwrap() error { return e.Err }

// StatusError is an answer that is no success.
type StatusError struct {
	Route string
	Code  int
	// Text is what the collector says.
	Text string
}

func (e *StatusError) Error() string {
	status := fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))
	if e.Text == "" {
		return fmt.Sprintf("the collector answers `%s` with %s", e.Route, status)
	}
	return fmt.Sprintf("%s (%s)", e.Text, status)
}

// unreachable says whom an error of the transport is about, once.
func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &UnreachableError{Address: c.base.String(), Err: err}
}

// refusal reads what an answer that is no success says.
func refusal(route string, response *http.Response, body io.Reader) error {
	// What cannot be read is not said.
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorText))
	var answer struct{ Error string }
	if json.Unmarshal(text, &answer) != nil || answer.Error == "" {
		answer.Error = strings.TrimSpace(string(text))
	}
	if to := response.Header.Get("Location"); to != "" {
		answer.Error = fmt.Sprintf("`--url` leads to %s, which is not followed", to)
	}
	return &StatusError{Route: route, Code: response.StatusCode, Text: answer.Error}
}
