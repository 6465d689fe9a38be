package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// StatusClientClosedRequest is nginx's code for a caller that hung up; net/http has no name for it.
const StatusClientClosedRequest = 499

// StatusError is an HTTP failure, made by a handler or received from a peer.
type StatusError struct {
	Code    int
	Message string
}

// Errorf makes a StatusError.
func Errorf(code int, format string, args ...any) *StatusError {
	return &StatusError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// ErrorType is read by semconv.ErrorType: the status code is the low-cardinality name of the failure.
func (e *StatusError) ErrorType() string { return strconv.Itoa(e.Code) }

// Upstream turns a peer's failure into this service's answer: what the caller did wrong is passed on, what the
// peer did wrong becomes 502.
func Upstream(err error) error {
	var status *StatusError
	if errors.As(err, &status) && status.Code < http.StatusInternalServerError {
		return status
	}
	return fmt.Errorf("%w: %w", Errorf(http.StatusBadGateway, "upstream"), err)
}
