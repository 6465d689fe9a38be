package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/api"
	"github.com/otelusage/usageprocessor/internal/query"
)

// Code is what the program ends with; scripts rely on it (docs/usagectl.md).
type Code int

const (
	// Done says that everything was done, and found to be right.
	Done Code = 0
	// Damaged says that verify has found damage.
	Damaged Code = 1
	// Misused says that the command line, or what it names, makes no sense.
	Misused Code = 2
	// Unreachable says that the collector does not answer, or that the state
	// directory cannot be opened.
	Unreachable Code = 3
	// Failed says that the collector refused, or that something else went wrong.
	Failed Code = 4
	// Interrupted says that the user ended it.
	Interrupted Code = 130
)

// errDamaged says that damage was found; what it is has been written already.
var errDamaged = errors.New("the state directory is damaged")

// usageError is about the command line.
type usageError struct{ err error }

func misused(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// openError says that a state directory cannot be opened.
type openError struct{ err error }

func (e *openError) Error() string { return e.err.Error() }

func (e *openError) Unwrap() error { return e.err }

// codeOf returns what the program ends with after an error, or none.
func codeOf(ctx context.Context, err error) Code {
	var (
		usage   *usageError
		open    *openError
		address *api.AddressError
		away    *api.UnreachableError
		status  *api.StatusError
	)
	switch {
	case err == nil:
		return Done
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &usage), errors.As(err, &address), errors.Is(err, query.ErrInput):
		return Misused
	case errors.As(err, &away), errors.As(err, &open):
		return Unreachable
	case errors.As(err, &status) && status.Code == http.StatusBadRequest:
		return Misused
	case errors.Is(err, errDamaged):
		return Damaged
	default:
		return Failed
	}
}

// messageOf is what is said of an error.
func messageOf(code Code, err error) string {
	switch code {
	case Done, Damaged:
		return ""
	case Interrupted:
		return "interrupted"
	case Misused:
		return err.Error() + " (see `usagectl help`)"
	default:
		return err.Error()
	}
}
