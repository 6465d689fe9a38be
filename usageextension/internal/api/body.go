package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds the bodies of everything but imports.
const maxBody = 1 << 20

// object is the body of a change: a JSON object whose keys are taken out one by one, so
// that an unknown one is noticed.
type object map[string]json.RawMessage

var errBody = failf(http.StatusBadRequest, "invalid body")

// object is the body of a request.
func (c *call) object() (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errBody
	}
	o := object{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, errBody
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errBody
		}
		name := key.(string) // what else stands there is no JSON
		if _, twice := o[name]; twice {
			return nil, failf(http.StatusBadRequest, "`%s` is there twice", name)
		}
		o[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errBody
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody
	}
	return o, nil
}

// take moves a key's value to where it belongs; a key that is not there leaves nil.
// JSON's null is no value.
func take[T any](o object, key, what string, to **T) error {
	raw, ok := o[key]
	if !ok {
		return nil
	}
	delete(o, key)
	var value *T
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return failf(http.StatusBadRequest, "`%s` is not %s", key, what)
	}
	*to = value
	return nil
}

// rest refuses keys that nobody has taken.
func (o object) rest(accepted string) error {
	for key := range o {
		return failf(http.StatusBadRequest, "unknown key %s: %s", fmt.Sprintf("%q", key), accepted)
	}
	return nil
}

// nothing wants a body that says nothing.
func (c *call) nothing() error {
	switch string(bytes.TrimSpace(c.body)) {
	case "", "{}":
		return nil
	default:
		return errBody
	}
}

// readBody reads a body before any meter is held: clients may be slow.
func (c *call) readBody(limit int64) error {
	body := io.Reader(c.r.Body)
	tooLarge := "the body is larger than `max_request_body_size`"
	if limit > 0 {
		body = http.MaxBytesReader(c.w, c.r.Body, limit)
		tooLarge = fmt.Sprintf("the body is larger than %d bytes", limit)
	}
	var err error
	if c.body, err = io.ReadAll(body); err == nil {
		return nil
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return failf(http.StatusRequestEntityTooLarge, "%s", tooLarge)
	}
	return failf(http.StatusBadRequest, "failed to read request body")
}
